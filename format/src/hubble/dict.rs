//! The format `dict` of `hubble observe`: one field per line, and a line of dashes between records.
//!
//! Hubble leaves out the line end after the dashes between agent and debug events; here it is
//! written.

use tidegate_model::flow::Flow;
use tidegate_model::record::{AgentEvent, DebugEvent, Lost};
use tidegate_model::{Record, Timestamp};

use super::compact::{Compact, Peers, push_cpu, push_debug_type, push_endpoint, push_mark};
use super::debug::push_message;
use super::node_name::NodeName;

const SEPARATOR: &str = "------------\n";

/// Writes one record.
pub(super) struct Dict<'a> {
    text: Compact,
    node: Option<&'a NodeName>,
    out: &'a mut String,
}

impl<'a> Dict<'a> {
    pub(super) fn new(text: Compact, node: Option<&'a NodeName>, out: &'a mut String) -> Self {
        Self { text, node, out }
    }

    /// Appends a record, with the separator in front unless it is the first one.
    pub(super) fn push(&mut self, record: &Record, is_first: bool) {
        if !is_first {
            self.out.push_str(SEPARATOR);
        }
        match record {
            Record::Flow(flow) => self.flow(flow),
            Record::Lost(lost) => self.lost(lost),
            Record::AgentEvent(event) => self.agent_event(event),
            Record::DebugEvent(event) => self.debug_event(event),
            Record::Frame(_) | Record::Event(_) | Record::Metric(_) | Record::Names(_) => {}
        }
    }

    fn flow(&mut self, flow: &Flow) {
        let text = self.text;
        let Peers {
            source,
            destination,
        } = text.peers(flow);
        self.head(flow.time, |node| &node.full);
        self.field("     SOURCE", |out| text.push_host(out, &source));
        self.field("DESTINATION", |out| text.push_host(out, &destination));
        self.field("       TYPE", |out| text.push_event_type(out, flow));
        self.field("    VERDICT", |out| text.push_verdict(out, flow));
        self.field("    SUMMARY", |out| text.push_details(out, flow));
    }

    fn lost(&mut self, lost: &Lost) {
        let text = self.text;
        self.head(lost.time, |node| &node.bare);
        self.field("     SOURCE", |out| out.push_str(lost.source.name()));
        self.field("       TYPE", |out| out.push_str("EVENTS LOST"));
        self.field("    VERDICT", |out| out.push('-'));
        self.field("    SUMMARY", |out| text.push_lost_count(out, lost, " - "));
    }

    fn agent_event(&mut self, event: &AgentEvent) {
        let text = self.text;
        self.head(event.time, |node| &node.bare);
        self.field("       TYPE", |out| out.push_str(event.event_type.name()));
        self.field("    DETAILS", |out| {
            text.push_agent_event_details(out, event)
        });
    }

    fn debug_event(&mut self, event: &DebugEvent) {
        self.head(event.time, |node| &node.bare);
        self.field("       TYPE", |out| push_debug_type(out, event));
        self.field("       FROM", |out| push_endpoint(out, event));
        self.field("       MARK", |out| push_mark(out, event));
        self.field("        CPU", |out| push_cpu(out, event));
        self.field("    MESSAGE", |out| push_message(out, event));
    }

    /// Appends the time and, if it is to be printed, the node.
    fn head(&mut self, time: Timestamp, name: fn(&NodeName) -> &str) {
        let text = self.text;
        self.field("  TIMESTAMP", |out| text.push_time(out, time));
        if let Some(node) = self.node {
            self.field("       NODE", |out| out.push_str(name(node)));
        }
    }

    fn field(&mut self, name: &str, push: impl FnOnce(&mut String)) {
        self.out.push_str(name);
        self.out.push_str(": ");
        push(self.out);
        self.out.push('\n');
    }
}
