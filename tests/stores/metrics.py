"""What stores of metrics have to answer."""

import pages
from process import Failure, wait_until

# The metrics that are compared.
SELECTOR = '{__name__=~"hubble_.+"}'

# How long samples may take to be visible, in seconds.
VISIBLE = 60


def samples(store, path="/api/v1/query"):
    """The newest samples that a store with Prometheus' API has, in the form of `pages.samples`."""
    found = {}
    for series in store.get_json(path, query=SELECTOR)["data"]["result"]:
        labels = dict(series["metric"])
        name = labels.pop("__name__")
        own = frozenset(
            (label, str(float(value)) if label == "le" else value)
            for label, value in labels.items()
            if value and not store.is_added(label)
        )
        found[name, own] = float(series["value"][1])
    return found


def differences(run, store):
    """Lines about samples that are not those of tidegate's page."""
    ours = {
        sample: value
        for sample, value in run.page.items()
        if sample[0].startswith("hubble_") and sample not in store.absent(run.page)
    }
    theirs = samples(store)
    run.result.found = len(theirs)
    run.result.records = len(ours)
    return [
        f"{name}{sorted(labels)}: {ours.get((name, labels))} and {theirs.get((name, labels))}"
        for name, labels in sorted(ours.keys() | theirs.keys(), key=str)
        if ours.get((name, labels)) != theirs.get((name, labels))
    ]


def check(run, store):
    """Checks that a store has the samples of tidegate's page, and no others."""
    try:
        wait_until("the samples are equal", lambda: not differences(run, store), VISIBLE)
    except Failure as failure:
        found = differences(run, store)
        run.result.faults.append(f"{failure}: {len(found)} samples, such as {found[:3]}")
    total = sum(value for (name, _), value in run.page.items() if name == "hubble_flows_processed_total")
    run.result.expect(total > 0, "no flows are counted")
    run.result.notes.append(f"hubble_flows_processed_total is {total:.0f}")
