"""Scenarios about TLS and wrong endpoints: those that work, and those whose log has to name the cause."""

import certificates
from process import wait_until

PROTOCOLS = ["grpc", "http/protobuf"]


def server(directory, clients_need_certificates=False, **certificate):
    """The Collector's settings of TLS."""
    cert_file, key_file = certificates.certificate(directory, "server", **certificate)
    tls = {"cert_file": cert_file, "key_file": key_file}
    if clients_need_certificates:
        tls["client_ca_file"] = str(directory / "ca.pem")
    return {"tls": tls}


def encrypted(world, protocol, clients_need_certificates=False):
    """Everything arrives over TLS."""
    ca = certificates.authority(world.directory)
    settings = {"tls__ca_file": str(ca)}
    if clients_need_certificates:
        files = certificates.certificate(world.directory, "client")
        settings |= dict(zip(["tls__cert_file", "tls__key_file"], files))
    collector = server(world.directory, clients_need_certificates)
    world.start(protocol, "zstd", scheme="https", collector=collector, events=2000, **settings)
    return world.finish()


def encrypted_for_clients(world, protocol):
    """Everything arrives over TLS with a client certificate."""
    return encrypted(world, protocol, clients_need_certificates=True)


def hint(world, protocol, text, **settings):
    """Nothing arrives, the log has a text, and the ledger has every record as lost."""
    world.start(protocol, "zstd", events=500, drain_timeout="0s", **settings)
    wait_until(f"the log has {text!r}", lambda: text in world.agent.process.text())
    wait_until("all events are read", world.agent.has_read_all)
    world.end_agent()
    result = world.reconcile()
    result.expect(result.delivered == 0, "records arrived")
    result.notes.append(f"`{text}`")
    return result


def missing_client_certificate(world, protocol):
    """The Collector demands a client certificate, and there is none."""
    ca = certificates.authority(world.directory)
    collector = server(world.directory, clients_need_certificates=True)
    text = "demands a client certificate"
    return hint(world, protocol, text, scheme="https", collector=collector, tls__ca_file=str(ca))


def wrong_client_authority(world, protocol):
    """The client certificate is of an authority that the Collector does not know."""
    ca = certificates.authority(world.directory)
    certificates.authority(world.directory, "other")
    files = certificates.certificate(world.directory, "client", signer="other")
    settings = dict(zip(["tls__cert_file", "tls__key_file"], files))
    collector = server(world.directory, clients_need_certificates=True)
    text = "does not accept the client certificate"
    return hint(world, protocol, text, scheme="https", collector=collector, tls__ca_file=str(ca), **settings)


def wrong_name(world, protocol):
    """The Collector's certificate is for another name."""
    ca = certificates.authority(world.directory)
    collector = server(world.directory, names="DNS:otel.example.org")
    return hint(world, protocol, "is for another name", scheme="https", collector=collector, tls__ca_file=str(ca))


def expired(world, protocol):
    """The Collector's certificate has expired."""
    ca = certificates.authority(world.directory)
    collector = server(world.directory, days=-1)
    return hint(world, protocol, "has expired", scheme="https", collector=collector, tls__ca_file=str(ca))


def unknown_authority(world, protocol):
    """Nothing says which authority signed the Collector's certificate."""
    certificates.authority(world.directory)
    return hint(world, protocol, "set `tls.ca_file`", scheme="https", collector=server(world.directory))


def plain_to_tls(world, protocol):
    """The endpoint is http, and the Collector speaks TLS."""
    certificates.authority(world.directory)
    return hint(world, protocol, "the peer speaks TLS", collector=server(world.directory))


def tls_to_plain(world, protocol):
    """The endpoint is https, and the Collector speaks plain text."""
    ca = certificates.authority(world.directory)
    return hint(world, protocol, "the peer does not speak TLS", scheme="https", tls__ca_file=str(ca))


def wrong_port(world, protocol):
    """gRPC goes to the port of OTLP/HTTP, or the other way round."""
    if protocol == "grpc":
        return hint(world, protocol, "is this an OTLP/gRPC endpoint?", port="http")
    return hint(world, protocol, "the peer speaks gRPC", port="grpc")


def scenarios():
    """The scenarios by name, for each protocol."""
    runs = {
        "tls": encrypted,
        "mutual-tls": encrypted_for_clients,
        "missing-client-certificate": missing_client_certificate,
        "wrong-client-authority": wrong_client_authority,
        "wrong-name": wrong_name,
        "expired": expired,
        "unknown-authority": unknown_authority,
        "plain-to-tls": plain_to_tls,
        "tls-to-plain": tls_to_plain,
        "wrong-port": wrong_port,
    }

    def bound(run, protocol):
        return lambda world: run(world, protocol)

    return {
        f"{name}-{protocol.replace('/', '-')}": bound(run, protocol)
        for name, run in runs.items()
        for protocol in PROTOCOLS
    }
