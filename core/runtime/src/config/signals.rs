//! The `signals` list of an exporter.

use serde::Deserialize;

use tidegate_model::record::{Kind, Kinds};

/// What an exporter can be told to ship. Each kind of exporter says which of them it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Signal {
    Flows,
    AgentEvents,
    DebugEvents,
    Lost,
    Metrics,
}

/// A list of signals, as the set of the kinds of records that they are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Signals(Vec<Signal>);

impl Signals {
    /// The kinds of records that are to be shipped.
    #[must_use]
    pub fn kinds(&self) -> Kinds {
        let kind = |signal: &Signal| match signal {
            Signal::Flows => Kind::Flow,
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
