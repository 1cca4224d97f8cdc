//! The rows of the format `table` of `hubble observe`, with a tab after each cell but the last.

use tidegate_model::flow::Flow;
use tidegate_model::record::{AgentEvent, DebugEvent, Lost};
use tidegate_model::{Record, Timestamp};

use super::compact::{Compact, Peers, push_cpu, push_debug_type, push_endpoint, push_mark};
use super::debug::push_message;
use super::node_name::NodeName;

const FLOW_COLUMNS: &[&str] = &["SOURCE", "DESTINATION", "TYPE", "VERDICT", "SUMMARY"];
const AGENT_EVENT_COLUMNS: &[&str] = &["TYPE", "DETAILS"];
/// As in Hubble, there is an empty column after the endpoint.
const DEBUG_EVENT_COLUMNS: &[&str] = &["FROM", "", "TYPE", "CPU/MARK", "MESSAGE"];

/// Writes the row of one record.
pub(super) struct Rows<'a> {
    text: Compact,
    node: Option<&'a NodeName>,
    out: &'a mut String,
}

impl<'a> Rows<'a> {
    pub(super) fn new(text: Compact, node: Option<&'a NodeName>, out: &'a mut String) -> Self {
        Self { text, node, out }
    }

    /// Appends the row of a record, after the header if it is the first one.
    pub(super) fn push(&mut self, record: &Record, is_first: bool) {
        if is_first {
            self.header(record);
        }
        match record {
            Record::Flow(flow) => self.flow(flow),
            Record::Lost(lost) => self.lost(lost),
            Record::AgentEvent(event) => self.agent_event(event),
            Record::DebugEvent(event) => self.debug_event(event),
            Record::Frame(_) | Record::Event(_) | Record::Metric(_) | Record::Names(_) => {}
        }
    }

    /// Appends the header of the first record's kind.
    fn header(&mut self, record: &Record) {
        let columns = match record {
            Record::AgentEvent(_) => AGENT_EVENT_COLUMNS,
            Record::DebugEvent(_) => DEBUG_EVENT_COLUMNS,
            _ => FLOW_COLUMNS,
        };
        self.out.push_str("TIMESTAMP");
        if self.node.is_some() {
            self.cell(|out| out.push_str("NODE"));
        }
        for column in columns {
            self.cell(|out| out.push_str(column));
        }
        self.out.push('\n');
    }

    fn flow(&mut self, flow: &Flow) {
        let text = self.text;
        let Peers {
            source,
            destination,
        } = text.peers(flow);
        self.head(flow.time, |node| &node.full);
        self.cell(|out| text.push_host(out, &source));
        self.cell(|out| text.push_host(out, &destination));
        self.cell(|out| text.push_event_type(out, flow));
        self.cell(|out| text.push_verdict(out, flow));
        self.cell(|out| text.push_details(out, flow));
        self.out.push('\n');
    }

    fn lost(&mut self, lost: &Lost) {
        let text = self.text;
        self.head(lost.time, |node| &node.bare);
        self.cell(|out| out.push_str(lost.source.name()));
        self.cell(|out| out.push('-'));
        self.cell(|out| out.push_str("EVENTS LOST"));
        self.cell(|out| out.push('-'));
        self.cell(|out| text.push_lost_count(out, lost, " - "));
        self.out.push('\n');
    }

    fn agent_event(&mut self, event: &AgentEvent) {
        let text = self.text;
        self.head(event.time, |node| &node.bare);
        self.cell(|out| out.push_str(event.event_type.name()));
        self.cell(|out| text.push_agent_event_details(out, event));
        self.out.push('\n');
    }

    fn debug_event(&mut self, event: &DebugEvent) {
        self.head(event.time, |node| &node.bare);
        self.cell(|out| push_endpoint(out, event));
        self.cell(|_| {});
        self.cell(|out| push_debug_type(out, event));
        self.cell(|out| {
            push_cpu(out, event);
            out.push(' ');
            push_mark(out, event);
        });
        self.cell(|out| push_message(out, event));
        self.out.push('\n');
    }

    /// Appends the time and, if it is to be printed, the node.
    fn head(&mut self, time: Timestamp, name: fn(&NodeName) -> &str) {
        self.text.push_time(self.out, time);
        if let Some(node) = self.node {
            self.cell(|out| out.push_str(name(node)));
        }
    }

    /// Appends a tab and a cell. Texts of peers contain no tab, since control characters are
    /// escaped.
    fn cell(&mut self, push: impl FnOnce(&mut String)) {
        self.out.push('\t');
        push(self.out);
    }
}
