"""Scenarios about TLS and wrong endpoints: those that work, and those whose log has to name the cause."""

import certificates
from process import wait_until
from scenario import PROTOCOLS, Transport, scenarios

# What fails before the first request does not depend on the compression.
TRANSPORTS = [Transport(protocol, "zstd") for protocol in PROTOCOLS]


def server(directory, clients_need_certificates=False, **certificate):
    """The Collector's settings of TLS."""
    cert_file, key_file = certificates.certificate(directory, "server", **certificate)
    settings = {"cert_file": cert_file, "key_file": key_file}
    if clients_need_certificates:
        settings["client_ca_file"] = str(directory / "ca.pem")
    return {"both": {"tls": settings}}


def tls(world, transport, clients_need_certificates=False):
    """Everything arrives over TLS."""
    ca = certificates.authority(world.directory)
    settings = {"tls__ca_file": str(ca)}
    if clients_need_certificates:
        files = certificates.certificate(world.directory, "client")
        settings |= dict(zip(["tls__cert_file", "tls__key_file"], files))
    collector = server(world.directory, clients_need_certificates)
    world.start(transport, scheme="https", collector=collector, events=2000, **settings)
    return world.finish()


def mutual_tls(world, transport):
    """Everything arrives over TLS with a client certificate."""
    return tls(world, transport, clients_need_certificates=True)


def hint(world, transport, text, **settings):
    """Nothing arrives, the log has a text, and the ledger has every record as lost."""
    world.start(transport, events=500, drain_timeout="0s", **settings)
    wait_until(f"the log has {text!r}", lambda: text in world.agent.process.text())
    wait_until("all events are read", world.agent.has_read_all)
    world.end_agent()
    result = world.reconcile()
    result.expect(result.delivered == 0, "records arrived")
    result.notes.append(f"`{text}`")
    return result


def missing_client_certificate(world, transport):
    """The Collector demands a client certificate, and there is none."""
    ca = certificates.authority(world.directory)
    collector = server(world.directory, clients_need_certificates=True)
    text = "demands a client certificate"
    return hint(world, transport, text, scheme="https", collector=collector, tls__ca_file=str(ca))


def wrong_client_authority(world, transport):
    """The client certificate is of an authority that the Collector does not know."""
    ca = certificates.authority(world.directory)
    certificates.authority(world.directory, "other")
    files = certificates.certificate(world.directory, "client", signer="other")
    settings = dict(zip(["tls__cert_file", "tls__key_file"], files))
    collector = server(world.directory, clients_need_certificates=True)
    text = "does not accept the client certificate"
    return hint(world, transport, text, scheme="https", collector=collector, tls__ca_file=str(ca), **settings)


def wrong_name(world, transport):
    """The Collector's certificate is for another name."""
    ca = certificates.authority(world.directory)
    collector = server(world.directory, names="DNS:otel.example.org")
    return hint(world, transport, "is for another name", scheme="https", collector=collector, tls__ca_file=str(ca))


def expired(world, transport):
    """The Collector's certificate has expired."""
    ca = certificates.authority(world.directory)
    collector = server(world.directory, days=-1)
    return hint(world, transport, "has expired", scheme="https", collector=collector, tls__ca_file=str(ca))


def unknown_authority(world, transport):
    """Nothing says which authority signed the Collector's certificate."""
    certificates.authority(world.directory)
    return hint(world, transport, "set `tls.ca_file`", scheme="https", collector=server(world.directory))


def plain_to_tls(world, transport):
    """The endpoint is http, and the Collector speaks TLS."""
    certificates.authority(world.directory)
    # A server of gRPC ends the connection without a byte; one of HTTP responds that it speaks TLS.
    is_grpc = transport.protocol == "grpc"
    text = "it may speak TLS (begin the endpoint with https://)" if is_grpc else "the peer speaks TLS"
    return hint(world, transport, text, collector=server(world.directory))


def tls_to_plain(world, transport):
    """The endpoint is https, and the Collector speaks plain text."""
    ca = certificates.authority(world.directory)
    return hint(world, transport, "the peer does not speak TLS", scheme="https", tls__ca_file=str(ca))


def wrong_port(world, transport):
    """gRPC goes to the port of OTLP/HTTP, or the other way round."""
    if transport.protocol == "grpc":
        return hint(world, transport, "is this an OTLP/gRPC endpoint?", port="http")
    return hint(world, transport, "the peer speaks gRPC", port="grpc")


RUNS = [
    tls,
    mutual_tls,
    missing_client_certificate,
    wrong_client_authority,
    wrong_name,
    expired,
    unknown_authority,
    plain_to_tls,
    tls_to_plain,
    wrong_port,
]

SCENARIOS = [scenario for run in RUNS for scenario in scenarios(run, TRANSPORTS)]
