//! The lines of Hubble's exporter: `observer.ExportEvent` (v1.19.4) in protobuf's JSON mapping, one
//! object a line, members in the order of the message's declaration.
//!
//! The emitter is not Hubble but tidegate with its own version, because a reader that keys on the
//! emitter should be able to tell the two. Fields that only Cilium's agent can know (node labels,
//! services, interface names, correlated policies) are absent. What a message found in a packet
//! lacks, because the capture cut it, is listed in `extensions`, the place that Hubble leaves to
//! other emitters.

mod agent_event;
mod debug_event;
mod flow;
mod l7;
mod object;

use object::{Object, push_object};
use tidegate_model::Timestamp;
use tidegate_model::flow::Flow;
use tidegate_model::record::{AgentEvent, DebugEvent, Lost};

use super::Uuids;

/// Writes one node's records.
#[derive(Clone, Debug)]
pub struct Json {
    node_name: String,
    ids: Uuids,
}

impl Json {
    /// For records of the node `<cluster>/<node>`.
    #[must_use]
    pub fn new(node_name: &str) -> Self {
        Self {
            node_name: node_name.to_owned(),
            ids: Uuids::new(node_name),
        }
    }

    /// Appends a flow's line.
    pub fn push_flow(&self, out: &mut String, flow: &Flow) {
        push_object(out, |event| {
            event.object("flow", |object| self.flow(object, flow));
            envelope(event, &self.node_name, flow.time);
        });
        out.push('\n');
    }

    /// Appends the line of an agent event.
    pub fn push_agent_event(&self, out: &mut String, event: &AgentEvent) {
        self.push_bare(out, event.time, "agent_event", |object| {
            agent_event::agent_event(object, event)
        });
    }

    /// Appends the line of a debug event.
    pub fn push_debug_event(&self, out: &mut String, event: &DebugEvent) {
        self.push_bare(out, event.time, "debug_event", |object| {
            debug_event::debug_event(object, event)
        });
    }

    /// Appends the line of a loss.
    pub fn push_lost(&self, out: &mut String, lost: &Lost) {
        self.push_bare(out, lost.time, "lost_events", |object| {
            lost_events(object, lost)
        });
    }

    /// The line of an event that is no flow, on which Hubble's exporter names the node without its
    /// cluster.
    fn push_bare(
        &self,
        out: &mut String,
        time: Timestamp,
        name: &str,
        fill: impl FnOnce(&mut Object<'_>),
    ) {
        let bare_name = self
            .node_name
            .split_once('/')
            .map_or(&*self.node_name, |(_, node)| node);
        push_object(out, |event| {
            event.object(name, fill);
            envelope(event, bare_name, time);
        });
        out.push('\n');
    }
}

fn envelope(event: &mut Object<'_>, node_name: &str, time: Timestamp) {
    event.text("node_name", node_name);
    event.time("time", time);
}

/// `flow.LostEvent`.
fn lost_events(object: &mut Object<'_>, lost: &Lost) {
    object.symbol("source", lost.source as u8, Some(lost.source.name()));
    object.wide("num_events_lost", lost.count);
    object.wrapped_signed("cpu", lost.cpu);
    if let Some((first, last)) = lost.span {
        object.time("first", first);
        object.time("last", last);
    }
}
