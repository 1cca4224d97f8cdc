//! Encodes records as log records, and spans ([`span`]).

mod span;

use tidegate_format::hubble::{FlowPeer, Json};
use tidegate_model::Timestamp;
use tidegate_model::flow::{Flow, FlowIds, Verdict, uuid_text};
use tidegate_model::record::{AgentEvent, AgentEventType, DebugEvent, Lost, Record};
use tidegate_runtime::component::BuildContext;

use super::format::{Body, Labels, LogFormat};
use super::header_filter::HeaderFilter;
use super::record_writer::{BODY_FORMAT, LogRecordWriter, RecordHeader, RecordTrailer, Severity};
use super::template::{EventTemplates, FlowTemplates, PeerTemplates};
use super::{agent_event, body, debug_event, ends, flow, l7, lost};
use crate::otlp::mapping::{self, DESTINATION, SOURCE};

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
    json: Json,
    body: Body,
    labels: Labels,
    headers: HeaderFilter,
    events: EventTemplates,
    sources: PeerTemplates,
    destinations: PeerTemplates,
}

/// An event other than a flow.
struct Event<'a> {
    header: RecordHeader,
    name: &'static str,
    /// Distinguishes its kind, and events of the same kind and time.
    id: (u8, u64),
    push_line: &'a dyn Fn(&mut String),
    push_json: &'a dyn Fn(&Json, &mut String),
}

impl Encoder {
    /// Creates an encoder for records of the context's node.
    #[must_use]
    pub fn new(context: &BuildContext, format: &LogFormat) -> Self {
        Self {
            scratch: String::new(),
            flow_ids: FlowIds::new(&context.node_name),
            json: Json::new(&context.node_name),
            body: format.body,
            labels: format.labels,
            headers: HeaderFilter::new(&format.http_headers),
            events: EventTemplates::new(),
            sources: PeerTemplates::new(&SOURCE, format.labels),
            destinations: PeerTemplates::new(&DESTINATION, format.labels),
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
        if self.body == Body::Json {
            self.scratch.clear();
            self.json.push_flow(&mut self.scratch, flow);
            self.scratch.pop();
        }
        let mut writer = LogRecordWriter::begin(out, &header, &mut self.scratch);
        match self.body {
            Body::Line => {
                let ports = [source.port, destination.port];
                body::write_flow(&mut writer, flow, templates, ports);
            }
            Body::Json => writer.body_from_scratch(),
            Body::None => {}
        }
        flow::write_attributes(&mut writer, flow, templates, self.flow_ids.id(flow));
        if let Some(l7) = &flow.l7 {
            ends::write(&mut writer, flow, l7, [&source, &destination]);
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
        let labels = self.labels;
        let record = Event {
            header,
            name: AGENT_EVENT,
            id: (0, event.stream.into()),
            push_line: &|out| BODY_FORMAT.push_agent_event_text(out, event),
            push_json: &|json, out| json.push_agent_event(out, event),
        };
        self.event(&record, observed, out, |writer| {
            agent_event::write_attributes(writer, event, labels);
        });
    }

    fn debug_event(&mut self, event: &DebugEvent, observed: Timestamp, out: &mut Vec<u8>) {
        let header = RecordHeader {
            time: event.time,
            severity: Severity::Debug,
        };
        let labels = self.labels;
        let record = Event {
            header,
            name: DEBUG_EVENT,
            id: (1, event.hash.into()),
            push_line: &|out| BODY_FORMAT.push_debug_event_text(out, event),
            push_json: &|json, out| json.push_debug_event(out, event),
        };
        self.event(&record, observed, out, |writer| {
            debug_event::write_attributes(writer, event, labels);
        });
    }

    fn lost(&mut self, lost: &Lost, observed: Timestamp, out: &mut Vec<u8>) {
        let header = RecordHeader {
            time: lost.time,
            severity: Severity::Warn,
        };
        let record = Event {
            header,
            name: LOST,
            id: (2, (lost.source as u64) << 56 ^ lost.count),
            push_line: &|out| BODY_FORMAT.push_lost_text(out, lost),
            push_json: &|json, out| json.push_lost(out, lost),
        };
        self.event(&record, observed, out, |writer| {
            lost::write_attributes(writer, lost);
        });
    }

    /// Writes an event with the attributes that `write_attributes` writes.
    fn event(
        &mut self,
        event: &Event<'_>,
        observed: Timestamp,
        out: &mut Vec<u8>,
        write_attributes: impl FnOnce(&mut LogRecordWriter<'_>),
    ) {
        match self.body {
            Body::Line => (event.push_line)(&mut self.scratch),
            Body::Json => {
                (event.push_json)(&self.json, &mut self.scratch);
                self.scratch.pop();
            }
            Body::None => {}
        }
        let mut writer = LogRecordWriter::begin(out, &event.header, &mut self.scratch);
        if self.body != Body::None {
            writer.body_from_scratch();
        }
        let (kind, detail) = event.id;
        let id = self.flow_ids.event_id(kind, event.header.time, detail);
        writer.ascii(mapping::RECORD_UID, &uuid_text(id));
        write_attributes(&mut writer);
        writer.finish(&RecordTrailer {
            trace_context: None,
            observed,
            event_name: event.name,
        });
    }
}

#[cfg(test)]
mod tests;
