"""The results as a page in Markdown: a table of kinds of scenarios by transports."""

HEAD = """\
# Results against a real Collector

Written by `tests/collector/run --report FILE`. A cell has the records that arrived and those that tidegate
saw; after `+` those that arrived once more; and what the ledger has as dropped or unconfirmed. `FAULT` is a
scenario that does not hold: see the output of the run. [README.md](README.md) says what must hold.

"""


def cell(result):
    """What a table says about a result."""
    if result is None:
        return ""
    if result.faults:
        return "FAULT"
    books = [f"{result.delivered}/{result.records}"]
    if result.duplicates:
        books.append(f"+{result.duplicates}")
    books += [f"{reason} {count}" for reason, count in sorted(result.dropped.items())]
    if result.unconfirmed:
        books.append(f"unconfirmed {result.unconfirmed}")
    return ", ".join(books)


def markdown(results):
    """The lines of the page, from the results by scenario."""
    transports = list(dict.fromkeys(scenario.transport for scenario in results))
    kinds = list(dict.fromkeys(scenario.kind for scenario in results))
    by_place = {(scenario.kind, scenario.transport): result for scenario, result in results.items()}
    yield from HEAD.splitlines()
    yield "| " + " | ".join(["scenario", *map(str, transports)]) + " |"
    yield "| --- " * (len(transports) + 1) + "|"
    for kind in kinds:
        cells = [cell(by_place.get((kind, transport))) for transport in transports]
        yield "| " + " | ".join([f"`{kind}`", *cells]) + " |"
