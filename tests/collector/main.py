"""Runs the scenarios one after the other, and prints a table of their results."""

import argparse
import pathlib
import signal
import sys
import time

import connections
import faults
import plain
from process import Failure
from reconcile import Result
from world import World

HEADINGS = ["scenario", "records", "delivered", "duplicates", "dropped", "seconds", "result"]
WIDTHS = [44, 8, 10, 11, 36, 8, 0]


def print_row(cells):
    """Prints a row of the table at once, since the next one can take a while."""
    print(" ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS)).rstrip(), flush=True)


def run_scenario(run, binaries, directory):
    """Runs a scenario, whose failure is a result, too."""
    world = World(binaries, directory)
    try:
        return run(world)
    except Failure as failure:
        return Result(faults=[str(failure)])
    finally:
        world.close()


def main():
    """Returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--otelcol", required=True)
    parser.add_argument("--tidegate", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--only", action="append", default=[])
    options = parser.parse_args()

    # Ends what a scenario has started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    scenarios = plain.scenarios() | faults.scenarios() | connections.scenarios()
    chosen = [name for name in scenarios if not options.only or name.startswith(tuple(options.only))]
    if not chosen:
        print(f"no scenario begins with {options.only}; there are:", *scenarios, sep="\n", file=sys.stderr)
        return 2
    failed = 0
    print_row(HEADINGS)
    for name in chosen:
        begin = time.monotonic()
        result = run_scenario(scenarios[name], options, options.work / name)
        seconds = f"{time.monotonic() - begin:.1f}"
        verdict = "; ".join(["FAULT", *result.faults] if result.faults else ["ok", *result.notes])
        print_row([name, *result.cells(), seconds, verdict])
        failed += bool(result.faults)
    print(f"{len(chosen) - failed} of {len(chosen)} scenarios hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
