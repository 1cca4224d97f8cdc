//! The forms of lines.

use tidegate_model::Record;

use tidegate_format::hubble::{Compact, Json};

/// Makes lines of records.
#[derive(Clone, Debug)]
pub struct Lines(Form);

#[derive(Clone, Debug)]
enum Form {
    Compact(Compact),
    Json(Json),
}

impl Lines {
    /// Lines as `hubble observe` prints them.
    #[must_use]
    pub fn compact(color: bool) -> Self {
        Self(Form::Compact(Compact { color }))
    }

    /// Lines as Hubble's exporter writes them on the node `<cluster>/<node>`.
    #[must_use]
    pub fn json(node_name: &str) -> Self {
        Self(Form::Json(Json::new(node_name)))
    }

    /// Appends a record's line; nothing for a kind of record that has no line, which the exporter's
    /// `signals` keep away.
    pub(super) fn push(&self, out: &mut String, record: &Record) {
        match (&self.0, record) {
            (Form::Compact(compact), Record::Flow(flow)) => compact.push_flow(out, flow),
            (Form::Compact(compact), Record::AgentEvent(event)) => {
                compact.push_agent_event(out, event)
            }
            (Form::Compact(compact), Record::DebugEvent(event)) => {
                compact.push_debug_event(out, event)
            }
            (Form::Compact(compact), Record::Lost(lost)) => compact.push_lost(out, lost),
            (Form::Json(json), Record::Flow(flow)) => json.push_flow(out, flow),
            (Form::Json(json), Record::AgentEvent(event)) => json.push_agent_event(out, event),
            (Form::Json(json), Record::DebugEvent(event)) => json.push_debug_event(out, event),
            (Form::Json(json), Record::Lost(lost)) => json.push_lost(out, lost),
            _ => {}
        }
    }
}
