//! The lines of Hubble's exporter: `observer.ExportEvent` (v1.19.4) in protobuf's JSON mapping, one
//! object per line, members in the order of the message's declaration.
//!
//! The emitter is tidegate with its own version, so that a reader can distinguish it from Hubble.
//! Correlated policies, which only Cilium's agent knows, are absent. The parts that a truncated
//! capture lacks of a message are listed in `extensions`, which Hubble reserves for other emitters.

mod agent_event;
mod debug_event;
mod flow;
mod l7;
mod object;

use object::{Object, push_object};
use tidegate_model::Timestamp;
use tidegate_model::flow::{Flow, FlowIds};
use tidegate_model::record::{AgentEvent, DebugEvent, Lost};

/// Writes the records of one node, one line per record.
#[derive(Clone, Debug)]
pub struct Json {
    node_name: String,
    ids: FlowIds,
}

impl Json {
    /// For records of the node `<cluster>/<node>`.
    #[must_use]
    pub fn new(node_name: &str) -> Self {
        Self {
            node_name: node_name.to_owned(),
            ids: FlowIds::new(node_name),
        }
    }

    /// Appends the line of a flow.
    pub fn push_flow(&self, out: &mut String, flow: &Flow) {
        push_object(out, |event| {
            event.message("flow", |object| self.flow(object, flow));
            envelope(event, &self.node_name, flow.time);
        });
        out.push('\n');
    }

    /// Appends the line of an agent event.
    pub fn push_agent_event(&self, out: &mut String, event: &AgentEvent) {
        self.push_event(out, event.time, "agent_event", |object| {
            agent_event::agent_event(object, event)
        });
    }

    /// Appends the line of a debug event.
    pub fn push_debug_event(&self, out: &mut String, event: &DebugEvent) {
        self.push_event(out, event.time, "debug_event", |object| {
            debug_event::debug_event(object, event)
        });
    }

    /// Appends the line of a report of lost events.
    pub fn push_lost(&self, out: &mut String, lost: &Lost) {
        self.push_event(out, lost.time, "lost_events", |object| {
            lost_events(object, lost)
        });
    }

    /// Appends the line of an event other than a flow. Hubble's exporter writes the node's name
    /// without its cluster there.
    fn push_event(
        &self,
        out: &mut String,
        time: Timestamp,
        name: &str,
        fill: impl FnOnce(&mut Object<'_>),
    ) {
        let node_name = self
            .node_name
            .split_once('/')
            .map_or(&*self.node_name, |(_, node)| node);
        push_object(out, |event| {
            event.message(name, fill);
            envelope(event, node_name, time);
        });
        out.push('\n');
    }
}

fn envelope(event: &mut Object<'_>, node_name: &str, time: Timestamp) {
    event.string("node_name", node_name);
    event.timestamp("time", time);
}

/// `flow.LostEvent`.
fn lost_events(object: &mut Object<'_>, lost: &Lost) {
    object.enumeration("source", lost.source as u8, Some(lost.source.name()));
    object.uint64("num_events_lost", lost.count);
    object.int32_value("cpu", lost.cpu);
    if let Some((first, last)) = lost.span {
        object.timestamp("first", first);
        object.timestamp("last", last);
    }
}
