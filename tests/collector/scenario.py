"""What a scenario is, and which ones a run has."""

import re
from dataclasses import dataclass
from typing import Callable

PROTOCOLS = ["grpc", "http/protobuf", "http/json"]
COMPRESSIONS = ["none", "gzip", "zstd"]


@dataclass(frozen=True)
class Transport:
    """How tidegate reaches the Collector."""

    protocol: str
    compression: str

    def __str__(self):
        return f"{self.protocol.replace('/', '-')}-{self.compression}"


TRANSPORTS = [Transport(protocol, compression) for protocol in PROTOCOLS for compression in COMPRESSIONS]


@dataclass(frozen=True)
class Scenario:
    """A kind of run with one transport."""

    kind: str
    transport: Transport
    run: Callable

    @property
    def name(self):
        """The kind and the transport."""
        return f"{self.kind}-{self.transport}"


def scenarios(run, transports=None):
    """The scenarios of a function, whose name is their kind, with each transport."""
    kind = re.sub("_", "-", run.__name__)
    return [Scenario(kind, transport, run) for transport in transports or TRANSPORTS]


def quick(scenarios):
    """One scenario of each kind, with another transport than that of the kind before; of `plain` one for each protocol."""
    kinds = {}
    for scenario in scenarios:
        protocol = scenario.transport.protocol if scenario.kind == "plain" else None
        kinds.setdefault((scenario.kind, protocol), []).append(scenario)
    return [same[at % len(same)] for at, same in enumerate(kinds.values())]
