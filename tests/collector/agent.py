"""tidegate, and the simulated Cilium agent in front of it."""

import json
import signal
import urllib.request

import pages
from process import Process, free_port, wait_until

CONFIGURATION = """\
[receivers.monitor1_2]
socket = {socket}
reconnect.max = "1s"
queue.when_full = "block"

[processors.cilium_decode]
[processors.l34_flow]
[processors.dns_flow]
[processors.http_flow]
[processors.l7_flow]
[processors.cilium_enrich]
[processors.hubble_metrics]
metrics = ["drop", "tcp", "flow", "dns:query", "httpV2"]

[exporters.otlp]
{otlp}

[exporters.file]
path = {reference}
signals = ["flows"]
rotation.enabled = false
queue.when_full = "block"

[exporters.prometheus]
listen = "127.0.0.1:{page_port}"

[service]
node_name = "node-a"
log = "info,tidegate_exporters=debug"

[service.telemetry]
listen = "127.0.0.1:{telemetry_port}"

[service.pipelines.flows]
receivers = ["monitor1_2"]
processors = ["cilium_decode", "l34_flow", "dns_flow", "http_flow", "l7_flow", "cilium_enrich", "hubble_metrics"]
exporters = ["otlp", "file", "prometheus"]
"""

# What every scenario has in common: nothing is dropped for lack of room, and retries come soon.
DEFAULTS = {
    "signals": ["flows"],
    "queue.when_full": "block",
    "queue.requests": "64MiB",
    "batch.timeout": "200ms",
    "metrics_interval": "500ms",
    "retry_on_failure.initial_interval": "100ms",
    "retry_on_failure.max_interval": "500ms",
}


class Agent:
    """tidegate with a simulated stream of a number of events; it can be started several times.

    `mix` is that of `tidegate simulate`.
    """

    def __init__(self, binary, directory, otlp, events, rate, mix="default"):
        self.mix = mix
        self.binary = binary
        self.directory = directory
        self.events = events
        self.rate = rate
        self.telemetry_port = free_port()
        self.page_port = free_port()
        self.socket = directory / "monitor1_2.sock"
        self.reference = directory / "reference.jsonl"
        self.settings = DEFAULTS | otlp
        self.starts = 0
        self.process = None
        self.simulator = None

    def simulate(self):
        """Starts the simulated Cilium agent."""
        arguments = ["simulate", "--listen", self.socket, "--events", str(self.events)]
        arguments += ["--rate", str(self.rate), "--mix", self.mix, "--seed", "7", "--once"]
        self.simulator = Process([self.binary, *arguments], self.directory / "simulate.log")
        wait_until("the simulated agent listens", self.socket.exists)

    def start(self):
        """Starts tidegate."""
        self.starts += 1
        path = self.directory / "pipeline.toml"
        path.write_text(
            CONFIGURATION.format(
                socket=json.dumps(str(self.socket)),
                reference=json.dumps(str(self.reference)),
                otlp="\n".join(f"{key} = {json.dumps(value)}" for key, value in self.settings.items()),
                page_port=self.page_port,
                telemetry_port=self.telemetry_port,
            )
        )
        arguments = [self.binary, "run", "--config", path, "--ledger", self.ledger_path()]
        self.process = Process(arguments, self.directory / f"tidegate.{self.starts}.log")

    def ledger_path(self):
        """Where the current start writes its ledger."""
        return self.directory / f"ledger.{self.starts}.json"

    def get(self, path, port=None):
        """The answer to a request to one of its listeners; empty if there is none."""
        try:
            url = f"http://127.0.0.1:{port or self.telemetry_port}{path}"
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def attempts(self, outcome):
        """The number of attempts to deliver a request that had an outcome."""
        samples = pages.samples(self.get("/metrics"))
        return sum(
            value
            for (name, labels), value in samples.items()
            if name == "tidegate_otlp_requests_total" and ("outcome", outcome) in labels
        )

    def stages(self):
        """The stages of the current ledger, by name."""
        answer = self.get("/debug/ledger")
        return {stage["stage"]: stage for stage in json.loads(answer)["stages"]} if answer else {}

    def has_read_all(self):
        """Whether all events have been read, and are in exporters."""
        stages = self.stages()
        return (
            stages.get("receivers.monitor1_2", {}).get("in") == self.events
            and all(stage["in_flight"] == 0 for name, stage in stages.items() if name != "exporters.otlp")
        )

    def has_delivered_all(self):
        """Whether all events have been read, and nothing is left in an exporter."""
        return self.has_read_all() and self.stages()["exporters.otlp"]["in_flight"] == 0

    def end(self):
        """Ends it in order, and returns the final ledger's stages by name."""
        self.process.end(signal.SIGTERM)
        stages = json.loads(self.ledger_path().read_text())["stages"]
        return {stage["stage"]: stage for stage in stages}

    def kill(self):
        """Kills it at once."""
        self.process.end(signal.SIGKILL)

    def flows(self):
        """The flows that it has seen, by their unique ids."""
        flows = {}
        for line in self.reference.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n"):
                flow = json.loads(line)["flow"]
                flows[flow["uuid"]] = flow
        return flows
