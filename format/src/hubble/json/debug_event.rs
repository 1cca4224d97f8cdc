//! `flow.DebugEvent`.

use tidegate_model::record::DebugEvent;

use super::flow::endpoint;
use super::object::Object;
use crate::hubble::debug::push_message;

pub(super) fn debug_event(object: &mut Object<'_>, event: &DebugEvent) {
    let [arg1, arg2, arg3] = event.args;
    object.symbol("type", event.event_type.0, event.event_type.name());
    if let Some(source) = event.endpoint() {
        object.object("source", |object| endpoint(object, &source));
    }
    object.wrapped("hash", Some(event.hash));
    object.wrapped("arg1", Some(arg1));
    object.wrapped("arg2", Some(arg2));
    object.wrapped("arg3", Some(arg3));
    object.composed("message", |out| push_message(out, event));
    object.wrapped_signed("cpu", Some(event.cpu));
}
