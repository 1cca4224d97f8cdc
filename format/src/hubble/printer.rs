//! Prints records in the text formats of `hubble observe`.

use tidegate_model::Record;

use super::compact::Compact;
use super::dict::Dict;
use super::node_name::NodeName;
use super::rows::Rows;

/// A text format of `hubble observe -o`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFormat {
    /// One line per record.
    Compact,
    /// One line per field, with a separator between records.
    Dict,
    /// Rows of a table, which [`super::Table`] aligns. Cells end with a tab, the last one with the
    /// line.
    Rows,
}

/// Prints records in a text format. Rows and separators depend on what was printed before.
#[derive(Clone, Debug)]
pub struct Printer {
    format: TextFormat,
    text: Compact,
    node: Option<NodeName>,
    has_printed: bool,
}

impl Printer {
    /// Prints without the name of the node.
    #[must_use]
    pub fn new(format: TextFormat, text: Compact) -> Self {
        // A table has no colours: their codes would count as characters of a cell.
        let color = text.color && format != TextFormat::Rows;
        Self {
            format,
            text: Compact { color, ..text },
            node: None,
            has_printed: false,
        }
    }

    /// Prints the name of the node, `<cluster>/<node>`, on every record.
    #[must_use]
    pub fn with_node_name(self, name: &str) -> Self {
        Self {
            node: Some(NodeName::new(name)),
            ..self
        }
    }

    /// Appends a record. Returns `false` for a kind of record that Hubble does not print: a frame,
    /// an event that is not decoded, or a metric point.
    pub fn push(&mut self, out: &mut String, record: &Record) -> bool {
        if !matches!(
            record,
            Record::Flow(_) | Record::Lost(_) | Record::AgentEvent(_) | Record::DebugEvent(_)
        ) {
            return false;
        }
        let node = self.node.as_ref();
        let is_first = !self.has_printed;
        match self.format {
            TextFormat::Compact => push_compact(self.text, out, record, node),
            TextFormat::Dict => Dict::new(self.text, node, out).push(record, is_first),
            TextFormat::Rows => Rows::new(self.text, node, out).push(record, is_first),
        }
        self.has_printed = true;
        true
    }
}

/// As in Hubble, a lost report shows no node.
fn push_compact(text: Compact, out: &mut String, record: &Record, node: Option<&NodeName>) {
    let begin = |out: &mut String, time, name: fn(&NodeName) -> &str| {
        text.push_time(out, time);
        if let Some(node) = node {
            out.extend([" [", name(node), "]"]);
        }
        out.push_str(": ");
    };
    match record {
        Record::Flow(flow) => {
            begin(out, flow.time, |node| &node.full);
            text.push_flow_text(out, flow);
            out.push('\n');
        }
        Record::AgentEvent(event) => {
            begin(out, event.time, |node| &node.bare);
            text.push_agent_event_text(out, event);
            out.push('\n');
        }
        Record::DebugEvent(event) => {
            begin(out, event.time, |node| &node.bare);
            text.push_debug_event_text(out, event);
            out.push('\n');
        }
        Record::Lost(lost) => text.push_lost(out, lost),
        Record::Frame(_) | Record::Event(_) | Record::Metric(_) | Record::Names(_) => {}
    }
}
