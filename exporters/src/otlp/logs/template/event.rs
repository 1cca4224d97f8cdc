//! Templates for the event that a flow reports. There are far fewer kinds of events than events.

use tidegate_format::hubble::push_type;
use tidegate_model::flow::{AuthType, Flow, IpVersion, L4, TcpFlags, message_type};

use super::cache::TemplateCache;
use super::event_kind::{EventKey, EventKind};
use super::sections::Template;
use crate::otlp::logs::attribute_key::key;
use crate::otlp::logs::record_writer::{BODY_FORMAT, LogRecordWriter};

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
        out.string(key!("cilium.flow.type"), flow.flow_type.name());
        write_event(&mut out, flow);
        write_trace(&mut out, flow);
    });
}

/// Writes the names of the protocols, and header fields other than addresses and ports.
fn write_protocols(out: &mut LogRecordWriter<'_>, version: IpVersion, l4: &L4) {
    match version {
        IpVersion::V4 => out.string(key!("network.type"), "ipv4"),
        IpVersion::V6 => out.string(key!("network.type"), "ipv6"),
        IpVersion::NotUsed => {}
    }
    if let Some(name) = l4.name() {
        let lower = name.chars().map(|c| c.to_ascii_lowercase());
        out.string_with(key!("network.transport"), |text| text.extend(lower));
    }
    match *l4 {
        L4::Tcp {
            flags: Some(flags), ..
        } => {
            let set = TcpFlags::NAMES
                .iter()
                .filter(|(bit, _)| flags.has(*bit))
                .map(|(_, name)| name);
            out.strings(key!("cilium.tcp.flags"), set);
        }
        L4::Icmpv4 { icmp_type, code } | L4::Icmpv6 { icmp_type, code } => {
            out.int(key!("cilium.icmp.type"), icmp_type);
            out.int(key!("cilium.icmp.code"), code);
        }
        _ => {}
    }
}

fn write_event(out: &mut LogRecordWriter<'_>, flow: &Flow) {
    out.string(key!("cilium.verdict"), flow.verdict.name());
    if flow.drop_reason.0 != 0 {
        match flow.drop_reason.name() {
            Some(name) => out.string(key!("cilium.drop_reason"), name),
            None => out.display(key!("cilium.drop_reason"), flow.drop_reason.0),
        }
    }
    match event_type_name(flow.message_type) {
        Some(name) => out.string(key!("cilium.event.type"), name),
        None => out.display(key!("cilium.event.type"), flow.message_type),
    }
    out.string_with(key!("cilium.event.sub_type"), |text| push_type(text, flow));
    out.string(key!("cilium.traffic_direction"), flow.direction.name());
    if let Some(is_reply) = flow.is_reply {
        out.bool(key!("cilium.is_reply"), is_reply);
    }
    if flow.message_type == message_type::POLICY_VERDICT {
        out.string(key!("cilium.policy_match_type"), flow.policy_match.name());
    }
    if flow.auth_type != AuthType::default() {
        match flow.auth_type.name() {
            Some(name) => out.string(key!("cilium.auth_type"), name),
            None => out.display(key!("cilium.auth_type"), flow.auth_type.0),
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
    if flow.message_type == message_type::TRACE {
        match flow.trace_point.name() {
            Some(name) => out.string(key!("cilium.trace_observation_point"), name),
            None => out.display(key!("cilium.trace_observation_point"), flow.trace_point.0),
        }
        match flow.trace_reason.name() {
            Some(name) => out.string(key!("cilium.trace_reason"), name),
            None => out.display(key!("cilium.trace_reason"), flow.trace_reason.0),
        }
    }
}
