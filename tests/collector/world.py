"""What a scenario runs in: one Collector, one tidegate, and the end of both."""

import re

from agent import Agent
from collector import Collector
from process import wait_until
from proxy import Proxy
from reconcile import reconcile

# Attempts that had no answer: neither a refused connection nor a refusal by the Collector.
FAILED = re.compile(r"an attempt to deliver a request failed .*signal=(?:Logs|Some\(Logs\))")


class World:
    """The processes of a scenario, in a directory of its own."""

    def __init__(self, binaries, directory):
        self.binaries = binaries
        self.directory = directory
        self.collector = None
        # A second Collector, and a server in front of the first one.
        self.other = None
        self.proxy = None
        self.agent = None
        self.ledgers = []
        directory.mkdir(parents=True)

    def make(
        self,
        transport,
        events=8000,
        rate=2000,
        mix="default",
        collector=None,
        port=None,
        scheme="http",
        **otlp,
    ):
        """Makes both, with settings of `otlp` whose names have `__` in place of a dot."""
        self.collector = Collector(self.binaries.otelcol, self.directory, **(collector or {}))
        port = self.collector.ports[port or ("grpc" if transport.protocol == "grpc" else "http")]
        settings = {
            "protocol": transport.protocol,
            "compression": transport.compression,
            "endpoint": f"{scheme}://127.0.0.1:{port}",
        }
        settings |= {key.replace("__", "."): value for key, value in otlp.items()}
        self.agent = Agent(self.binaries.tidegate, self.directory, settings, events, rate, mix)

    def make_behind_proxy(self, transport, refuse, **settings):
        """Makes both, with a proxy in between that refuses some requests."""
        self.make(transport, **settings)
        self.proxy = Proxy(self.collector.ports["http"], refuse)
        self.agent.settings["endpoint"] = f"http://127.0.0.1:{self.proxy.port}"
        return self.proxy

    def run(self, **settings):
        """Starts the Collector, the simulated agent and tidegate."""
        self.collector.start(**settings)
        self.agent.simulate()
        self.agent.start()

    def start(self, *arguments, **settings):
        """Makes both, and starts everything."""
        self.make(*arguments, **settings)
        self.run()

    def start_two(self, transport, **settings):
        """The same with two Collectors, the second of which is returned."""
        self.make(transport, **settings)
        directory = self.directory / "other"
        directory.mkdir()
        self.other = Collector(self.binaries.otelcol, directory)
        self.other.start()
        port = "grpc" if transport.protocol == "grpc" else "http"
        endpoints = [f"http://127.0.0.1:{collector.ports[port]}" for collector in [self.collector, self.other]]
        del self.agent.settings["endpoint"]
        self.agent.settings["endpoints"] = endpoints
        self.run()
        return self.other

    def deliver(self):
        """Waits until everything has its outcome, and ends tidegate."""
        wait_until("everything has its outcome", self.agent.has_delivered_all)
        self.end_agent()

    def end_agent(self):
        """Ends tidegate, and keeps its ledger."""
        self.ledgers.append(self.agent.end())

    def reconcile(self, others=0, unanswered=None):
        """Ends the Collectors, and reconciles."""
        requests = []
        for collector in filter(None, [self.collector, self.other]):
            collector.end()
            requests += collector.uids()
        if unanswered is None:
            unanswered = self.unanswered()
        return reconcile(self.agent.flows(), requests, self.ledgers, unanswered, others)

    def unanswered(self):
        """The number of attempts without an answer."""
        lines = self.agent.process.text().splitlines()
        return sum(bool(FAILED.search(line)) and "refused" not in line for line in lines)

    def finish(self):
        """Waits until everything is delivered, and reconciles."""
        self.deliver()
        result = self.reconcile()
        result.expect_all_delivered()
        return result

    def close(self):
        """Ends what still runs."""
        if self.proxy:
            self.proxy.close()
        processes = [collector.process for collector in [self.collector, self.other] if collector]
        processes += [self.agent and self.agent.process, self.agent and self.agent.simulator]
        for process in filter(None, processes):
            process.resume()
            if process.is_running():
                process.child.kill()
                process.child.wait()
