//! Encodes records as log records.

use tidegate_format::hubble::FlowPeer;
use tidegate_model::Timestamp;
use tidegate_model::flow::{Flow, FlowIds, Verdict};
use tidegate_model::record::{AgentEvent, AgentEventType, DebugEvent, Lost, Record};
use tidegate_runtime::component::BuildContext;

use super::header_filter::HeaderFilter;
use super::record_writer::{BODY_FORMAT, LogRecordWriter, RecordHeader, RecordTrailer, Severity};
use super::template::{DESTINATION, EventTemplates, FlowTemplates, PeerTemplates, SOURCE};
use super::{agent_event, body, debug_event, flow, l7, lost};

/// Event name of flows.
const FLOW: &str = "hubble.flow";
/// Event name of agent events.
const AGENT_EVENT: &str = "hubble.agent_event";
/// Event name of debug events.
const DEBUG_EVENT: &str = "hubble.debug_event";
/// Event name of lost reports.
const LOST: &str = "hubble.lost_events";

/// Encodes records as log records. Its memory is reused.
#[derive(Debug)]
pub struct Encoder {
    scratch: String,
    flow_ids: FlowIds,
    headers: HeaderFilter,
    events: EventTemplates,
    sources: PeerTemplates,
    destinations: PeerTemplates,
}

impl Encoder {
    /// Creates an encoder for flows of the context's node. HTTP headers with these names become
    /// attributes; `*` selects all of them.
    #[must_use]
    pub fn new(context: &BuildContext, http_headers: &[String]) -> Self {
        Self {
            scratch: String::new(),
            flow_ids: FlowIds::new(&context.node_name),
            headers: HeaderFilter::new(http_headers),
            events: EventTemplates::new(),
            sources: PeerTemplates::new(&SOURCE),
            destinations: PeerTemplates::new(&DESTINATION),
        }
    }

    /// Appends a flow or another event to `out`, as a field of `ScopeLogs`. Other records append
    /// nothing.
    pub fn encode(&mut self, record: &Record, observed: Timestamp, out: &mut Vec<u8>) {
        self.scratch.clear();
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
        let source = FlowPeer::source(flow);
        let destination = FlowPeer::destination(flow);
        let templates = FlowTemplates {
            source: self.sources.get(&source, &mut self.scratch),
            destination: self.destinations.get(&destination, &mut self.scratch),
            event: self.events.get(flow, &mut self.scratch),
        };
        let header = RecordHeader {
            time: flow.time,
            severity,
        };
        let mut writer = LogRecordWriter::begin(out, &header, &mut self.scratch);
        let ports = [source.port, destination.port];
        body::write_flow(&mut writer, flow, templates, ports);
        flow::write_attributes(&mut writer, flow, templates, self.flow_ids.id(flow));
        if let Some(l7) = &flow.l7 {
            l7::write_attributes(&mut writer, l7, &self.headers);
        }
        writer.finish(&RecordTrailer {
            trace_context: flow.l7.as_ref().and_then(|l7| l7.trace_context),
            observed,
            event_name: FLOW,
        });
    }

    fn agent_event(&mut self, event: &AgentEvent, observed: Timestamp, out: &mut Vec<u8>) {
        let severity = match event.event_type {
            AgentEventType::EndpointRegenerateFailure => Severity::Warn,
            _ => Severity::Info,
        };
        let header = RecordHeader {
            time: event.time,
            severity,
        };
        BODY_FORMAT.push_agent_event_text(&mut self.scratch, event);
        let mut writer = LogRecordWriter::begin_with_body(out, &header, &mut self.scratch);
        agent_event::write_attributes(&mut writer, event);
        writer.finish(&RecordTrailer {
            trace_context: None,
            observed,
            event_name: AGENT_EVENT,
        });
    }

    fn debug_event(&mut self, event: &DebugEvent, observed: Timestamp, out: &mut Vec<u8>) {
        let header = RecordHeader {
            time: event.time,
            severity: Severity::Debug,
        };
        BODY_FORMAT.push_debug_event_text(&mut self.scratch, event);
        let mut writer = LogRecordWriter::begin_with_body(out, &header, &mut self.scratch);
        debug_event::write_attributes(&mut writer, event);
        writer.finish(&RecordTrailer {
            trace_context: None,
            observed,
            event_name: DEBUG_EVENT,
        });
    }

    fn lost(&mut self, lost: &Lost, observed: Timestamp, out: &mut Vec<u8>) {
        let header = RecordHeader {
            time: lost.time,
            severity: Severity::Warn,
        };
        BODY_FORMAT.push_lost_text(&mut self.scratch, lost);
        let mut writer = LogRecordWriter::begin_with_body(out, &header, &mut self.scratch);
        lost::write_attributes(&mut writer, lost);
        writer.finish(&RecordTrailer {
            trace_context: None,
            observed,
            event_name: LOST,
        });
    }
}

#[cfg(test)]
mod tests;
