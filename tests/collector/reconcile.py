"""Compares what tidegate saw with what the Collector received and with tidegate's ledger, record by record."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Result:
    """The row of a scenario."""

    records: int = 0
    delivered: int = 0
    duplicates: int = 0
    dropped: Counter = field(default_factory=Counter)
    unconfirmed: int = 0
    notes: list = field(default_factory=list)
    faults: list = field(default_factory=list)

    def expect(self, holds, text):
        """Adds a fault, unless something holds."""
        if not holds:
            self.faults.append(text)

    def expect_all_delivered(self):
        """Adds a fault unless each record was delivered and confirmed."""
        self.expect(self.delivered == self.records, f"{self.records - self.delivered} records did not arrive")
        self.expect(not self.dropped, f"dropped {dict(self.dropped)}")
        self.expect(not self.unconfirmed, f"{self.unconfirmed} records are unconfirmed")

    def cells(self):
        """The columns between the name and the result."""
        dropped = [f"{reason} {count}" for reason, count in sorted(self.dropped.items())]
        if self.unconfirmed:
            dropped.append(f"(unconfirmed {self.unconfirmed})")
        return [str(self.records), str(self.delivered), str(self.duplicates), ", ".join(dropped) or "-"]


def reconcile(flows, requests, ledgers, unanswered, others=0):
    """Reconciles flows by unique id with the ids in each request and the final stages of each run.

    `unanswered` is the number of attempts without an answer: each can make the request of a later attempt a duplicate.
    `others` is the number of records that are no flows, in the ledger of the exporter.
    """
    result = Result(records=len(flows))
    arrived = Counter()
    repeated = 0
    for uids in requests:
        seen_before = [uid in arrived for uid in uids]
        repeated += all(seen_before)
        result.expect(all(seen_before) or not any(seen_before), "a request has new records beside ones that had arrived")
        result.expect(len(set(uids)) == len(uids), "a request has a record twice")
        arrived.update(uids)

    otlp = [stages["exporters.otlp"] for stages in ledgers]
    noted = Counter()
    for stage in otlp:
        result.dropped.update(stage["dropped"])
        noted.update(stage.get("noted", {}))
    result.delivered = sum(uid in flows for uid in arrived)
    result.duplicates = sum(arrived.values()) - len(arrived)
    result.unconfirmed = sum(stage["unconfirmed"] for stage in otlp)

    strangers = len(arrived) - result.delivered
    result.expect(strangers == 0, f"{strangers} records arrived that tidegate did not see")
    result.expect(
        repeated <= unanswered,
        f"{repeated} requests arrived again, but only {unanswered} attempts were not answered",
    )
    absorbed = sum(stage["absorbed"] for stage in otlp) - noted["stored"]
    dropped = sum(result.dropped.values())
    counted = absorbed + dropped + result.unconfirmed - others
    result.expect(counted == len(flows), f"the ledger has {counted} flows")
    missing = len(flows) - result.delivered
    result.expect(
        dropped <= missing <= dropped + result.unconfirmed,
        f"{missing} did not arrive, but {dropped} are dropped and {result.unconfirmed} unconfirmed",
    )
    in_flight = sum(stage["in_flight"] for stages in ledgers for stage in stages.values())
    result.expect(in_flight == 0, f"{in_flight} records are in flight at the end")
    return result
