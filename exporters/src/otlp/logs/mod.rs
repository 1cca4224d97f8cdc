//! Flows, agent events, debug events and lost reports as OTLP log records.
//!
//! All have `time_unix_nano`, the time of receipt; `observed_time_unix_nano`, when the exporter
//! took them; and a `body`, the line of `hubble observe` without its time.
//!
//! | record | `event_name` | `severity` | `attributes` |
//! | --- | --- | --- | --- |
//! | flow | `hubble.flow` | WARN for the verdicts DROPPED and ERROR, else INFO | [`flow`] and [`l7`] |
//! | agent event | `hubble.agent_event` | WARN for a failed regeneration, else INFO | [`agent_event`] |
//! | debug event | `hubble.debug_event` | DEBUG | [`debug_event`] |
//! | lost report | `hubble.lost_events` | WARN | [`lost`] |
//!
//! A flow has the `trace_id` of its request, if the headers held one.
//!
//! Records are written in one pass by [`writer`]. What one flow says of its event and of its sides,
//! another one says as well: such pieces are kept by [`recent`] in tables of fixed size, some 1.5
//! MiB at the very most, and copied.

mod agent_event;
mod debug_event;
mod envelope;
mod event;
mod flow;
mod headers;
mod key;
mod l7;
mod line;
mod lost;
mod piece;
mod recent;
mod request;
mod side;
mod tickets;
mod writer;

pub(super) use envelope::Envelope;
pub(super) use request::{BatchConfig, LogRequestBuilder, Placement};
pub(super) use tickets::{InFlightTickets, RequestTickets};

use tidegate_model::Timestamp;
use tidegate_model::flow::{Flow, Verdict};
use tidegate_model::record::{AgentEvent, AgentEventType, DebugEvent, Lost, Record};
use tidegate_runtime::component::BuildContext;

use self::event::Events;
use self::flow::Pieces;
use self::headers::HeaderNames;
use self::side::{DESTINATION, SOURCE, Sides};
use self::writer::{Head, Severity, Tail, Writer};
use tidegate_format::hubble::{Compact, FlowIds, FlowPeer};

/// Writes the bodies.
const LINE: Compact = Compact { color: false };

/// Event name of flows.
const FLOW: &str = "hubble.flow";
/// Event name of agent events.
const AGENT_EVENT: &str = "hubble.agent_event";
/// Event name of debug events.
const DEBUG_EVENT: &str = "hubble.debug_event";
/// Event name of lost reports.
const LOST: &str = "hubble.lost_events";

/// Turns records into encoded log records. Its memory is reused.
#[derive(Debug)]
pub struct Encoder {
    text: String,
    flow_ids: FlowIds,
    headers: HeaderNames,
    events: Events,
    sources: Sides,
    destinations: Sides,
}

impl Encoder {
    /// For flows of the context's node; the HTTP headers of these names become attributes, with `*`
    /// all.
    #[must_use]
    pub fn new(context: &BuildContext, http_headers: &[String]) -> Self {
        Self {
            text: String::new(),
            flow_ids: FlowIds::new(&context.node_name),
            headers: HeaderNames::new(http_headers),
            events: Events::new(),
            sources: Sides::new(&SOURCE),
            destinations: Sides::new(&DESTINATION),
        }
    }

    /// Appends a flow or another event to `out`, as a field of `ScopeLogs`. Any other record yields
    /// no bytes.
    pub fn encode(&mut self, record: &Record, observed: Timestamp, out: &mut Vec<u8>) {
        self.text.clear();
        match record {
            Record::Flow(flow) => self.flow(flow, observed, out),
            Record::AgentEvent(event) => self.agent_event(event, observed, out),
            Record::DebugEvent(event) => self.debug_event(event, observed, out),
            Record::Lost(lost) => self.lost(lost, observed, out),
            _ => {}
        }
    }

    fn flow(&mut self, flow: &Flow, observed: Timestamp, out: &mut Vec<u8>) {
        let severity = match flow.verdict {
            Verdict::Dropped | Verdict::Error => Severity::Warn,
            _ => Severity::Info,
        };
        let (source, destination) = (FlowPeer::source(flow), FlowPeer::destination(flow));
        let pieces = Pieces {
            source: self.sources.of(&source, &mut self.text),
            destination: self.destinations.of(&destination, &mut self.text),
            event: self.events.of(flow, &mut self.text),
        };
        let mut writer = Writer::begin(
            out,
            &Head {
                time: flow.time,
                severity,
            },
            &mut self.text,
        );
        line::write(&mut writer, flow, pieces, [source.port, destination.port]);
        flow::write(&mut writer, flow, pieces, self.flow_ids.id(flow));
        if let Some(l7) = &flow.l7 {
            l7::write(&mut writer, l7, &self.headers);
        }
        let trace_id = flow
            .l7
            .as_ref()
            .and_then(|l7| l7.trace_id.as_deref())
            .and_then(trace_id);
        writer.end(&Tail {
            trace_id,
            observed,
            event_name: FLOW,
        });
    }

    fn agent_event(&mut self, event: &AgentEvent, observed: Timestamp, out: &mut Vec<u8>) {
        let severity = match event.event_type {
            AgentEventType::EndpointRegenerateFailure => Severity::Warn,
            _ => Severity::Info,
        };
        LINE.push_agent_event_text(&mut self.text, event);
        let mut writer = Writer::begin_with_text(
            out,
            &Head {
                time: event.time,
                severity,
            },
            &mut self.text,
        );
        agent_event::write(&mut writer, event);
        writer.end(&Tail {
            trace_id: None,
            observed,
            event_name: AGENT_EVENT,
        });
    }

    fn debug_event(&mut self, event: &DebugEvent, observed: Timestamp, out: &mut Vec<u8>) {
        LINE.push_debug_event_text(&mut self.text, event);
        let mut writer = Writer::begin_with_text(
            out,
            &Head {
                time: event.time,
                severity: Severity::Debug,
            },
            &mut self.text,
        );
        debug_event::write(&mut writer, event);
        writer.end(&Tail {
            trace_id: None,
            observed,
            event_name: DEBUG_EVENT,
        });
    }

    fn lost(&mut self, lost: &Lost, observed: Timestamp, out: &mut Vec<u8>) {
        LINE.push_lost_text(&mut self.text, lost);
        let mut writer = Writer::begin_with_text(
            out,
            &Head {
                time: lost.time,
                severity: Severity::Warn,
            },
            &mut self.text,
        );
        lost::write(&mut writer, lost);
        writer.end(&Tail {
            trace_id: None,
            observed,
            event_name: LOST,
        });
    }
}

/// Reads 32 hexadecimal digits. An id of zeros is none.
fn trace_id(text: &str) -> Option<[u8; 16]> {
    let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let id = is_hex
        .then(|| u128::from_str_radix(text, 16).ok())
        .flatten()?;
    (id != 0).then(|| id.to_be_bytes())
}

#[cfg(test)]
mod tests;
