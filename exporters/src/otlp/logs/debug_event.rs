//! Attributes of a debug event. Its text is in the body.
//!
//! | attribute | type | meaning |
//! | --- | --- | --- |
//! | `cilium.debug.type` | string | the message type: `DBG_CT_VERDICT` and the like, or its number |
//! | `cilium.debug.hash` | int | hash of the packet |
//! | `cilium.debug.arg1`, `cilium.debug.arg2`, `cilium.debug.arg3` | int | arguments, by message type |
//! | `cilium.debug.cpu` | int | the CPU that reported it |
//! | `cilium.endpoint.id` | int | endpoint on this node whose program sent it |
//! | `cilium.endpoint.identity` | int | its security identity |
//! | `cilium.endpoint.labels` | string[] | its labels |
//! | `k8s.namespace.name`, `k8s.pod.name` | string | its pod |

use tidegate_model::record::DebugEvent;

use super::attribute_key::key;
use super::record_writer::LogRecordWriter;

/// Writes the attributes of a debug event.
pub(super) fn write_attributes(out: &mut LogRecordWriter<'_>, event: &DebugEvent) {
    match event.event_type.name() {
        Some(name) => out.string(key!("cilium.debug.type"), name),
        None => out.display(key!("cilium.debug.type"), event.event_type.0),
    }
    let [arg1, arg2, arg3] = event.args;
    out.int(key!("cilium.debug.hash"), event.hash);
    out.int(key!("cilium.debug.arg1"), arg1);
    out.int(key!("cilium.debug.arg2"), arg2);
    out.int(key!("cilium.debug.arg3"), arg3);
    out.int(key!("cilium.debug.cpu"), event.cpu);
    out.non_zero_int(key!("cilium.endpoint.id"), event.source);
    out.non_zero_int(key!("cilium.endpoint.identity"), event.source_identity);
    if let Some(names) = &event.source_names {
        out.strings(key!("cilium.endpoint.labels"), &names.labels[..]);
        out.non_empty_string(key!("k8s.namespace.name"), &names.namespace);
        out.non_empty_string(key!("k8s.pod.name"), &names.pod_name);
    }
}
