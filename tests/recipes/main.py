"""Runs the Collector's recipes on this machine, and prints what arrived and what it cost."""

import argparse
import contextlib
import os
import sys
import tempfile
from collections import Counter

from process import wait_until
from scenarios import SCENARIOS, build_broker
from world import World, records


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--otelcol", default=os.environ.get("OTELCOL", "otelcol-contrib"))
    parser.add_argument("--tidegate", default=os.environ.get("TIDEGATE", "target/debug/tidegate"))
    parser.add_argument("--broker", default=os.environ.get("BROKER"), help="the broker's binary; built without it")
    parser.add_argument("--only", action="append", help="a scenario, several times for several")
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument("--events", type=int, default=20000, help="of each node")
    parser.add_argument("--rate", type=int, default=2000, help="of each node, a second")
    parser.add_argument("--keep", help="a directory for logs and files, which stay")
    parser.add_argument("--no-faults", dest="faults", action="store_false", help="for the costs of a steady run")
    return parser.parse_args()


def judged(world, result, books):
    """What does not hold of a finished scenario, and what arrived."""
    seen = Counter()
    places = {}
    for name in result["files"]:
        for node, uid in records(world.path(name)):
            seen[uid] += 1
            places.setdefault(node, set()).add(name)
    faults = []
    arrived = len(seen)
    if not books["balanced"]:
        faults.append("a ledger does not balance")
    if not books["delivered"] <= arrived <= books["delivered"] + books["unconfirmed"]:
        faults.append(f"{books['delivered']} delivered")
    if any(len(files) > 1 for files in places.values()):
        faults.append("a node's records are in several places")
    used = set().union(*places.values()) if places else set()
    if "balanced" in result and (len(used) == len(result["files"])) != result["balanced"]:
        faults.append(f"{len(used)} gateways have records")
    return arrived, sum(seen.values()) - arrived, faults


def run(name, options, directory):
    """Runs a scenario; gives its row, and whether it holds."""
    world = World(options, directory)
    try:
        result = SCENARIOS[name](world)
        books = world.finish_nodes()
        stored = lambda: sum(1 for file in result["files"] for _ in records(world.path(file)))
        wait_until(lambda: stored() >= books["delivered"], "everything arrives", 120)
        costs = {
            hop: (sum(process.cpu_seconds() for process in processes), max(p.peak_mib() for p in processes))
            for hop, processes in result["hops"].items()
        }
        agents = [agent for _, agent, _ in world.nodes]
        costs["tidegate"] = (sum(agent.cpu_seconds() for agent in agents), max(agent.peak_mib() for agent in agents))
        for processes in result["hops"].values():
            for process in processes:
                process.stop()
        arrived, duplicates, faults = judged(world, result, books)
    finally:
        world.stop()
    per_million = ", ".join(
        f"{hop} {seconds / arrived * 1e6:.1f} ({mib:.0f} MiB)" for hop, (seconds, mib) in costs.items()
    )
    outcome = "FAULT: " + "; ".join(faults) if faults else "ok"
    print(f"| {name} | {arrived} | {duplicates} | {books['dropped']} | {per_million} | {outcome} |", flush=True)
    return not faults


@contextlib.contextmanager
def directory_for(name, options):
    """Where a scenario has its files: a temporary directory, unless they are kept."""
    if options.keep:
        directory = os.path.join(os.path.abspath(options.keep), name)
        os.makedirs(directory)
        yield directory
    else:
        with tempfile.TemporaryDirectory() as directory:
            yield directory


def main():
    options = arguments()
    print("| scenario | arrived | duplicates | dropped by tidegate | CPU-s per million, and peak memory | result |")
    print("| --- | --: | --: | --: | --- | --- |")
    holds = True
    for name in options.only or SCENARIOS:
        with directory_for(name, options) as directory:
            if name == "kafka" and not options.broker:
                options.broker, reason = build_broker(directory)
                if reason:
                    print(f"skipped: kafka: the broker cannot be built: {reason}")
                    continue
                holds &= run(name, options, directory)
                options.broker = None
                continue
            holds &= run(name, options, directory)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
