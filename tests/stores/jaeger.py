"""Jaeger 2."""

import json

import trace_tree
from process import Failure, accepts, free_port, wait_until
from store import Store

# How long spans may take to be visible, in seconds.
VISIBLE = 30

KINDS = {"SPAN_KIND_SERVER": trace_tree.SERVER, "SPAN_KIND_CLIENT": trace_tree.CLIENT}


class Jaeger(Store):
    """Receives spans over gRPC."""

    name = "jaeger"
    signals = ["traces"]
    mix = "traces"

    def __init__(self, binary, directory):
        super().__init__(binary, directory)
        self.grpc = free_port()
        self.http = free_port()

    def arguments(self):
        path = self.directory / "jaeger.json"
        path.write_text(json.dumps(self.configuration(), indent=2))
        return ["--config", path]

    def configuration(self):
        """The configuration of a single process that keeps spans in memory."""
        protocols = {name: {"endpoint": f"127.0.0.1:{getattr(self, name)}"} for name in ["grpc", "http"]}
        return {
            "service": {
                "extensions": ["jaeger_storage", "jaeger_query"],
                "telemetry": {"metrics": {"level": "none"}},
                "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}},
            },
            "extensions": {
                "jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": 100000}}}},
                "jaeger_query": {
                    "storage": {"traces": "memory"},
                    "http": {"endpoint": f"127.0.0.1:{self.port}"},
                    "grpc": {"endpoint": f"127.0.0.1:{free_port()}"},
                },
            },
            "receivers": {"otlp": {"protocols": protocols}},
            "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}},
        }

    def endpoint(self):
        return f"http://127.0.0.1:{self.grpc}"

    def exporter(self):
        return {"otlp": {"endpoint": f"127.0.0.1:{self.grpc}", "tls": {"insecure": True}}}

    def is_ready(self):
        return accepts(self.grpc) and accepts(self.http) and bool(self.get("/api/services"))

    def spans(self, trace_id):
        """The spans of a trace: (trace id, parent's id, kind) by id."""
        trace = self.get_json(f"/api/v3/traces/{trace_id}")["result"]
        return {
            span["spanId"]: (span["traceId"], span.get("parentSpanId"), KINDS.get(span["kind"], span["kind"]))
            for resource in trace["resourceSpans"]
            for scope in resource["scopeSpans"]
            for span in scope["spans"]
        }

    def check(self, run):
        due = trace_tree.expected(run.flows)
        trace_id = trace_tree.complete(due)[0]
        _, root, _ = next(span for span in due.values() if span[0] == trace_id)
        trace_tree.send_root(f"http://127.0.0.1:{self.http}/v1/traces", trace_id, root)

        def is_visible():
            found = {}
            for one in {span[0] for span in due.values()}:
                found |= self.spans(one)
            run.result.records = len(due)
            run.result.found = len(found) - (root in found)
            found.pop(root, None)
            return found == due

        try:
            wait_until("the spans are those of the requests", is_visible, VISIBLE)
        except Failure as failure:
            run.result.faults.append(str(failure))
        below = trace_tree.children(self.spans(trace_id), root)
        run.result.expect(below == [trace_tree.SERVER, trace_tree.CLIENT], f"below the root are {below}")
        services = sorted(self.get_json("/api/services")["data"])
        run.result.expect({"frontend", "tidegate"} <= set(services), f"the services are {services}")
        run.result.notes.append(f"{len(trace_tree.complete(due))} trees")
