//! The reloads of the configuration: how many with each outcome, and the last one.

use serde::{Deserialize, Serialize};

use tidegate_model::time::Timestamp;

/// All reloads since the start.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Reloads {
    /// Hash of the text of the running configuration; empty if it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub running: String,
    /// Reloads that changed the running configuration.
    pub applied: u64,
    /// Reloads without a change.
    pub unchanged: u64,
    /// Reloads whose configuration could not be used, so that nothing changed.
    pub refused: u64,
    /// The latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Reload>,
}

/// One reload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reload {
    /// Its outcome.
    pub outcome: ReloadOutcome,
    /// Its time, in seconds since the Unix epoch.
    pub unix_seconds: u64,
    /// Hash of the text of its configuration; empty if it could not be read.
    pub hash: String,
}

/// The outcome of a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReloadOutcome {
    /// The running configuration was changed.
    Applied,
    /// The configuration was unchanged.
    Unchanged,
    /// The configuration cannot be used.
    Refused,
}

impl ReloadOutcome {
    /// All outcomes.
    pub const ALL: [Self; 3] = [Self::Applied, Self::Unchanged, Self::Refused];

    /// Its name in telemetry.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

impl Reloads {
    /// The number of reloads with this outcome.
    #[must_use]
    pub fn count(&self, outcome: ReloadOutcome) -> u64 {
        match outcome {
            ReloadOutcome::Applied => self.applied,
            ReloadOutcome::Unchanged => self.unchanged,
            ReloadOutcome::Refused => self.refused,
        }
    }

    pub(super) fn enter(&mut self, outcome: ReloadOutcome, hash: &str) {
        let count = match outcome {
            ReloadOutcome::Applied => &mut self.applied,
            ReloadOutcome::Unchanged => &mut self.unchanged,
            ReloadOutcome::Refused => &mut self.refused,
        };
        *count += 1;
        if outcome != ReloadOutcome::Refused {
            hash.clone_into(&mut self.running);
        }
        let unix_seconds = Timestamp::now().0 / 1_000_000_000;
        self.last = Some(Reload {
            outcome,
            unix_seconds,
            hash: hash.to_owned(),
        });
    }
}
