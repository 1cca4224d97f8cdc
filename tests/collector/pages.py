"""Pages of Prometheus' text format."""

import re

SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')

# What the Collector adds: the resource and the scope as labels, and metrics about them.
ADDED = re.compile(r"^(job|instance|otel_scope_.*)$")
ADDED_METRICS = {"target_info", "otel_scope_info"}

# Metrics about requests for tidegate's page itself.
OF_THE_PAGE = "hubble_metrics_http_handler_"


def samples(page):
    """The samples of a page, by name and labels. A label without a value is none, as in Prometheus."""
    found = {}
    for line in page.splitlines():
        sample = SAMPLE.match(line)
        if sample and sample[1] not in ADDED_METRICS and not sample[1].startswith(OF_THE_PAGE):
            labels = frozenset(
                (name, value if name != "le" else str(float(value)))
                for name, value in LABEL.findall(sample[2] or "")
                if value and not ADDED.match(name)
            )
            found[sample[1], labels] = float(sample[3])
    return found


def differences(ours, theirs):
    """Lines about samples that are not equal on two pages."""
    ours = samples(ours)
    theirs = samples(theirs)
    return [
        f"{name}{sorted(labels)}: {ours.get((name, labels))} and {theirs.get((name, labels))}"
        for name, labels in sorted(ours.keys() | theirs.keys(), key=str)
        if ours.get((name, labels)) != theirs.get((name, labels))
    ]
