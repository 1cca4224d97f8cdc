//! `/debug/ledger`: the ledger, the agent's version, and the state of its connections.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tidegate_runtime::ledger::Report;
use tidegate_runtime::telemetry::Telemetry;

/// The instrument that is 1 while a receiver is connected.
const CONNECTED: &str = "tidegate_receiver_connected";

/// The page, which is also the file of `run --ledger`. `Name` is as in [`Report`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Page<Name: Ord = &'static str> {
    #[serde(flatten)]
    pub(crate) report: Report<Name>,
    /// Of the agent.
    #[serde(default)]
    pub(crate) version: String,
    /// Whether they are connected, for the receivers that have a peer.
    #[serde(default)]
    pub(crate) connected: BTreeMap<String, bool>,
    /// What is wrong with the stages that cannot do all of their work, or have ended before the
    /// others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) degraded: BTreeMap<String, String>,
}

impl Page {
    /// The page of a report.
    pub(crate) fn new(report: Report, telemetry: &Telemetry) -> Self {
        let instruments = telemetry
            .instruments()
            .into_iter()
            .filter(|instrument| instrument.name == CONNECTED);
        let connected = instruments.filter_map(|instrument| {
            let (_, stage) = instrument
                .labels
                .iter()
                .find(|(name, _)| *name == "stage")?;
            Some((stage.clone(), instrument.value() == 1))
        });
        let degraded = telemetry.health().unwell();
        Self {
            report,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            connected: connected.collect(),
            degraded,
        }
    }

    /// As one line of JSON.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers always serialize")
    }
}
