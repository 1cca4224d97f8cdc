"""Checks manifests: the schemas of Kubernetes, what the parts of a manifest say about each other, the rights of pods, and
the pipelines that they carry.

    manifests.py TIDEGATE DEFINITIONS MANIFEST…

DEFINITIONS is a folder with the definitions of the Prometheus operator's resources; without one they are not validated.
"""

import os
import re
import subprocess
import sys

import jsonschema
import kubernetes_validate
import yaml

# The oldest release of Kubernetes that Chart.yaml allows, and the newest with schemas.
RELEASES = ["1.25", kubernetes_validate.latest_version()]

faults = []


def expect(condition, text):
    if not condition:
        faults.append(text)


def strict(schema):
    """The schema without room for unknown keys."""
    if isinstance(schema, dict):
        if "properties" in schema and "x-kubernetes-preserve-unknown-fields" not in schema:
            schema.setdefault("additionalProperties", False)
        # Numbers and texts alike, such as ports.
        if schema.pop("x-kubernetes-int-or-string", None):
            schema.pop("type", None)
        # Go's regular expressions may have it anywhere.
        if "(?i)" in str(schema.get("pattern", "")):
            schema["pattern"] = "(?i)" + schema["pattern"].replace("(?i)", "")
        for part in schema.values():
            strict(part)
    elif isinstance(schema, list):
        for part in schema:
            strict(part)
    return schema


def operator_schema(definitions, kind):
    path = os.path.join(definitions, f"monitoring.coreos.com_{kind.lower()}s.yaml")
    with open(path, encoding="utf-8") as file:
        versions = yaml.safe_load(file)["spec"]["versions"]
    schema = next(v for v in versions if v["name"] == "v1")["schema"]["openAPIV3Schema"]
    schema["properties"]["metadata"] = {"type": "object"}
    return strict(schema)


def check_schema(document, definitions):
    if document["apiVersion"] == "monitoring.coreos.com/v1":
        if os.path.isdir(definitions):
            jsonschema.validate(document, operator_schema(definitions, document["kind"]))
        return
    for release in RELEASES:
        kubernetes_validate.validate(document, release, strict=True)


def check_references(pod, documents):
    """Names within a manifest lead somewhere."""
    volumes = {volume["name"] for volume in pod["volumes"]}
    container = pod["containers"][0]
    mounts = {mount["name"] for mount in container["volumeMounts"]}
    expect(mounts == volumes, f"mounts {mounts} of volumes {volumes}")
    ports = {port["name"] for port in container["ports"]}
    for probe in ("livenessProbe", "readinessProbe"):
        expect(container[probe]["httpGet"]["port"] in ports, f"the port of {probe} has no name")
    for document in documents:
        spec = document.get("spec", {})
        used = []
        if document["kind"] == "Service":
            used = [port["targetPort"] for port in spec["ports"]]
        elif document["kind"] == "NetworkPolicy":
            used = [port["port"] for rule in spec["ingress"] for port in rule["ports"]]
        elif document["kind"] == "PodMonitor":
            used = [endpoint["port"] for endpoint in spec["podMetricsEndpoints"]]
        expect(set(used) <= ports, f"{document['kind']} uses the ports {used} of {ports}")


def check_selectors(daemonset, documents):
    labels = daemonset["spec"]["template"]["metadata"]["labels"].items()
    for document in documents:
        spec = document.get("spec", {})
        selector = {
            "DaemonSet": lambda: spec["selector"]["matchLabels"],
            "Service": lambda: spec["selector"],
            "NetworkPolicy": lambda: spec["podSelector"]["matchLabels"],
            "PodMonitor": lambda: spec["selector"]["matchLabels"],
        }.get(document["kind"], dict)()
        expect(selector.items() <= labels, f"{document['kind']} does not select the pods")


def check_rights(pod, documents):
    """No more than reading a socket takes."""
    expect("privileged" not in pod and not pod.get("hostPID"), "the pod has more than it needs")
    container = pod["containers"][0]
    context = container["securityContext"]
    expect(context["allowPrivilegeEscalation"] is False, "privileges can grow")
    expect(context["readOnlyRootFilesystem"] is True, "the root file system can be written")
    expect(context["capabilities"] == {"drop": ["ALL"]}, "there are capabilities")
    expect(pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, "there is no seccomp profile")
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    expect(mounts["cilium"]["readOnly"] is True, "Cilium's directory can be written")
    expect({"telemetry"} <= {p["name"] for p in container["ports"]} <= {"telemetry", "metrics"}, "another port is open")
    roles = [d for d in documents if d["kind"] in ("ClusterRole", "Role")]
    verbs = {verb for role in roles for rule in role["rules"] for verb in rule["verbs"]}
    expect(verbs <= {"get", "list", "watch"}, f"the role allows {verbs}")
    token = pod["automountServiceAccountToken"]
    expect(token == bool(roles), "a token without a role, or a role without a token")


def seconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h)", text).groups()
    return int(number) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[unit]


def check_pipeline(pipeline, pod, binary):
    container = pod["containers"][0]
    # Those of Secrets hold an address or a header, either of which this is.
    environment = {variable["name"]: variable.get("value", "https://of.a.secret:4317") for variable in container["env"]}
    environment["NODE_NAME"] = "node-a"
    run = subprocess.run(
        [binary, "validate", "-c", "-", "--deny-warnings"],
        input=pipeline, env=environment, text=True, capture_output=True, check=False,
    )
    expect(run.returncode == 0, f"the pipeline does not validate:\n{run.stderr}{run.stdout}")
    grace = re.search(r'^grace_period = "(.*)"$', pipeline, re.MULTILINE)
    grace = seconds(grace.group(1)) if grace else 10
    expect(pod["terminationGracePeriodSeconds"] > grace, "the pod is killed before its pipelines are drained")
    expand = lambda text: re.sub(r"\$\{env:(\w+)(?::-([^}]*))?\}", lambda m: environment.get(m[1], m[2]), text)
    listens = {expand(text) for text in re.findall(r'^listen = "(.*)"$', pipeline, re.MULTILINE)}
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    served = {f"{address}:{ports['telemetry']}" for address in ("0.0.0.0", "[::]")}
    expect(served & listens, f"the probes' port {ports} is not in {listens}")


def check(path, binary, definitions):
    with open(path, encoding="utf-8") as file:
        documents = [document for document in yaml.safe_load_all(file) if document]
    for document in documents:
        check_schema(document, definitions)
    daemonset = next(document for document in documents if document["kind"] == "DaemonSet")
    pod = daemonset["spec"]["template"]["spec"]
    check_references(pod, documents)
    check_selectors(daemonset, documents)
    check_rights(pod, documents)
    pipelines = [d["data"]["pipeline.toml"] for d in documents if d["kind"] == "ConfigMap" and "pipeline.toml" in d.get("data", {})]
    expect(len(pipelines) == 1, f"{len(pipelines)} pipelines")
    for pipeline in pipelines:
        check_pipeline(pipeline, pod, binary)


if __name__ == "__main__":
    binary, definitions, *paths = sys.argv[1:]
    for path in paths:
        try:
            check(path, binary, definitions)
        except jsonschema.ValidationError as error:
            faults.append(f"{path}: {error.json_path}: {error.message}")
    sys.exit("\n".join(faults) or 0)
