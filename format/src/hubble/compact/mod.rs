//! The lines of `hubble observe -o compact`, and those of `hubble observe agent-events` and
//! `debug-events` (`hubble/pkg/printer`, v1.19.4).
//!
//! There are two differences. Policy verdicts show their match type and direction, as with
//! `--use-default-field-masks=false` and in later versions. And every control character in a name
//! or a message is escaped, so that a record is always one line; Hubble escapes only ESC and CR.

mod agent_event;
mod color;
mod debug_event;
mod event_type;
mod peer;

pub use event_type::push_type;
pub use peer::FlowPeer;

pub(super) use debug_event::{push_cpu, push_debug_type, push_endpoint, push_mark};
pub(super) use peer::Peers;

use std::fmt::Write;

use color::{Color, colored};
use event_type::push_or_number;
use tidegate_model::Timestamp;
use tidegate_model::flow::{AuthType, Flow, Policy, Verdict, message_type, reserved_identity};
use tidegate_model::record::{AgentEvent, DebugEvent, Lost};

use super::escape::{Escapes, escaped};
use super::push_summary;
use crate::text::{TimeFormat, push_decimal, push_signed, push_time};

/// Appends the policies that allowed or denied a flow, if they are from named resources. As in
/// Hubble, not those of an audited one.
fn push_policy_names(out: &mut String, flow: &Flow) {
    let Some((_, applied)) = flow.policies().filter(|_| flow.verdict != Verdict::Audit) else {
        return;
    };
    let is_named = |policy: &&Policy| !policy.kind.is_empty() && !policy.name.is_empty();
    for (at, policy) in applied.policies.iter().filter(is_named).enumerate() {
        out.push_str(if at == 0 { " BY " } else { ", " });
        escaped::<ControlEscapes>(out, |out| {
            out.extend([&policy.name, " (", &policy.kind, ")"]);
        });
    }
}

/// Hubble's escapes of ESC and CR, and C's of the other control characters.
struct ControlEscapes;

impl Escapes for ControlEscapes {
    fn may_begin(byte: u8) -> bool {
        matches!(byte, 0..0x20 | 0x7f | 0xc2)
    }

    fn replace(out: &mut String, c: char) -> bool {
        match c {
            '\u{1b}' => out.push_str("^["),
            '\r' => out.push_str("\\r"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                write!(out, "\\x{:02x}", u32::from(c)).expect("writing to a String cannot fail");
            }
            _ => return false,
        }
        true
    }
}

/// Writes one line per record. Only names and messages contain text that a peer can choose, so only
/// they are escaped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compact {
    /// Whether hosts, ports, identities and verdicts are coloured as in Hubble.
    pub color: bool,
    /// Whether hosts are shown by address, without names of pods, services and DNS.
    pub numeric: bool,
    /// Whether the verdict of a policy is followed by the policies that it is derived from.
    pub policy_names: bool,
    /// The format of times.
    pub time_format: TimeFormat,
}

impl Compact {
    /// Names, no colours, and times as `hubble observe` prints them by default.
    pub const PLAIN: Self = Self {
        color: false,
        numeric: false,
        policy_names: false,
        time_format: TimeFormat::StampMilli,
    };

    /// The default settings, with or without colours.
    #[must_use]
    pub const fn with_color(color: bool) -> Self {
        Self {
            color,
            ..Self::PLAIN
        }
    }

    /// Appends a time; `N/A` if it is unknown.
    pub fn push_time(self, out: &mut String, time: Timestamp) {
        push_time(out, self.time_format, time);
    }

    /// Appends the line of a flow. As in Hubble, the server of a reply is on the right, and the
    /// arrow points to the left.
    pub fn push_flow(self, out: &mut String, flow: &Flow) {
        self.push_time(out, flow.time);
        out.push_str(": ");
        self.push_flow_text(out, flow);
        out.push('\n');
    }

    /// Appends the line of a flow without the time and the line end.
    pub fn push_flow_text(self, out: &mut String, flow: &Flow) {
        let Peers {
            source,
            destination,
        } = self.peers(flow);
        let (left, right) = if flow.is_reply == Some(true) {
            (destination, source)
        } else {
            (source, destination)
        };
        self.push_peer(out, &left);
        out.push_str(arrow(flow));
        self.push_peer(out, &right);
        self.push_event(out, flow);
    }

    /// Appends the part of a flow's line that follows the peers: event type, verdict and details.
    pub fn push_event(self, out: &mut String, flow: &Flow) {
        out.push(' ');
        self.push_event_type(out, flow);
        out.push(' ');
        self.push_verdict(out, flow);
        out.push_str(" (");
        self.push_details(out, flow);
        out.push(')');
    }

    /// Appends the line of an agent event.
    pub fn push_agent_event(self, out: &mut String, event: &AgentEvent) {
        self.push_time(out, event.time);
        out.push_str(": ");
        self.push_agent_event_text(out, event);
        out.push('\n');
    }

    /// Appends the line of an agent event without the time and the line end.
    pub fn push_agent_event_text(self, out: &mut String, event: &AgentEvent) {
        out.push_str(event.event_type.name());
        out.push_str(" (");
        self.push_agent_event_details(out, event);
        out.push(')');
    }

    /// Appends the line of a debug event.
    pub fn push_debug_event(self, out: &mut String, event: &DebugEvent) {
        self.push_time(out, event.time);
        out.push_str(": ");
        self.push_debug_event_text(out, event);
        out.push('\n');
    }

    /// Appends the line of a debug event without the time and the line end.
    pub fn push_debug_event_text(self, out: &mut String, event: &DebugEvent) {
        debug_event::push_debug_event(out, event);
    }

