"""The trees that the spans of simulated traces have to form."""

import json
import urllib.request

# `Span.SpanKind` of OTLP.
SERVER = 2
CLIENT = 3


def parents(flows):
    """The span that sent the requests of each trace, from the header of the requests."""
    found = {}
    for flow in flows.values():
        for header in flow.get("l7", {}).get("http", {}).get("headers", []):
            if header["key"].lower() == "traceparent":
                _, trace_id, parent_id, _ = header["value"].split("-")
                found[trace_id] = parent_id
    return found


def expected(flows):
    """The spans of the flows that are part of a trace: (trace id, parent's id, kind) by the span's id."""
    parent_of = parents(flows)
    spans = {}
    for uuid, flow in flows.items():
        trace_id = flow.get("trace_context", {}).get("parent", {}).get("trace_id")
        if flow.get("l7", {}).get("type") == "RESPONSE" and trace_id:
            kind = SERVER if flow["traffic_direction"] == "INGRESS" else CLIENT
            spans[uuid.replace("-", "")[16:]] = (trace_id, parent_of[trace_id], kind)
    return spans


def complete(spans):
    """The ids of the traces with a SERVER and a CLIENT span."""
    kinds = {}
    for trace_id, _, kind in spans.values():
        kinds.setdefault(trace_id, []).append(kind)
    return [trace_id for trace_id, found in kinds.items() if sorted(found) == [SERVER, CLIENT]]


def children(spans, parent):
    """The kinds of the spans below a parent."""
    return sorted(kind for _, parent_id, kind in spans.values() if parent_id == parent)


def send_root(url, trace_id, span_id):
    """Sends the span of the application that sent the requests of a trace, as its SDK does."""
    attribute = {"key": "service.name", "value": {"stringValue": "frontend"}}
    span = {
        "traceId": trace_id,
        "spanId": span_id,
        "name": "GET /",
        "kind": CLIENT,
        "startTimeUnixNano": "1772323200000000000",
        "endTimeUnixNano": "1772323201000000000",
    }
    resource = {"resource": {"attributes": [attribute]}, "scopeSpans": [{"spans": [span]}]}
    body = json.dumps({"resourceSpans": [resource]}).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()
