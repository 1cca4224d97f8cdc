"""Scenarios in which the Collector or tidegate is killed, paused, restarted, or refuses requests."""

import time

import pages
import plain
from process import wait_until
from scenario import scenarios

# With an inbox that blocks, requests stay with the sender instead of being queued; this one takes everything.
QUEUES = {"queue__when_full": "drop_newest", "queue__records": 65536, "queue__bytes": "64MiB"}

# Longer than the timeout of an attempt in the scenarios with pauses.
PAUSE = 3

# Longer than records wait for a request, in seconds.
SETTLED = 1


def some_arrived(world):
    """Waits until the Collector has some of the records, of which more follow for seconds."""
    wait_until("the first records arrive", world.collector.has_requests)


def attempts_failed(world, number=1):
    """Waits until attempts have failed."""
    wait_until("attempts fail", lambda: world.agent.attempts("failed") >= number)


def collector_killed(world, transport):
    """The Collector is killed while it receives, and is started again."""
    world.start(transport)
    some_arrived(world)
    world.collector.kill()
    attempts_failed(world)
    world.collector.start()
    return world.finish()


def collector_killed_with_metrics(world, transport):
    """The same with metrics and spans, which are those of the end in the new Collector, too."""
    world.start(transport, signals=plain.SIGNALS)
    some_arrived(world)
    world.collector.kill()
    attempts_failed(world)
    world.collector.start()
    return plain.check_all_signals(world)


def collector_paused(world, transport):
    """The Collector stops for longer than the timeout of an attempt, and continues."""
    world.start(transport, timeout="1s")
    some_arrived(world)
    world.collector.process.pause()
    attempts_failed(world, 2)
    world.collector.process.resume()
    return world.finish()


def collector_paused_at_the_end(world, transport):
    """The Collector stops, and tidegate ends before it continues."""
    world.start(transport, drain_timeout="500ms", **QUEUES)
    some_arrived(world)
    world.collector.process.pause()
    wait_until("all events are read", world.agent.has_read_all)
    world.end_agent()
    world.collector.process.resume()
    result = world.reconcile()
    result.expect(result.unconfirmed > 0, "no record is unconfirmed")
    return result


def memory_limiter(world, transport):
    """The Collector refuses everything for lack of memory, until it is started with more."""
    world.make(transport)
    world.run(limit_mib=1)
    attempts_failed(world, 3)
    ready = world.agent.get("/readyz")
    world.collector.end()
    world.collector.start()
    result = world.finish()
    result.expect(ready.startswith("degraded"), f"/readyz says {ready!r} while the Collector refuses")
    result.expect(result.duplicates == 0, "refused requests arrived")
    return result


def memory_limiter_given_up(world, transport):
    """The Collector refuses everything for longer than requests are retried."""
    world.make(transport, retry_on_failure__max_elapsed_time="500ms")
    world.run(limit_mib=1)
    world.deliver()
    result = world.reconcile()
    result.expect(result.dropped.keys() == {"retries_exhausted"}, "not dropped as `retries_exhausted`")
    return result


def tidegate_paused(world, transport):
    """tidegate stops for longer than the timeout of an attempt, and continues."""
    world.start(transport, timeout="1s")
    some_arrived(world)
    world.agent.process.pause()
    time.sleep(PAUSE)
    world.agent.process.resume()
    return world.finish()


def stored_records(world):
    """The number of records that wait for their outcome."""
    samples = pages.samples(world.agent.get("/metrics"))
    return sum(value for (name, _), value in samples.items() if name == "tidegate_otlp_queue_records")


def fill_disk_queue(world, transport):
    """Starts tidegate beside a Collector that stands still, until all records wait on disk."""
    disk = str(world.directory / "queue")
    # No attempt ends before tidegate does.
    settings = QUEUES | {"timeout": "10m", "drain_timeout": "0s"}
    world.make(transport, queue__disk__path=disk, queue__disk__bytes="256MiB", **settings)
    world.collector.start()
    world.collector.process.pause()
    world.agent.simulate()
    world.agent.start()
    wait_until("all events are read", world.agent.has_read_all)
    seen = 0

    # Messages in packets become flows later, too, if nothing follows them: until no more come.
    def are_stored():
        nonlocal seen
        before, seen = seen, len(world.agent.flows())
        time.sleep(SETTLED)
        return before == seen == stored_records(world)

    wait_until("all flows are stored", are_stored)


def start_again(world):
    """Starts tidegate again, without events, until everything has its outcome."""
    world.collector.process.resume()
    world.agent.start()

    def is_empty():
        stage = world.agent.stages().get("exporters.otlp")
        return stage and stage["created"] and stage["in_flight"] == 0

    wait_until("everything that was stored has its outcome", is_empty)
    world.end_agent()


def tidegate_killed(world, transport):
    """tidegate is killed with all records on disk and some in flight, and started again."""
    fill_disk_queue(world, transport)
    world.agent.kill()
    start_again(world)
    result = world.reconcile(unanswered=4)
    result.expect_all_delivered()
    return result


def tidegate_restarted(world, transport):
    """tidegate is ended in order with all records on disk, and started again."""
    fill_disk_queue(world, transport)
    world.end_agent()
    start_again(world)
    result = world.reconcile(unanswered=4)
    result.expect_all_delivered()
    return result


RUNS = [
    collector_killed,
    collector_killed_with_metrics,
    collector_paused,
    collector_paused_at_the_end,
    memory_limiter,
    memory_limiter_given_up,
    tidegate_paused,
    tidegate_killed,
    tidegate_restarted,
]

SCENARIOS = [scenario for run in RUNS for scenario in scenarios(run)]
