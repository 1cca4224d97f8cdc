"""The Collector: its configuration, its process, and what it has received."""

import json
import signal

from process import Failure, Process, accepts, free_port, wait_until

SIGNALS = ["logs", "metrics", "traces"]


class Collector:
    """A Collector that can be started several times; each time it writes files of its own.

    `both`, `grpc` and `http` are settings of the receiver's protocols, `extensions` what they need, and `forward` further
    exporters by name, for each signal.
    """

    def __init__(self, binary, directory, both=None, grpc=None, http=None, extensions=None, forward=None):
        self.binary = binary
        self.directory = directory
        self.protocols = {"grpc": (both or {}) | (grpc or {}), "http": (both or {}) | (http or {})}
        self.extensions = extensions or {}
        self.forward = forward or {}
        self.ports = {"grpc": free_port(), "http": free_port()}
        self.page_port = free_port()
        self.starts = 0
        self.process = None

    def configuration(self, limit_mib):
        """The configuration of the next start."""
        protocols = {
            name: settings | {"endpoint": f"127.0.0.1:{self.ports[name]}"} for name, settings in self.protocols.items()
        }
        exporters = {
            "debug": {"verbosity": "basic"},
            "prometheus": {"endpoint": f"127.0.0.1:{self.page_port}"},
        }
        pipelines = {}
        for name in SIGNALS:
            # Without rotation the exporter buffers what it writes, and a kill would lose what it has accepted.
            path = str(self.directory / f"{name}.{self.starts}.jsonl")
            exporters[f"file/{name}"] = {"path": path, "rotation": {"max_megabytes": 10000}}
            pipelines[name] = {
                "receivers": ["otlp"],
                "processors": ["memory_limiter"],
                "exporters": [f"file/{name}", "debug"],
            }
        pipelines["metrics"]["exporters"].append("prometheus")
        for name, further in self.forward.items():
            exporters |= further
            pipelines[name]["exporters"] += further
        return {
            "receivers": {"otlp": {"protocols": protocols}},
            "processors": {"memory_limiter": {"check_interval": "100ms", "limit_mib": limit_mib}},
            "exporters": exporters,
            "extensions": self.extensions,
            "service": {
                "extensions": list(self.extensions),
                "telemetry": {"metrics": {"level": "none"}},
                "pipelines": pipelines,
            },
        }

    def start(self, limit_mib=2000):
        """Starts it, and waits until it accepts connections."""
        self.starts += 1
        path = self.directory / "otelcol.yaml"
        path.write_text(json.dumps(self.configuration(limit_mib), indent=2))
        self.process = Process([self.binary, "--config", path], self.directory / f"otelcol.{self.starts}.log")

        def is_ready():
            if not self.process.is_running():
                raise Failure(f"the Collector ended: {self.process.text()[-500:]}")
            return all(accepts(port) for port in self.ports.values())

        wait_until("the Collector accepts connections", is_ready)

    def kill(self):
        """Kills it at once."""
        self.process.end(signal.SIGKILL)

    def end(self):
        """Ends it in order, if it runs."""
        if self.process:
            self.process.end()

    def requests(self, name):
        """The requests of a signal that it has written, in their order."""
        for start in range(1, self.starts + 1):
            path = self.directory / f"{name}.{start}.jsonl"
            if not path.exists():
                continue
            for line in path.read_bytes().splitlines(keepends=True):
                # A kill can cut the last line.
                if line.endswith(b"\n"):
                    yield json.loads(line)

    def has_requests(self):
        """Whether it has written log records since its start."""
        path = self.directory / f"logs.{self.starts}.jsonl"
        return path.exists() and path.stat().st_size > 0

    def uids(self):
        """For each request with log records, their unique ids."""
        for request in self.requests("logs"):
            yield [uid(record) for record in contents(request, "resourceLogs", "scopeLogs", "logRecords")]

    def spans(self):
        """The spans that it has written."""
        for request in self.requests("traces"):
            yield from contents(request, "resourceSpans", "scopeSpans", "spans")


def contents(request, resources, scopes, items):
    """What is in a request."""
    return [
        item
        for resource in request[resources]
        for scope in resource[scopes]
        for item in scope[items]
    ]


def uid(record):
    """The attribute `log.record.uid` of a record."""
    return next(
        attribute["value"]["stringValue"]
        for attribute in record["attributes"]
        if attribute["key"] == "log.record.uid"
    )
