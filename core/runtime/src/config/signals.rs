//! The `signals` list of an exporter.

use serde::Deserialize;
use tidegate_model::record::{Kind, Kinds};
use toml::Value;

use super::declaration::{Setting, Shape};

crate::config_choice! {
    /// What an exporter can ship. Not every exporter can ship each of them.
    pub enum Signal {
        /// Flows.
        Flows = "flows",
        /// Events of the Cilium agent, such as a changed policy.
        AgentEvents = "agent_events",
        /// Debug messages of Cilium's datapath.
        DebugEvents = "debug_events",
        /// Reports of lost events.
        Lost = "lost",
        /// Metric points.
        Metrics = "metrics",
        /// Spans of requests with their responses. Only `otlp` makes them.
        Traces = "traces",
    }
}

/// A list of signals.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Signals(Vec<Signal>);

impl Signals {
    /// A list of these.
    #[must_use]
    pub fn of(signals: &[Signal]) -> Self {
        Self(signals.to_vec())
    }

    /// Whether a signal is in the list.
    #[must_use]
    pub fn contains(&self, signal: Signal) -> bool {
        self.0.contains(&signal)
    }

    /// The kinds of records that are to be shipped. Spans are made of flows.
    #[must_use]
    pub fn kinds(&self) -> Kinds {
        let kind = |signal: &Signal| match signal {
            Signal::Flows | Signal::Traces => Kind::Flow,
            Signal::AgentEvents => Kind::AgentEvent,
            Signal::DebugEvents => Kind::DebugEvent,
            Signal::Lost => Kind::Lost,
            Signal::Metrics => Kind::Metric,
        };
        self.0
            .iter()
            .map(kind)
            .fold(Kinds::NONE, |set, kind| set.union(Kinds::of(&[kind])))
    }
}

impl Setting for Signals {
    fn shape() -> Shape {
        Vec::<Signal>::shape()
    }

    fn to_toml(&self) -> Option<Value> {
        self.0.to_toml()
    }
}
