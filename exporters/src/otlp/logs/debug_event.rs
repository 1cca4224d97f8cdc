//! Attributes of a debug event. Its text is in the body.

use tidegate_model::record::DebugEvent;

use super::format::Labels;
use super::record_writer::LogRecordWriter;
use crate::otlp::mapping;

/// Writes the attributes of a debug event.
pub(super) fn write_attributes(out: &mut LogRecordWriter<'_>, event: &DebugEvent, labels: Labels) {
    match event.event_type.name() {
        _ if event.event_type.0 == 0 => {}
        Some(name) => out.string(mapping::DEBUG_TYPE, name),
        None => out.display(mapping::DEBUG_TYPE, event.event_type.0),
    }
    let [arg1, arg2, arg3] = event.args;
    out.int(mapping::DEBUG_HASH, event.hash);
    out.int(mapping::DEBUG_ARG1, arg1);
    out.int(mapping::DEBUG_ARG2, arg2);
    out.int(mapping::DEBUG_ARG3, arg3);
    out.int(mapping::DEBUG_CPU, event.cpu);
    out.non_zero_int(mapping::ENDPOINT_ID, event.source);
    out.non_zero_int(mapping::ENDPOINT_IDENTITY, event.source_identity);
    if let Some(names) = &event.source_names {
        out.labels(mapping::ENDPOINT_LABELS, &names.labels, labels);
        out.non_empty_string(mapping::K8S_NAMESPACE_NAME, &names.namespace);
        out.non_empty_string(mapping::K8S_POD_NAME, &names.pod_name);
    }
}
