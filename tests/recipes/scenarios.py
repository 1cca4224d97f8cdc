"""The scenarios: a recipe each, on loopback, with a fault."""

import os
import subprocess
import time

from process import free_port, listens, wait_until
from world import HERE

# A gateway or a consumer that sends to the test's backend over gRPC, in place of its stores.
TO_BACKEND = """
exporters:
  otlp_grpc/traces: {{endpoint: "127.0.0.1:{port}"}}
  otlp_grpc/logs:
    endpoint: 127.0.0.1:{port}
    tls: {{insecure: true}}
    sending_queue: {queue}
    retry_on_failure: {retry}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    logs: {{exporters: [otlp_grpc/logs]}}
    metrics: {{exporters: [otlp_grpc/logs]}}
"""

GATEWAYS = """
exporters:
  load_balancing/nodes:
    {key}
    resolver: {resolver}
  load_balancing/traces:
    resolver: {resolver}
"""


def agent(world):
    """The backend is away and the Collector is killed meanwhile: its queue on disk has everything."""
    backend, port = world.backend()
    collector, otlp = world.collector(
        "agent", "collector-agent/collector.yaml", environment={"OTLP_BACKEND": f"127.0.0.1:{port}"}
    )
    for number in range(world.options.nodes):
        world.node(number, "collector-agent/pipeline.toml", otlp)
    if world.options.faults:
        time.sleep(world.options.events / world.options.rate / 4)
        backend.kill()
        time.sleep(world.options.events / world.options.rate / 4)
        collector.kill()
        collector.start()
        wait_until(lambda: listens(otlp), "the Collector listens again")
        backend.start()
        wait_until(lambda: listens(port), "the backend listens again")
    return {"hops": {"agent": [collector], "backend": [backend]}, "files": ["backend.json"]}


def gateways(world, key="", names=("gateway-a", "gateway-b")):
    """Two gateways behind a balancer, which is killed: each node has one gateway, and nothing is lost."""
    ends = {}
    hosts = []
    backends = []
    for name in names:
        backend, port = world.backend(f"{name}-store")
        queue = "{storage: file_storage}"
        overlay = TO_BACKEND.format(port=port, queue=queue, retry="{max_elapsed_time: 0s}")
        process, otlp = world.collector(name, "collector-gateway/gateway.yaml", overlay)
        ends[name] = process
        backends.append(backend)
        hosts.append(f"127.0.0.1:{otlp}")
    resolver = f"{{dns: null, static: {{hostnames: {hosts}}}}}"
    overlay = GATEWAYS.format(key=key, resolver=resolver)
    balancer, otlp = world.collector("balancer", "collector-gateway/balancer.yaml", overlay)
    for number in range(world.options.nodes):
        world.node(number, "collector-gateway/pipeline.toml", otlp)
    if world.options.faults:
        time.sleep(world.options.events / world.options.rate / 3)
        balancer.kill()
        balancer.start()
        wait_until(lambda: listens(otlp), "the balancer listens again")
    hops = {"balancer": [balancer], "gateway": list(ends.values()), "backend": backends}
    return {"hops": hops, "files": [f"{name}-store.json" for name in names], "balanced": True}


def default_key(world):
    """Without `routing_key` of the recipe, all nodes go to one gateway: the reason for the key."""
    result = gateways(world, 'routing_key: "service"')
    result["balanced"] = False
    return result


def kafka(world):
    """Kafka between two Collectors, of which the second is killed: all arrives, each node's records in order."""
    port = free_port()
    topics = ["tidegate_logs", "tidegate_metrics", "tidegate_traces"]
    broker = world.process("kafka", [world.options.broker, str(port), "6", *topics])
    wait_until(lambda: listens(port), "the broker listens")
    backend, store = world.backend()
    environment = {"KAFKA_BROKER": f"127.0.0.1:{port}"}
    overlay = TO_BACKEND.format(port=store, queue="{enabled: false}", retry="{enabled: false}")
    consumer, _ = world.collector("consumer", "collector-kafka/consumer.yaml", overlay, environment)
    producer, otlp = world.collector("producer", "collector-kafka/producer.yaml", "", environment)
    for number in range(world.options.nodes):
        world.node(number, "collector-kafka/pipeline.toml", otlp)
    if world.options.faults:
        time.sleep(world.options.events / world.options.rate / 3)
        consumer.kill()
        consumer.start()
    hops = {"producer": [producer], "consumer": [consumer], "backend": [backend], "broker": [broker]}
    return {"hops": hops, "files": ["backend.json"]}


SCENARIOS = {"agent": agent, "gateway": gateways, "gateway-default-key": default_key, "kafka": kafka}


def build_broker(directory):
    """Builds the broker, or gives the reason why not."""
    binary = os.path.join(directory, "broker")
    source = os.path.join(HERE, "broker")
    command = ["go", "build", "-mod=mod", "-o", binary, "."]
    built = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    return (binary, None) if built.returncode == 0 else (None, built.stderr.strip().splitlines()[-1])
