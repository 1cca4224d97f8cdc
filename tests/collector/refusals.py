"""Scenarios in which requests are refused, and what replaces that which was refused."""

import certificates
import connections
import proxy
from process import wait_until
from scenario import TRANSPORTS, scenarios

OVER_HTTP = [transport for transport in TRANSPORTS if transport.protocol != "grpc"]

# The time that a throttled request has to wait, in seconds.
RETRY_AFTER = 2

# How often files are looked at for changes.
RELOAD = {"reload_interval": "100ms"}

TOKEN = "tests"


def attempts_refused(world):
    """Waits until requests have been refused."""
    wait_until("requests are refused", lambda: world.agent.attempts("refused"))


def message_size(world, transport):
    """The Collector accepts messages of 1 MiB, and tidegate makes larger ones, until it has learnt the limit."""
    world.start(
        transport,
        rate=0,
        collector={"grpc": {"max_recv_msg_size_mib": 1}, "http": {"max_request_body_size": 1 << 20}},
        batch__max_bytes="4MiB",
        batch__max_records=20000,
        batch__timeout="5s",
    )
    return world.finish()


def throttled(world, transport):
    """The first request is refused with `Retry-After`, and no other comes before that time."""
    server = world.make_behind_proxy(transport, proxy.first_is_throttled(RETRY_AFTER), in_flight=1)
    world.run()
    result = world.finish()
    waited = server.times[1] - server.times[0]
    result.expect(waited >= RETRY_AFTER, f"the next request came after {waited:.2f} s")
    return result


def bad_record(world, transport):
    """Every request with one of the records is refused; the others arrive."""
    world.make_behind_proxy(transport, proxy.one_record_is_bad)
    world.run()
    world.deliver()
    result = world.reconcile()
    result.expect(sum(result.dropped.values()) == 1, "another number of records than one is dropped")
    return result


def compression_refused(world, transport):
    """The Collector does not accept zstd, so what it refuses is sent with gzip."""
    world.start(transport, collector={"http": {"compression_algorithms": ["", "gzip"]}})
    return world.finish()


def token_replaced(world, transport):
    """The Collector refuses a token until its file has another one."""
    path = world.directory / "token"
    path.write_text("another\n")
    authentication = {"auth": {"authenticator": "bearertokenauth"}}
    extensions = {"bearertokenauth": {"token": TOKEN}}
    collector = {"both": authentication, "extensions": extensions}
    world.start(transport, collector=collector, token_file=str(path), **RELOAD)
    attempts_refused(world)
    path.write_text(f"{TOKEN}\n")
    wait_until("the first records arrive", world.collector.has_requests)
    world.deliver()
    result = world.reconcile()
    result.expect(result.dropped.keys() == {"not_authorized"}, "not dropped as `not_authorized`")
    return result


def certificate_replaced(world, transport):
    """The Collector does not accept the client certificate until its file has another one."""
    ca = certificates.authority(world.directory)
    certificates.authority(world.directory, "other")
    files = certificates.certificate(world.directory, "client", signer="other")
    settings = dict(zip(["tls__cert_file", "tls__key_file"], files)) | {"tls__ca_file": str(ca)}
    collector = connections.server(world.directory, clients_need_certificates=True)
    world.start(transport, scheme="https", collector=collector, **settings, **RELOAD)
    wait_until("attempts fail", lambda: world.agent.attempts("failed") >= 2)
    certificates.certificate(world.directory, "client")
    return world.finish()


SCENARIOS = [
    *scenarios(message_size),
    *scenarios(throttled, OVER_HTTP),
    # The proxy does not decompress zstd.
    *scenarios(bad_record, [transport for transport in OVER_HTTP if transport.compression != "zstd"]),
    *scenarios(compression_refused, [transport for transport in OVER_HTTP if transport.compression == "zstd"]),
    *scenarios(token_replaced),
    *scenarios(certificate_replaced, connections.TRANSPORTS),
]
