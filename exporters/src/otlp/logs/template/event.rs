//! Templates for the event that a flow reports. There are far fewer kinds of events than events.

use tidegate_format::hubble::push_type;
use tidegate_model::flow::{
    AuthType, Direction, Flow, FlowType, IpVersion, L4, TcpFlags, Verdict, message_type,
};

use super::cache::TemplateCache;
use super::event_kind::{EventKey, EventKind};
use super::sections::Template;
use crate::otlp::logs::error_type::ErrorType;
use crate::otlp::logs::record_writer::{BODY_FORMAT, LogRecordWriter};
use crate::otlp::mapping;

/// Slots of the cache. A node has some dozens of kinds of events.
const SLOTS: usize = 512;

/// The sections for an event: [`LINE_END`] and [`ATTRIBUTES`].
pub(crate) type EventTemplate = Template<2>;

/// The end of the line.
pub(crate) const LINE_END: usize = 0;
/// Attributes from the protocols to the trace reason.
pub(crate) const ATTRIBUTES: usize = 1;

/// Templates of the most recent kinds of events.
#[derive(Debug)]
pub(crate) struct EventTemplates(TemplateCache<EventKey, 2>);

impl EventTemplates {
    pub(crate) fn new() -> Self {
        Self(TemplateCache::new(SLOTS))
    }

    /// Returns the template for a flow. Those of requests and responses depend on more than the
    /// [`EventKind`] and are not cached. `scratch` is a buffer for texts.
    pub(crate) fn get(&mut self, flow: &Flow, scratch: &mut String) -> &EventTemplate {
        let kind = EventKind::of(flow);
        if flow.l7.is_some() || flow.ip_trace_id != 0 {
            return self
                .0
                .build_uncached(|template| build(template, kind.version, flow, scratch));
        }
        self.0.get_or_build(&kind.key(), |template| {
            build(template, kind.version, &kind.to_flow(), scratch);
        })
    }
}

fn build(template: &mut EventTemplate, version: IpVersion, flow: &Flow, scratch: &mut String) {
    scratch.clear();
    BODY_FORMAT.push_event(scratch, flow);
    template.add_section(LINE_END, |out| out.extend_from_slice(scratch.as_bytes()));
    template.add_section(ATTRIBUTES, |out| {
        let mut out = LogRecordWriter::attributes_only(out, scratch);
        write_protocols(&mut out, version, &flow.l4);
        if flow.flow_type != FlowType::Unknown {
            out.string(mapping::FLOW_TYPE, flow.flow_type.name());
        }
        write_event(&mut out, flow);
        write_trace(&mut out, flow);
    });
}

/// Writes the names of the protocols, and header fields other than addresses and ports.
fn write_protocols(out: &mut LogRecordWriter<'_>, version: IpVersion, l4: &L4) {
    match version {
        IpVersion::V4 => out.string(mapping::NETWORK_TYPE, "ipv4"),
        IpVersion::V6 => out.string(mapping::NETWORK_TYPE, "ipv6"),
        IpVersion::NotUsed => {}
    }
    if let Some(name) = l4.name() {
        let lower = name.chars().map(|c| c.to_ascii_lowercase());
        out.string_with(mapping::NETWORK_TRANSPORT, |text| text.extend(lower));
    }
    match *l4 {
        L4::Tcp {
            flags: Some(flags), ..
        } => {
            let set = TcpFlags::NAMES
                .iter()
                .filter(|(bit, _)| flags.has(*bit))
                .map(|(_, name)| name);
            out.strings(mapping::TCP_FLAGS, set);
        }
        L4::Icmpv4 { icmp_type, code } | L4::Icmpv6 { icmp_type, code } => {
            out.int(mapping::ICMP_TYPE, icmp_type);
            out.int(mapping::ICMP_CODE, code);
        }
        _ => {}
    }
}

/// Writes what the event states. What is unknown is left out.
fn write_event(out: &mut LogRecordWriter<'_>, flow: &Flow) {
    if flow.verdict != Verdict::Unknown {
        out.string(mapping::VERDICT, flow.verdict.name());
    }
    if flow.drop_reason.0 != 0 {
        match flow.drop_reason.name() {
            Some(name) => out.string(mapping::DROP_REASON, name),
            None => out.display(mapping::DROP_REASON, flow.drop_reason.0),
        }
    }
    if let Some(error) = ErrorType::of(flow) {
        error.write(out);
    }
    if flow.message_type != 0 {
        match event_type_name(flow.message_type) {
            Some(name) => out.string(mapping::EVENT_TYPE, name),
            None => out.display(mapping::EVENT_TYPE, flow.message_type),
        }
        out.string_with(mapping::EVENT_SUB_TYPE, |text| push_type(text, flow));
    }
    if flow.direction != Direction::Unknown {
        out.string(mapping::TRAFFIC_DIRECTION, flow.direction.name());
    }
    if let Some(is_reply) = flow.is_reply {
        out.bool(mapping::IS_REPLY, is_reply);
    }
    write_policy_verdict(out, flow);
}

fn write_policy_verdict(out: &mut LogRecordWriter<'_>, flow: &Flow) {
    if flow.message_type == message_type::POLICY_VERDICT && flow.policy_match.is_known() {
        out.string(mapping::POLICY_MATCH_TYPE, flow.policy_match.name());
    }
    if flow.auth_type != AuthType::default() {
        match flow.auth_type.name() {
            Some(name) => out.string(mapping::AUTH_TYPE, name),
            None => out.display(mapping::AUTH_TYPE, flow.auth_type.0),
        }
    }
}

/// Returns the name of a message type, as in `pkg/monitor/api` (v1.19.4).
fn event_type_name(message_type: u8) -> Option<&'static str> {
    Some(match message_type {
        message_type::DROP => "drop",
        message_type::DEBUG => "debug",
        message_type::CAPTURE => "capture",
        message_type::TRACE => "trace",
        message_type::POLICY_VERDICT => "policy-verdict",
        message_type::RECORDER => "recorder",
        message_type::TRACE_SOCK => "trace-sock",
        message_type::ACCESS_LOG => "l7",
        message_type::AGENT => "agent",
        _ => return None,
    })
}

fn write_trace(out: &mut LogRecordWriter<'_>, flow: &Flow) {
    if flow.message_type != message_type::TRACE {
        return;
    }
    match flow.trace_point.name() {
        _ if flow.trace_point.0 == 0 => {}
        Some(name) => out.string(mapping::TRACE_OBSERVATION_POINT, name),
        None => out.display(mapping::TRACE_OBSERVATION_POINT, flow.trace_point.0),
    }
    match flow.trace_reason.name() {
        _ if flow.trace_reason.0 == 0 => {}
        Some(name) => out.string(mapping::TRACE_REASON, name),
        None => out.display(mapping::TRACE_REASON, flow.trace_reason.0),
    }
}
