"""Runs tidegate against each store, directly and through the Collector, and prints a table."""

import argparse
import pathlib
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field

import pages
from agent import Agent
from collector import Collector
from jaeger import Jaeger
from loki import Loki
from plain import settled_page
from process import Failure, wait_until
from prometheus import Prometheus
from victoria_logs import VictoriaLogs
from victoria_metrics import VictoriaMetrics

STORES = [VictoriaLogs, Loki, Jaeger, Prometheus, VictoriaMetrics]
WAYS = ["direct", "collector"]
PIPELINES = {"flows": "logs", "traces": "traces", "metrics": "metrics"}
EVENTS = 4000

HEADINGS = ["store", "way", "signal", "ledger", "tidegate", "store", "seconds", "result"]
WIDTHS = [18, 10, 8, 8, 9, 8, 8, 0]


@dataclass
class Result:
    """The row of a run."""

    # What the ledger has as delivered, what tidegate's own files and pages have, and what the store answers with.
    ledger: int = 0
    records: int = 0
    found: int = 0
    notes: list = field(default_factory=list)
    faults: list = field(default_factory=list)

    def expect(self, holds, text):
        """Adds a fault, unless something holds."""
        if not holds:
            self.faults.append(text)


class Run:
    """A run of tidegate in front of a store."""

    def __init__(self, store, way, options, directory):
        self.store = store
        self.result = Result()
        self.collector = None
        self.flows = {}
        self.page = {}
        otlp = store.otlp | {"endpoint": store.endpoint(), "signals": store.signals}
        if way == "collector":
            forward = {PIPELINES[name]: store.exporter() for name in store.signals}
            self.collector = Collector(options.otelcol, directory, forward=forward)
            otlp |= {"protocol": "grpc", "endpoint": f"http://127.0.0.1:{self.collector.ports['grpc']}"}
        self.agent = Agent(options.tidegate, directory, otlp, EVENTS, 0, store.mix)

    def play(self):
        """Delivers the simulated events, and checks the store's answers."""
        self.store.start()
        if self.collector:
            self.collector.start()
        self.agent.simulate()
        self.agent.start()
        wait_until("all events are read", self.agent.has_read_all)
        if "metrics" in self.store.signals:
            self.page = settled_page(self)
            # The store has them before the end, which makes them no newer.
            self.store.check(self)
        wait_until("everything is delivered", self.agent.has_delivered_all)
        self.check_ledger(self.agent.end()["exporters.otlp"])
        self.flows = self.agent.flows()
        if self.collector:
            # It delivers what it has first.
            self.collector.end()
        if "metrics" not in self.store.signals:
            self.check_books()

    def check_ledger(self, stage):
        """Nothing is dropped, unconfirmed or in flight."""
        # Spans are records that the exporter creates of flows.
        self.result.ledger = stage["created"] if "traces" in self.store.signals else stage["absorbed"]
        self.result.expect(not stage["dropped"], f"dropped {stage['dropped']}")
        self.result.expect(not stage["unconfirmed"], f"{stage['unconfirmed']} records are unconfirmed")
        self.result.expect(not stage["in_flight"], f"{stage['in_flight']} records are in flight")

    def check_books(self):
        """The store has what tidegate saw, and that is what the ledger has."""
        if "flows" in self.store.signals:
            self.result.records = len(self.flows)
        self.store.check(self)
        self.result.expect(
            self.result.found == self.result.records, f"{self.result.found} of {self.result.records} are in the store"
        )
        self.result.expect(self.result.ledger == self.result.records, "the ledger has another number of records")

    def close(self):
        """Ends what still runs."""
        processes = [self.store.process, self.collector and self.collector.process]
        for process in filter(None, [*processes, self.agent.process, self.agent.simulator]):
            if process.is_running():
                process.child.kill()
                process.child.wait()


def print_row(cells):
    """Prints a row of the table at once, since the next one can take a while."""
    line = " ".join(str(cell).ljust(width) for cell, width in zip(cells, WIDTHS)).rstrip()
    # In one piece, beside others.
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def run_store(store_class, binary, way, options):
    """Runs tidegate against a store, prints the row, and returns whether everything holds."""
    begin = time.monotonic()
    directory = options.work / f"{store_class.name}-{way}"
    directory.mkdir(parents=True)
    run = Run(store_class(binary, directory), way, options, directory)
    try:
        run.play()
    except Failure as failure:
        run.result.faults.append(str(failure))
    except Exception:
        run.result.faults.append(traceback.format_exc())
    finally:
        run.close()
    result = run.result
    seconds = f"{time.monotonic() - begin:.1f}"
    verdict = "; ".join(["FAULT", *result.faults] if result.faults else ["ok", *result.notes])
    books = [result.ledger, result.records, result.found]
    print_row([store_class.name, way, ",".join(store_class.signals), *books, seconds, verdict])
    return not result.faults


def arguments():
    """The arguments that `run` passes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--otelcol")
    parser.add_argument("--tidegate", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--store", action="append", default=[], help="a store's name, and its binary after a `=`")
    return parser.parse_args()


def main():
    """Returns the exit code."""
    options = arguments()
    # Ends what a run has started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    binaries = dict(store.split("=", 1) for store in options.store)
    print_row(HEADINGS)
    held = [
        run_store(store, binaries[store.name], way, options)
        for store in STORES
        if store.name in binaries
        for way in WAYS
        if way == "direct" or options.otelcol
    ]
    print(f"{sum(held)} of {len(held)} runs hold")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
