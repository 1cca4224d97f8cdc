"""What stores of logs have to answer."""

from process import Failure, wait_until

# How long records may take to be visible, in seconds.
VISIBLE = 30


def attributes(flow):
    """Attributes of the log record of a flow that has them all."""
    layer4 = next(iter(flow["l4"].values()))
    return {
        "cilium.verdict": flow["verdict"],
        "cilium.flow.type": flow["Type"],
        "source.address": flow["IP"]["source"],
        "destination.address": flow["IP"]["destination"],
        "source.port": str(layer4["source_port"]),
        "destination.port": str(layer4["destination_port"]),
        "cilium.source.k8s.pod.name": flow["source"]["pod_name"],
        "cilium.source.k8s.namespace.name": flow["source"]["namespace"],
        "cilium.source.identity": str(flow["source"]["identity"]),
    }


def is_example(flow):
    """Whether a flow has all the attributes that are compared."""
    source = flow.get("source", {})
    ports = next(iter(flow.get("l4", {"": {}}).values()))
    return flow.get("Type") == "L3_L4" and "pod_name" in source and "source_port" in ports


def check(run, uids, record, field_name=str):
    """Checks that a store has each record once, and one record's attributes.

    `uids` returns the unique ids that it has, `record` the fields of the record with one. `field_name` makes the store's
    name of an attribute.
    """
    flows = run.flows
    try:
        wait_until("all records are visible", lambda: len(uids()) >= len(flows), VISIBLE)
    except Failure as failure:
        run.result.faults.append(str(failure))
    found = uids()
    run.result.found = len(found)
    run.result.expect(len(set(found)) == len(found), f"{len(found) - len(set(found))} records are there twice")
    run.result.expect(set(found) == flows.keys(), f"{len(flows.keys() - set(found))} records are not there")
    uid = next(uid for uid, flow in flows.items() if is_example(flow))
    fields = record(uid)
    for name, value in attributes(flows[uid]).items():
        found_value = fields.get(field_name(name))
        run.result.expect(found_value == value, f"{name} is {found_value!r}, not {value!r}")
    run.result.notes.append(f"{len(fields)} fields of {uid}")
