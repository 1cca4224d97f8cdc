//! The ledger of a run.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::path::Path;

use serde_json::Value;

use super::{TestDir, get, run_args, tidegate};

/// The JSON that `run --ledger` writes at the end of a run.
pub(crate) struct LedgerReport(Value);

impl LedgerReport {
    /// Runs a configuration to its end, with any exit code, and reads its ledger.
    pub(crate) fn of_run(dir: &TestDir, config: &Path) -> Self {
        let file = dir.path("ledger.json");
        let output = tidegate(&run_args(config, &file));
        Self::read(&file).unwrap_or_else(|| panic!("no ledger: {}", output.stderr))
    }

    /// Reads a ledger and checks that it balances.
    pub(crate) fn read(file: &Path) -> Option<Self> {
        let ledger = Self(serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()?);
        assert_eq!(ledger.0["balanced"], true, "{}", ledger.0);
        assert_eq!(ledger.0["unaccounted"], 0, "{}", ledger.0);
        Some(ledger)
    }

    /// The ledger that a running agent serves at its telemetry address.
    pub(crate) fn live(address: &str) -> Self {
        let ledger = Self(serde_json::from_str(&get(address, "/debug/ledger").1).unwrap());
        assert_eq!(ledger.0["balanced"], true, "{}", ledger.0);
        ledger
    }

    /// The row of a stage.
    pub(crate) fn stage(&self, stage: &str) -> &Value {
        let rows = self.0["stages"].as_array().unwrap();
        rows.iter()
            .find(|row| row["stage"] == stage)
            .unwrap_or_else(|| panic!("no {stage} in {}", self.0))
    }

    /// A count of a stage by its path, such as `in` or `dropped/queue_full`; 0 if it is absent.
    pub(crate) fn count(&self, stage: &str, path: &str) -> u64 {
        self.stage(stage)
            .pointer(&format!("/{path}"))
            .and_then(Value::as_u64)
            .unwrap_or_default()
    }

    /// The time that senders have waited for room in the inbox of a stage.
    pub(crate) fn blocked_seconds(&self, stage: &str) -> f64 {
        let mut edges = self.0["edges"].as_array().unwrap().iter();
        let edge = edges.find(|edge| edge["stage"] == stage);
        edge.map_or(0.0, |edge| edge["blocked_seconds"].as_f64().unwrap())
    }

    /// The number of records that a stage filtered, by all rules.
    pub(crate) fn filtered(&self, stage: &str) -> u64 {
        let counts = self.stage(stage)["filtered"].as_object().unwrap();
        counts.values().filter_map(Value::as_u64).sum()
    }

    /// The records that a stage dropped, by reason.
    pub(crate) fn dropped(&self, stage: &str) -> BTreeMap<String, u64> {
        let counts = self.stage(stage)["dropped"].as_object().unwrap();
        counts
            .iter()
            .map(|(reason, count)| (reason.clone(), count.as_u64().unwrap()))
            .collect()
    }

    /// All drops, as stage, reason and number of records.
    pub(crate) fn drops(&self) -> Vec<(String, String, u64)> {
        let stages = self.0["stages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["stage"].as_str().unwrap());
        let drops_of = |stage: &str| {
            let drops = self.dropped(stage).into_iter();
            drops
                .map(|(reason, count)| (stage.to_owned(), reason, count))
                .collect::<Vec<_>>()
        };
        stages.flat_map(drops_of).collect()
    }
}

impl Display for LedgerReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let rows = self.0["stages"].as_array().unwrap();
        rows.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}
