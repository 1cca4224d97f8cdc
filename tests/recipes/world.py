"""What a scenario runs in: simulated nodes with tidegate, Collectors with the files of a recipe, and a backend."""

import glob
import json
import os
import re

from process import Process, free_port, listens, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
RECIPES = os.path.join(HERE, "../../deploy/examples")


class World:
    """The processes of one scenario, in a directory of their own."""

    def __init__(self, options, directory):
        self.options = options
        self.directory = directory
        self.processes = []
        self.nodes = []

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        return self.path(name)

    def process(self, name, arguments, environment=None):
        process = Process(self.directory, name, arguments, environment)
        self.processes.append(process)
        return process

    def backend(self, name="backend"):
        """A Collector that writes the records of logs to a file; gives its port."""
        port = free_port()
        config = self.write(
            f"{name}.yaml",
            f"""
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:{port}"}}}}}}}}
exporters:
  file: {{path: "{self.path(name)}.json", rotation: {{max_megabytes: 10000}}}}
  nop: {{}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    logs: {{receivers: [otlp], exporters: [file]}}
    metrics: {{receivers: [otlp], exporters: [nop]}}
    traces: {{receivers: [otlp], exporters: [nop]}}
""",
        )
        process = self.process(name, [self.options.otelcol, f"--config={config}"])
        wait_until(lambda: listens(port), f"{name} listens")
        return process, port

    def collector(self, name, recipe, overlay="", environment=None):
        """A Collector with a recipe's file, and what has to be another one on a single machine."""
        port = free_port()
        configs = [os.path.join(RECIPES, recipe)]
        overlay += "\nservice: {telemetry: {metrics: {level: none}}}\n" if "service:" not in overlay else ""
        configs.append(self.write(f"{name}-overlay.yaml", overlay))
        own = {
            "OTLP_LISTEN": f"127.0.0.1:{port}",
            "HEALTH_LISTEN": f"127.0.0.1:{free_port()}",
            "QUEUE_DIRECTORY": self.path(f"{name}-queue"),
        }
        arguments = [self.options.otelcol, *(f"--config={config}" for config in configs)]
        process = self.process(name, arguments, {**own, **(environment or {})})
        if "otlp:" in open(configs[0]).read().split("processors:")[0]:
            wait_until(lambda: listens(port), f"{name} listens")
        return process, port

    def node(self, number, recipe, port):
        """A simulated Cilium agent, and tidegate with a recipe's pipeline."""
        name = f"node-{number}"
        monitor = self.path(f"{name}.sock")
        api = self.path(f"{name}-api.sock")
        events = ["--events", str(self.options.events), "--rate", str(self.options.rate), "--seed", str(number)]
        sockets = ["--listen", monitor, "--api-socket", api, "--once"]
        simulator = self.process(f"{name}-cilium", [self.options.tidegate, "simulate", *sockets, *events])
        wait_until(lambda: os.path.exists(monitor), f"{monitor} exists")
        environment = {
            "CILIUM_MONITOR_SOCK": monitor,
            "CILIUM_SOCK": api,
            "NODE_NAME": name,
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "TIDEGATE_TELEMETRY_LISTEN": "127.0.0.1:0",
        }
        with open(os.path.join(RECIPES, recipe)) as file:
            # Flows alone, so that the ledger's count is that of log records.
            text = re.sub(r"(?m)^signals = .*$", 'signals = ["flows"]', file.read())
        config = self.write(f"{name}.toml", text)
        ledger = self.path(f"{name}-ledger.json")
        arguments = [self.options.tidegate, "run", "-c", config, "--ledger", ledger]
        agent = self.process(name, arguments, environment)
        self.nodes.append((simulator, agent, ledger))

    def finish_nodes(self):
        """Waits for the ends of the streams, and stops each tidegate; gives the sum of their ledgers."""
        books = {"delivered": 0, "dropped": 0, "unconfirmed": 0, "balanced": True}
        for simulator, _, _ in self.nodes:
            wait_until(lambda: not simulator.running(), f"{simulator.name} ends", 300)
        for _, agent, path in self.nodes:
            agent.stop()
            with open(path) as file:
                ledger = json.load(file)
            stage = next(stage for stage in ledger["stages"] if stage["stage"] == "exporters.otlp")
            books["delivered"] += stage["absorbed"]
            books["dropped"] += sum(stage["dropped"].values())
            books["unconfirmed"] += stage["unconfirmed"]
            books["balanced"] &= ledger["balanced"]
        return books

    def stop(self):
        for process in reversed(self.processes):
            if process.running():
                process.kill()


def records(path):
    """The nodes and uids of the records in the files of a Collector, in their order."""
    for name in sorted(glob.glob(path.removesuffix(".json") + "*.json")):
        with open(name) as file:
            for line in file:
                for resource in json.loads(line).get("resourceLogs", []):
                    attributes = {item["key"]: item["value"] for item in resource["resource"]["attributes"]}
                    node = attributes["k8s.node.name"]["stringValue"]
                    for scope in resource["scopeLogs"]:
                        for record in scope["logRecords"]:
                            yield node, next(
                                item["value"]["stringValue"]
                                for item in record["attributes"]
                                if item["key"] == "log.record.uid"
                            )
