//! The lines of `hubble observe -o compact`: `hubble/pkg/printer` (v1.19.4).
//!
//! Agent events and debug events are those of `hubble observe agent-events` and `debug-events`.
//!
//! Two things differ. Policy verdicts show their match type and direction, as with
//! `--use-default-field-masks=false` and in later versions. And of the control characters that a
//! peer can put into a name, Hubble escapes ESC and CR; here every one is, so that a record is one
//! line.

mod agent_event;
mod color;
mod debug_event;
mod event_type;
mod peer;

pub use event_type::push_type;
pub use peer::Peer;

use color::{Color, painted};
use event_type::push_or_number;
use tidegate_model::Timestamp;
use tidegate_model::flow::{AuthType, Flow, Verdict, message_type, reserved_identity};
use tidegate_model::record::{AgentEvent, DebugEvent, Lost};

use super::escape::{Escapes, escaped};
use super::push_summary;
use crate::text::{push_decimal, push_hex, push_signed, push_stamp};

/// Hubble's escapes for ESC and CR, and C's for the other control characters.
struct Controls;

impl Escapes for Controls {
    fn suspects(byte: u8) -> bool {
        matches!(byte, 0..0x20 | 0x7f | 0xc2)
    }

    fn replace(out: &mut String, c: char) -> bool {
        match c {
            '\u{1b}' => out.push_str("^["),
            '\r' => out.push_str("\\r"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{ff}' if c.is_control() => {
                out.push_str("\\x");
                push_hex(out, c as u8);
            }
            _ => return false,
        }
        true
    }
}

/// Writes one line a record. Only names and messages hold texts that a peer can choose, so nothing
/// else is escaped.
#[derive(Clone, Copy, Debug, Default)]
pub struct Compact {
    /// Whether hosts, ports, identities and verdicts have Hubble's colours.
    pub color: bool,
}

impl Compact {
    /// Appends a flow's line. Replies are shown from the side that was asked, with the arrow
    /// turned.
    pub fn push_flow(self, out: &mut String, flow: &Flow) {
        push_stamp(out, flow.time);
        out.push_str(": ");
        self.push_flow_text(out, flow);
        out.push('\n');
    }

    /// Appends what stands behind the time in a flow's line.
    pub fn push_flow_text(self, out: &mut String, flow: &Flow) {
        let (source, destination) = (Peer::source(flow), Peer::destination(flow));
        let (near, far) = if flow.is_reply == Some(true) {
            (destination, source)
        } else {
            (source, destination)
        };
        self.push_peer(out, &near);
        out.push_str(arrow(flow));
        self.push_peer(out, &far);
        self.push_event(out, flow);
    }

    /// Appends what stands behind the sides in a flow's line.
    pub fn push_event(self, out: &mut String, flow: &Flow) {
        out.push(' ');
        match flow.l7 {
            Some(_) => escaped::<Controls>(out, |out| push_type(out, flow)),
            None => push_type(out, flow),
        }
        out.push(' ');
        self.push_verdict(out, flow);
        out.push_str(" (");
        self.push_details(out, flow);
        out.push(')');
    }

    /// Appends the line of an agent event.
    pub fn push_agent_event(self, out: &mut String, event: &AgentEvent) {
        push_stamp(out, event.time);
        out.push_str(": ");
        self.push_agent_event_text(out, event);
        out.push('\n');
    }

    /// Appends what stands behind the time in the line of an agent event.
    pub fn push_agent_event_text(self, out: &mut String, event: &AgentEvent) {
        out.push_str(event.event_type.name());
        out.push_str(" (");
        escaped::<Controls>(out, |out| agent_event::push_details(out, event));
        out.push(')');
    }

    /// Appends the line of a debug event.
    pub fn push_debug_event(self, out: &mut String, event: &DebugEvent) {
        push_stamp(out, event.time);
        out.push_str(": ");
        self.push_debug_event_text(out, event);
        out.push('\n');
    }

    /// Appends what stands behind the time in the line of a debug event.
    pub fn push_debug_event_text(self, out: &mut String, event: &DebugEvent) {
        debug_event::push(out, event);
    }

    /// Appends the line of a loss.
    pub fn push_lost(self, out: &mut String, lost: &Lost) {
        push_stamp(out, lost.time);
        out.push(' ');
        self.push_lost_text(out, lost);
        out.push('\n');
    }

    /// Appends what stands behind the time in the line of a loss.
    pub fn push_lost_text(self, out: &mut String, lost: &Lost) {
        out.push_str("EVENTS LOST: ");
        out.push_str(lost.source.name());
        out.push_str(" CPU(");
        push_signed(out, lost.cpu.unwrap_or_default());
        out.push_str(") ");
        push_decimal(out, lost.count);
        if let Some(span) = lost.span {
            push_span(out, span);
        }
    }

    fn push_peer(self, out: &mut String, peer: &Peer<'_>) {
        if peer.is_host() {
            painted(out, self.color, Color::Cyan, |out| {
                self.push_host(out, peer)
            });
        }
        out.push(' ');
        painted(out, self.color, Color::Magenta, |out| {
            push_identity(out, peer.endpoint.identity)
        });
    }

    fn push_host(self, out: &mut String, peer: &Peer<'_>) {
        let start = out.len();
        self.push_name(out, peer);
        if let Some(port) = peer.port {
            if !peer.is_ipv4() && out[start..].contains(':') {
                out.insert(start, '[');
                out.push(']');
            }
            out.push(':');
            painted(out, self.color, Color::Yellow, |out| {
                push_decimal(out, port)
            });
        }
    }

    /// Appends the name of a side that is a host.
    pub fn push_name(self, out: &mut String, peer: &Peer<'_>) {
        match peer.is_ipv4() {
            true => peer.push_name(out),
            false => escaped::<Controls>(out, |out| peer.push_name(out)),
        }
    }

    fn push_verdict(self, out: &mut String, flow: &Flow) {
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
        painted(out, self.color, color, |out| out.push_str(text));
    }

    fn push_details(self, out: &mut String, flow: &Flow) {
        if flow.ip_trace_id != 0 {
            out.push_str("IP Trace ID: ");
            push_decimal(out, flow.ip_trace_id);
            out.push_str("; ");
        }
        match flow.l7 {
            Some(_) => escaped::<Controls>(out, |out| push_summary(out, flow)),
            None => push_summary(out, flow),
        }
        if flow.auth_type != AuthType::default() {
            out.push_str("; Auth: ");
            let color = if flow.auth_type.0 == 2 {
                Color::Red
            } else {
                Color::Green
            };
            painted(out, self.color, color, |out| push_auth(out, flow.auth_type));
        }
    }
}

/// What stands between the sides. That of a reply is turned, and the sides with it.
pub fn arrow(flow: &Flow) -> &'static str {
    match flow.is_reply {
        Some(false) => " -> ",
        Some(true) => " <- ",
        None => " <> ",
    }
}

/// An identity, in parentheses.
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

fn push_span(out: &mut String, (first, last): (Timestamp, Timestamp)) {
    out.push_str(" (first: ");
    push_stamp(out, first);
    out.push_str(", last: ");
    push_stamp(out, last);
    out.push(')');
}
