//! `/debug/ledger`: the ledger, the version of the agent, and the state of its stages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tidegate_runtime::ledger::Report;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;

/// The instrument whose value is 1 while a receiver is connected.
const CONNECTED: &str = "tidegate_receiver_connected";

/// The page, and the content of `run --ledger`. `Name` is that of [`Report`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LedgerPage<Name: Ord = &'static str> {
    #[serde(flatten)]
    pub(crate) report: Report<Name>,
    /// The version of the agent.
    #[serde(default)]
    pub(crate) version: String,
    /// Whether each receiver that has a peer is connected.
    #[serde(default)]
    pub(crate) connected: BTreeMap<String, bool>,
    /// The reason for each stage that is degraded, or that ended before the others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) degraded: BTreeMap<StageId, String>,
}

impl LedgerPage {
    /// The page with a report.
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
        let degraded = telemetry.health().problems();
        Self {
            report,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            connected: connected.collect(),
            degraded,
        }
    }

    /// The page as one line of JSON.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers always serialize")
    }
}
