//! The ledger and the metrics of a running agent.

use std::fmt::{self, Display, Formatter};

use serde_json::Value;

use crate::support::get;

/// A running agent, by its telemetry address.
pub(super) struct Live(pub(super) String);

impl Live {
    fn ledger(&self) -> Value {
        let ledger: Value = serde_json::from_str(&get(&self.0, "/debug/ledger").1).unwrap();
        assert_eq!(ledger["balanced"], true, "{ledger}");
        ledger
    }

    /// A number of a stage: a path such as `in` or `dropped/queue_full`; 0 where there is none.
    pub(super) fn number(&self, stage: &str, path: &str) -> u64 {
        let ledger = self.ledger();
        let row = ledger["stages"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["stage"] == stage)
            .unwrap();
        // Names of stages have dots and no slashes.
        row.pointer(&format!("/{path}"))
            .and_then(Value::as_u64)
            .unwrap_or_default()
    }
}

impl Display for Live {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let ledger = self.ledger();
        ledger["stages"]
            .as_array()
            .unwrap()
            .iter()
            .try_for_each(|row| writeln!(f, "{row}"))
    }
}

/// The sum of all samples whose line begins so.
pub(super) fn sum(page: &str, beginning: &str) -> f64 {
    let samples = page.lines().filter(|line| line.starts_with(beginning));
    samples
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum()
}
