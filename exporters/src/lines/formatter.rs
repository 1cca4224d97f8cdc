//! Formats records as lines.

use tidegate_model::Record;

use tidegate_format::hubble::{Compact, Json};

/// Formats records as lines.
#[derive(Clone, Debug)]
pub enum LineFormatter {
    /// Lines of `hubble observe`.
    Compact(Compact),
    /// Lines of Hubble's exporter.
    Json(Json),
}

impl LineFormatter {
    /// Returns a formatter of the lines of `hubble observe`.
    #[must_use]
    pub fn compact(color: bool) -> Self {
        Self::Compact(Compact::with_color(color))
    }

    /// Returns a formatter of the lines of Hubble's exporter on the node `<cluster>/<node>`.
    #[must_use]
    pub fn json(node_name: &str) -> Self {
        Self::Json(Json::new(node_name))
    }

    /// Appends the line of a record; nothing for a kind of record without a line, which the
    /// exporter's `signals` exclude.
    pub(super) fn push(&self, out: &mut String, record: &Record) {
        match (self, record) {
            (Self::Compact(compact), Record::Flow(flow)) => compact.push_flow(out, flow),
            (Self::Compact(compact), Record::AgentEvent(event)) => {
                compact.push_agent_event(out, event)
            }
            (Self::Compact(compact), Record::DebugEvent(event)) => {
                compact.push_debug_event(out, event)
            }
            (Self::Compact(compact), Record::Lost(lost)) => compact.push_lost(out, lost),
            (Self::Json(json), Record::Flow(flow)) => json.push_flow(out, flow),
            (Self::Json(json), Record::AgentEvent(event)) => json.push_agent_event(out, event),
            (Self::Json(json), Record::DebugEvent(event)) => json.push_debug_event(out, event),
            (Self::Json(json), Record::Lost(lost)) => json.push_lost(out, lost),
            _ => {}
        }
    }
}
