//! `/debug/ledger`: the ledger, the version of the agent, what it uses, and the state of its
//! stages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tidegate_runtime::ledger::Report;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::{EXPORTER_BYTES, Instrument, RECEIVER_BYTES, Telemetry};

use super::process_usage::ProcessUsage;

/// The instrument whose value is 1 while a receiver is connected.
const CONNECTED: &str = "tidegate_receiver_connected";
/// The instrument with the number of metric series that an exporter serves.
const SERIES: &str = "tidegate_prometheus_series";

/// The page, and the content of `run --ledger`. `Name` is that of [`Report`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LedgerPage<Name: Ord = &'static str> {
    #[serde(flatten)]
    pub(crate) report: Report<Name>,
    /// The version of the agent.
    #[serde(default)]
    pub(crate) version: String,
    /// `<cluster>/<node>`.
    #[serde(default)]
    pub(crate) node: String,
    /// Whether the agent shuts down.
    #[serde(default)]
    pub(crate) stopping: bool,
    /// What the process uses.
    #[serde(default)]
    pub(crate) process: ProcessUsage,
    /// Whether each receiver that has a peer is connected.
    #[serde(default)]
    pub(crate) connected: BTreeMap<String, bool>,
    /// The bytes that each receiver has read and each exporter has delivered.
    #[serde(default)]
    pub(crate) bytes: BTreeMap<String, u64>,
    /// The metric series that each exporter serves, where it knows them.
    #[serde(default)]
    pub(crate) series: BTreeMap<String, u64>,
    /// The reason for each stage that is degraded, or that ended before the others.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) degraded: BTreeMap<StageId, String>,
}

impl LedgerPage {
    /// The page with a report of the agent on a node.
    pub(crate) fn new(report: Report, telemetry: &Telemetry, node: &str, stopping: bool) -> Self {
        let instruments = telemetry.instruments();
        let connected = of_stages(&instruments, &[CONNECTED]).map(|(stage, n)| (stage, n == 1));
        let counts = |names: &[&str]| {
            of_stages(&instruments, names)
                .map(|(stage, n)| (stage, u64::try_from(n).unwrap_or(0)))
                .collect()
        };
        Self {
            report,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            node: node.to_owned(),
            stopping,
            process: ProcessUsage::now(),
            connected: connected.collect(),
            bytes: counts(&[RECEIVER_BYTES, EXPORTER_BYTES]),
            series: counts(&[SERIES]),
            degraded: telemetry.health().problems(),
        }
    }

    /// The page as one line of JSON.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers always serialize")
    }
}

/// The values of instruments with these names, by the stage in their labels.
fn of_stages<'a>(
    instruments: &'a [Instrument],
    names: &'a [&str],
) -> impl Iterator<Item = (String, i64)> + 'a {
    instruments
        .iter()
        .filter(|instrument| names.contains(&instrument.name))
        .filter_map(|instrument| {
            let mut labels = instrument.labels.iter();
            let (_, stage) = labels.find(|(name, _)| *name == "stage")?;
            Some((stage.clone(), instrument.value()))
        })
}
