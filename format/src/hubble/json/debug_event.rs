//! `flow.DebugEvent`.

use tidegate_model::record::DebugEvent;

use super::flow::endpoint;
use super::object::Object;
use crate::hubble::debug::push_message;

pub(super) fn debug_event(object: &mut Object<'_>, event: &DebugEvent) {
    let [arg1, arg2, arg3] = event.args;
    object.enumeration("type", event.event_type.0, event.event_type.name());
    if let Some(source) = event.endpoint() {
        object.message("source", |object| endpoint(object, &source));
    }
    object.uint32_value("hash", Some(event.hash));
    object.uint32_value("arg1", Some(arg1));
    object.uint32_value("arg2", Some(arg2));
    object.uint32_value("arg3", Some(arg3));
    object.string_with("message", |out| push_message(out, event));
    object.int32_value("cpu", Some(event.cpu));
}
