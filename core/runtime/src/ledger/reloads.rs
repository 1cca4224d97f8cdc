//! What became of the reloads of the configuration: how many of each outcome, and the last one.

use serde::{Deserialize, Serialize};

use tidegate_model::time::Timestamp;

/// All reloads since the start.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Reloads {
    /// Hash of the text of the configuration that runs; empty if nobody said.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub running: String,
    /// Those that changed what runs.
    pub applied: u64,
    /// Those that found the configuration as it was.
    pub unchanged: u64,
    /// Those whose configuration could not be used, so that nothing changed.
    pub refused: u64,
    /// The latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Reload>,
}

/// One reload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reload {
    /// What became of it.
    pub outcome: ReloadOutcome,
    /// When, in seconds since the Unix epoch.
    pub unix_seconds: u64,
    /// Hash of the configuration's text; empty if it could not be read.
    pub hash: String,
}

/// What can become of a reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReloadOutcome {
    /// What runs was changed.
    Applied,
    /// There was nothing to change.
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
    /// How many there were with this outcome.
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
