//! The ledger and metrics of a running agent.

use std::fmt::{self, Display, Formatter};

use serde_json::Value;

use crate::support::{LedgerReport, get};

/// The ledger of the agent at a telemetry address.
pub(super) struct LiveLedger(pub(super) String);

impl LiveLedger {
    fn ledger(&self) -> Value {
        let ledger: Value = serde_json::from_str(&get(&self.0, "/debug/ledger").1).unwrap();
        assert_eq!(ledger["balanced"], true, "{ledger}");
        ledger
    }

    /// A count of a stage by its path, such as `in` or `dropped/queue_full`; 0 if it is absent.
    pub(super) fn count(&self, stage: &str, path: &str) -> u64 {
        LedgerReport::live(&self.0).count(stage, path)
    }
}

impl Display for LiveLedger {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let ledger = self.ledger();
        ledger["stages"]
            .as_array()
            .unwrap()
            .iter()
            .try_for_each(|row| writeln!(f, "{row}"))
    }
}

/// The sum of all samples whose line starts with `prefix`.
pub(super) fn sum(page: &str, prefix: &str) -> f64 {
    let samples = page.lines().filter(|line| line.starts_with(prefix));
    samples
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum()
}