    /// Appends the line of a report of lost events.
    pub fn push_lost(self, out: &mut String, lost: &Lost) {
        self.push_time(out, lost.time);
        out.push(' ');
        self.push_lost_text(out, lost);
        out.push('\n');
    }

    /// Appends the line of a report of lost events without the time and the line end.
    pub fn push_lost_text(self, out: &mut String, lost: &Lost) {
        out.push_str("EVENTS LOST: ");
        out.push_str(lost.source.name());
        out.push(' ');
        self.push_lost_count(out, lost, " ");
    }

    /// Appends the details of an agent event.
    pub(super) fn push_agent_event_details(self, out: &mut String, event: &AgentEvent) {
        escaped::<ControlEscapes>(out, |out| {
            agent_event::push_details(out, event, self.time_format);
        });
    }

    /// Appends the CPU, the number of lost events, and when they were lost.
    pub(super) fn push_lost_count(self, out: &mut String, lost: &Lost, separator: &str) {
        out.push_str("CPU(");
        push_signed(out, lost.cpu.unwrap_or_default());
        out.push(')');
        out.push_str(separator);
        push_decimal(out, lost.count);
        if let Some((first, last)) = lost.span {
            out.push_str(" (first: ");
            self.push_time(out, first);
            out.push_str(", last: ");
            self.push_time(out, last);
            out.push(')');
        }
    }

    /// The source and the destination of a flow, with or without names.
    pub(super) fn peers(self, flow: &Flow) -> Peers<'_> {
        Peers {
            source: FlowPeer::source(flow).with_names(!self.numeric),
            destination: FlowPeer::destination(flow).with_names(!self.numeric),
        }
    }

    fn push_peer(self, out: &mut String, peer: &FlowPeer<'_>) {
        self.push_host(out, peer);
        out.push(' ');
        colored(out, self.color, Color::Magenta, |out| {
            push_identity(out, peer.endpoint.identity)
        });
    }

    /// Appends the name and the port of a peer; nothing if it has no address.
    pub(super) fn push_host(self, out: &mut String, peer: &FlowPeer<'_>) {
        if peer.is_host() {
            colored(out, self.color, Color::Cyan, |out| {
                self.push_host_text(out, peer)
            });
        }
    }

    fn push_host_text(self, out: &mut String, peer: &FlowPeer<'_>) {
        let start = out.len();
        self.push_name(out, peer);
        if let Some(port) = peer.port {
            if !peer.is_ipv4() && out[start..].contains(':') {
                out.insert(start, '[');
                out.push(']');
            }
            out.push(':');
            colored(out, self.color, Color::Yellow, |out| {
                push_decimal(out, port)
            });
        }
    }

    /// Appends the name of a peer that is a host.
    pub fn push_name(self, out: &mut String, peer: &FlowPeer<'_>) {
        match peer.is_ipv4() {
            true => peer.push_name(out),
            false => escaped::<ControlEscapes>(out, |out| peer.push_name(out)),
        }
    }

    /// Appends the event type of a flow, escaped.
    pub(super) fn push_event_type(self, out: &mut String, flow: &Flow) {
        match flow.l7 {
            Some(_) => escaped::<ControlEscapes>(out, |out| push_type(out, flow)),
            None => push_type(out, flow),
        }
    }

    /// Appends the verdict; that of a policy has words of its own.
    pub(super) fn push_verdict(self, out: &mut String, flow: &Flow) {
        let (color, policy_text) = match flow.verdict {
            Verdict::Forwarded | Verdict::Redirected => (Color::Green, "ALLOWED"),
            Verdict::Dropped | Verdict::Error => (Color::Red, "DENIED"),
            Verdict::Audit => (Color::Yellow, "AUDITED"),
            Verdict::Traced | Verdict::Translated => (Color::Yellow, flow.verdict.name()),
            Verdict::Unknown => return out.push_str(flow.verdict.name()),
        };
        let is_policy = flow.message_type == message_type::POLICY_VERDICT;
        let text = if is_policy {
            policy_text
        } else {
            flow.verdict.name()
        };
        colored(out, self.color, color, |out| {
            out.push_str(text);
            if self.policy_names && is_policy {
                push_policy_names(out, flow);
            }
        });
    }

    /// Appends the trace id, the summary and the authentication of a flow.
    pub(super) fn push_details(self, out: &mut String, flow: &Flow) {
        if flow.ip_trace_id != 0 {
            out.push_str("IP Trace ID: ");
            push_decimal(out, flow.ip_trace_id);
            out.push_str("; ");
        }
        match flow.l7 {
            Some(_) => escaped::<ControlEscapes>(out, |out| push_summary(out, flow)),
            None => push_summary(out, flow),
        }
        if flow.auth_type != AuthType::default() {
            out.push_str("; Auth: ");
            let color = if flow.auth_type.0 == 2 {
                Color::Red
            } else {
                Color::Green
            };
            colored(out, self.color, color, |out| push_auth(out, flow.auth_type));
        }
    }
}

/// Returns the arrow between the peers of a flow.
pub fn arrow(flow: &Flow) -> &'static str {
    match flow.is_reply {
        Some(false) => " -> ",
        Some(true) => " <- ",
        None => " <> ",
    }
}

/// Appends an identity, in parentheses: its name if it is reserved, or its number.
pub fn push_identity(out: &mut String, identity: u32) {
    match reserved_identity(identity) {
        Some(name) => {
            out.push('(');
            out.push_str(name);
        }
        None => {
            out.push_str("(ID:");
            push_decimal(out, identity);
        }
    }
    out.push(')');
}

fn push_auth(out: &mut String, auth: AuthType) {
    push_or_number(out, auth.name(), auth.0);
}
