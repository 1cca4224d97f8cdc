"""Runs the scenarios, and prints a table of their results."""

import argparse
import os
import pathlib
import signal
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import connections
import faults
import plain
import refusals
import report
import several
from process import Failure
from reconcile import Result
from scenario import quick
from world import World

HEADINGS = ["scenario", "records", "delivered", "duplicates", "dropped", "seconds", "result"]
WIDTHS = [50, 8, 10, 11, 36, 8, 0]

# Every scenario, in the order of the table.
SCENARIOS = plain.SCENARIOS + faults.SCENARIOS + refusals.SCENARIOS + several.SCENARIOS + connections.SCENARIOS

# What the scenarios that are running run in.
running = set()


def print_row(cells):
    """Prints a row of the table at once, since the next one can take a while."""
    line = " ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS)).rstrip()
    # In one piece, beside others.
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def stop(*_):
    """Ends what the scenarios have started, and the run."""
    for world in list(running):
        world.close()
    os._exit(143)


def run_scenario(scenario, options):
    """Runs a scenario, whose failure is a result, too, and prints its row."""
    begin = time.monotonic()
    world = World(options, options.work / scenario.name)
    running.add(world)
    try:
        result = scenario.run(world, scenario.transport)
    except Failure as failure:
        result = Result(faults=[str(failure)])
    except Exception:
        result = Result(faults=[traceback.format_exc()])
    finally:
        running.discard(world)
        world.close()
    seconds = f"{time.monotonic() - begin:.1f}"
    verdict = "; ".join(["FAULT", *result.faults] if result.faults else ["ok", *result.notes])
    print_row([scenario.name, *result.cells(), seconds, verdict])
    return result


def arguments():
    """The arguments that `run` passes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--otelcol", required=True)
    parser.add_argument("--tidegate", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--report", type=pathlib.Path)
    return parser.parse_args()


def chosen_scenarios(options):
    """The scenarios that a run has."""
    chosen = quick(SCENARIOS) if options.quick else SCENARIOS
    return [one for one in chosen if not options.only or one.name.startswith(tuple(options.only))]


def main():
    """Returns the exit code."""
    options = arguments()
    signal.signal(signal.SIGTERM, stop)
    chosen = chosen_scenarios(options)
    if not chosen:
        names = [one.name for one in SCENARIOS]
        print(f"no scenario begins with {options.only}; there are:", *names, sep="\n", file=sys.stderr)
        return 2
    print_row(HEADINGS)
    with ThreadPoolExecutor(options.jobs) as pool:
        results = dict(zip(chosen, pool.map(lambda one: run_scenario(one, options), chosen)))
    if options.report:
        options.report.write_text("".join(f"{line}\n" for line in report.markdown(results)))
    failed = sum(bool(result.faults) for result in results.values())
    print(f"{len(chosen) - failed} of {len(chosen)} scenarios hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
