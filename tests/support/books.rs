//! The ledger of a run.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::path::Path;

use serde_json::Value;

use super::{Place, tidegate};

/// The JSON that `run --ledger` wrote.
pub(crate) struct Books(Value);

impl Books {
    /// Runs a configuration to its end, whatever the exit code, and reads its ledger, which has to
    /// balance.
    pub(crate) fn of(place: &Place, config: &Path) -> Self {
        let file = place.path("ledger.json");
        let run = [
            "run".as_ref(),
            "-c".as_ref(),
            config.as_os_str(),
            "--ledger".as_ref(),
            file.as_os_str(),
        ];
        let ended = tidegate(&run);
        Self::read(&file).unwrap_or_else(|| panic!("no ledger: {}", ended.stderr))
    }

    /// Reads a ledger that an agent has written at its end.
    pub(crate) fn read(file: &Path) -> Option<Self> {
        let books = Self(serde_json::from_str(&std::fs::read_to_string(file).ok()?).ok()?);
        assert_eq!(books.0["balanced"], true, "{}", books.0);
        assert_eq!(books.0["unaccounted"], 0, "{}", books.0);
        Some(books)
    }

    /// The row of a stage.
    pub(crate) fn stage(&self, stage: &str) -> &Value {
        let rows = self.0["stages"].as_array().unwrap();
        rows.iter()
            .find(|row| row["stage"] == stage)
            .unwrap_or_else(|| panic!("no {stage} in {}", self.0))
    }

    /// A number of a stage: a path such as `in` or `dropped/queue_full`; 0 where there is none.
    pub(crate) fn number(&self, stage: &str, path: &str) -> u64 {
        self.stage(stage)
            .pointer(&format!("/{path}"))
            .and_then(Value::as_u64)
            .unwrap_or_default()
    }

    /// What a stage dropped, by reason.
    pub(crate) fn dropped(&self, stage: &str) -> BTreeMap<String, u64> {
        let counts = self.stage(stage)["dropped"].as_object().unwrap();
        counts
            .iter()
            .map(|(reason, count)| (reason.clone(), count.as_u64().unwrap()))
            .collect()
    }

    /// What all stages dropped: stage, reason and number.
    pub(crate) fn drops(&self) -> Vec<(String, String, u64)> {
        let stages = self.0["stages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["stage"].as_str().unwrap());
        let of = |stage: &str| {
            let drops = self.dropped(stage).into_iter();
            drops
                .map(|(reason, count)| (stage.to_owned(), reason, count))
                .collect::<Vec<_>>()
        };
        stages.flat_map(of).collect()
    }
}

impl Display for Books {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let rows = self.0["stages"].as_array().unwrap();
        rows.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}
