"""Scenarios without faults: each protocol with each compression, for logs, metrics and spans."""

import time

import pages
import trace_tree
from process import Failure, wait_until
from scenario import scenarios

SIGNALS = ["flows", "metrics", "traces"]


def differences(world):
    """Differences between the pages of metrics of tidegate and of the Collector."""
    ours = world.agent.get("/metrics", world.agent.page_port)
    theirs = world.agent.get("/metrics", world.collector.page_port)
    return pages.differences(ours, theirs)


def settled_page(world):
    """tidegate's page of metrics, once it does not change for three intervals of `hubble_metrics`."""
    page = None
    for _ in range(40):
        before, page = page, pages.samples(world.agent.get("/metrics", world.agent.page_port))
        if page and page == before:
            return page
        time.sleep(1.5)
    raise Failure("tidegate's page of metrics does not settle")


def wait_for_equal_pages(world):
    """Waits until the Collector's page of metrics is tidegate's, and returns its samples."""
    page = settled_page(world)
    try:
        wait_until("the pages of metrics are equal", lambda: not differences(world), patience=20)
    except Failure as failure:
        found = differences(world)
        raise Failure(f"{failure}: {len(found)} samples, such as {found[:3]}") from None
    return page


def check_spans(world, result, others):
    """Each span belongs to a response, and each HTTP response with a latency has one. `others` are ids of spans that
    tidegate did not make."""
    responses = {}
    for uuid, flow in world.agent.flows().items():
        if flow.get("l7", {}).get("type") == "RESPONSE":
            responses[uuid.replace("-", "")[16:]] = flow
    spans = [span["spanId"] for span in world.collector.spans() if span["spanId"] not in others]
    due = {
        span
        for span, flow in responses.items()
        if "http" in flow["l7"] and int(flow["l7"].get("latency_ns", 0)) > 0
    }
    result.expect(due, "no response has a latency")
    result.expect(len(set(spans)) == len(spans), "a span arrived twice")
    result.expect(set(spans) <= responses.keys(), "a span belongs to no response")
    result.expect(due <= set(spans), f"{len(due - set(spans))} responses have no span")
    result.notes.append(f"{len(spans)} spans")
    return len(spans)


def check_all_signals(world, others=()):
    """Waits for the metrics of the end, and reconciles logs, metrics and spans."""
    wait_until("all events are read", world.agent.has_read_all)
    page = wait_for_equal_pages(world)
    world.deliver()
    spans = world.ledgers[-1]["exporters.otlp"]["created"]
    points = world.ledgers[-1]["processors.hubble_metrics"]["created"]
    result = world.reconcile(others=spans + points)
    result.expect_all_delivered()
    result.expect(check_spans(world, result, others) == spans, f"the ledger has {spans} spans")
    result.notes.append(f"{len(page)} equal samples")
    return result


def plain(world, transport):
    """Logs, metrics and spans of a run without faults."""
    world.start(transport, rate=0, signals=SIGNALS)
    return check_all_signals(world)


def trace_trees(world, transport):
    """In the Collector's file, the spans of both sides of a request are below that of the application."""
    world.start(transport, rate=0, mix="traces", signals=SIGNALS)
    wait_until("all events are read", world.agent.has_read_all)
    due = trace_tree.expected(world.agent.flows())
    trace_id = trace_tree.complete(due)[0]
    _, root, _ = next(span for span in due.values() if span[0] == trace_id)
    trace_tree.send_root(f"http://127.0.0.1:{world.collector.ports['http']}/v1/traces", trace_id, root)
    result = check_all_signals(world, others=[root])
    spans = {
        span["spanId"]: (span["traceId"], span.get("parentSpanId"), span["kind"])
        for span in world.collector.spans()
    }
    result.expect({root: spans.get(root)} | due == spans, "the spans are not those of the requests")
    below = trace_tree.children(spans, root)
    result.expect(below == [trace_tree.SERVER, trace_tree.CLIENT], f"below the root are {below}")
    result.notes.append(f"{len(trace_tree.complete(due))} trees")
    return result


SCENARIOS = [*scenarios(plain), *scenarios(trace_trees)]
