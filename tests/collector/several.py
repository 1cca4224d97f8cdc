"""Scenarios with two Collectors."""

from process import wait_until
from scenario import COMPRESSIONS, PROTOCOLS, Transport, scenarios

TRANSPORTS = [Transport(protocol, compression) for protocol, compression in zip(PROTOCOLS, COMPRESSIONS)]


def failover(world, transport):
    """The first Collector is killed while it receives, and the second one gets the rest."""
    other = world.start_two(transport)
    wait_until("the first records arrive", world.collector.has_requests)
    world.collector.kill()
    result = world.finish()
    result.expect(other.has_requests(), "the second Collector has nothing")
    return result


def balancing(world, transport):
    """Both get requests in turn."""
    other = world.start_two(transport, balancer_name="round_robin")
    result = world.finish()
    for collector in [world.collector, other]:
        result.expect(collector.has_requests(), "one of the Collectors has nothing")
    return result


SCENARIOS = [*scenarios(failover, TRANSPORTS), *scenarios(balancing, TRANSPORTS)]
