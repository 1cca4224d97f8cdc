//! The report of the ledger: JSON for `/debug/ledger` and `--ledger`, which can be parsed again,
//! and a table for a terminal.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Write as _};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::reloads::Reloads;
use crate::limits::WhenFull;
use crate::stage_id::{Role, StageId};

/// Version of a [`Report`]. It is raised when the meaning of a field changes or the equation gets
/// another term, and not for other new fields.
///
/// 2: `unconfirmed` is part of the equation.
pub const SCHEMA: u32 = 2;

fn first_schema() -> u32 {
    1
}

/// The whole ledger at one moment. `Name` is the type of rules and reasons: `String` in a report
/// that was parsed from JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report<Name: Ord = &'static str> {
    /// The version, [`SCHEMA`]; 1 in a report without a version.
    #[serde(default = "first_schema")]
    pub schema: u32,
    /// Whether the counts of every stage add up, both ends of every edge counted the same, and
    /// every record has an outcome.
    pub balanced: bool,
    /// Time since the start, by a monotonic clock: two reports give a rate.
    #[serde(default)]
    pub uptime_seconds: f64,
    /// Records without an outcome.
    pub unaccounted: u64,
    /// Events that Cilium reported as lost before the socket, by source. A lower bound: Cilium
    /// drops more without a report, and some of its reports, when events come faster than its agent
    /// passes them on.
    pub upstream_lost: BTreeMap<Name, u64>,
    /// Each stage of each pipeline, in the order of the wiring.
    pub stages: Vec<StageReport<Name>>,
    /// The queues in front of the stages.
    pub edges: Vec<EdgeReport>,
    /// Reloads of the configuration.
    #[serde(default)]
    pub reloads: Reloads,
}

/// The counts of one stage in one pipeline.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StageReport<Name: Ord = &'static str> {
    /// Name of the pipeline.
    pub pipeline: String,
    /// The stage.
    pub stage: StageId,
    /// Whether a reload has removed it from the pipeline.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
    /// Records that the stage received or created.
    pub r#in: u64,
    /// How many of them it created.
    pub created: u64,
    /// Records that were sent to each of the next stages.
    pub out: BTreeMap<StageId, u64>,
    /// Records removed by configured filters, by rule.
    pub filtered: BTreeMap<Name, u64>,
    /// The rules that come from the configuration, or came from a former one. They are in `filtered`
    /// from the start.
    #[serde(skip, default = "Vec::new")]
    pub rules: Vec<Name>,
    /// Records lost, by reason.
    pub dropped: BTreeMap<Name, u64>,
    /// Records that were delivered or aggregated.
    pub absorbed: u64,
    /// Records that were sent to a peer whose answer did not arrive in time: whether they were
    /// delivered is not known.
    #[serde(default)]
    pub unconfirmed: u64,
    /// Records in the stage or in its inbox.
    pub in_flight: u64,
    /// Records without an outcome.
    pub unaccounted: u64,
    /// Notes, which are not outcomes.
    #[serde(default = "BTreeMap::new", skip_serializing_if = "BTreeMap::is_empty")]
    pub noted: BTreeMap<Name, u64>,
    /// Records whose bytes allow several interpretations, by the chosen one.
    #[serde(default = "BTreeMap::new", skip_serializing_if = "BTreeMap::is_empty")]
    pub ambiguous: BTreeMap<Name, u64>,
    /// Records that were passed on, each counted once.
    pub forwarded: u64,
}

/// One edge's queue.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EdgeReport {
    /// The pipelines that feed it, joined by commas.
    pub pipeline: String,
    /// The stage whose inbox it is.
    pub stage: StageId,
    /// Records in the queue, other than metric points.
    pub queue_records: u64,
    /// Their weight in bytes.
    pub queue_bytes: u64,
    /// Metric series with a queued point.
    #[serde(default)]
    pub queue_series: u64,
    /// The largest number of records since the start.
    #[serde(default)]
    pub peak_records: u64,
    /// The largest weight in bytes since the start; a batch that was alone in the queue may be left
    /// out.
    #[serde(default)]
    pub peak_bytes: u64,
    /// Maximum number of records.
    #[serde(default)]
    pub max_records: u64,
    /// Maximum number of bytes.
    #[serde(default)]
    pub max_bytes: u64,
    /// Maximum number of metric series.
    #[serde(default)]
    pub max_series: u64,
    /// The policy when it is full.
    #[serde(default)]
    pub when_full: WhenFull,
    /// The time that senders were blocked, added up over all of them.
    pub blocked_seconds: f64,
}

impl Report {
    pub(super) fn new(
        stages: Vec<StageReport>,
        edges: Vec<EdgeReport>,
        upstream_lost: BTreeMap<&'static str, u64>,
        reloads: Reloads,
        uptime: Duration,
    ) -> Self {
        let unaccounted = stages.iter().map(|stage| stage.unaccounted).sum();
        let balanced =
            unaccounted == 0 && stages.iter().all(StageReport::balances) && edges_agree(&stages);
        let uptime_seconds = uptime.as_secs_f64();
        Self {
            schema: SCHEMA,
            balanced,
            uptime_seconds,
            unaccounted,
            upstream_lost,
            stages,
            edges,
            reloads,
        }
    }
}

impl<Name: Ord + Serialize> Report<Name> {
    /// As one line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers always serialize")
    }
}

impl<Name: Ord> Report<Name> {
    /// Records in flight; 0 after a full drain.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.stages.iter().map(|stage| stage.in_flight).sum()
    }

    /// Records that peers may or may not have received.
    #[must_use]
    pub fn unconfirmed(&self) -> u64 {
        self.stages.iter().map(|stage| stage.unconfirmed).sum()
    }
}

/// Whether every stage received what the stages before it sent.
fn edges_agree(stages: &[StageReport]) -> bool {
    stages
        .iter()
        .filter(|stage| stage.stage.role() != Role::Receiver)
        .all(|stage| {
            let sent = stages
                .iter()
                .filter(|from| from.pipeline == stage.pipeline)
                .filter_map(|from| from.out.get(&stage.stage));
            sent.sum::<u64>() == stage.r#in - stage.created
        })
}

impl StageReport {
    fn balances(&self) -> bool {
        let went: u64 = self.filtered.values().chain(self.dropped.values()).sum();
        let ended = self.absorbed + self.unconfirmed + self.unaccounted;
        self.r#in == self.forwarded + went + ended + self.in_flight
    }
}

impl<Name: Ord + Display> Display for Report<Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_table(f)?;
        self.write_notes(f)?;
        let verdict = if self.balanced {
            "the ledger balances"
        } else {
            "THE LEDGER DOES NOT BALANCE"
        };
        write!(
            f,
            "{verdict}; unaccounted records: {}; in flight: {}",
            self.unaccounted,
            self.in_flight()
        )
    }
}

impl<Name: Ord + Display> Report<Name> {
    fn write_table(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<[String; COLUMNS]> = std::iter::once(HEADER.map(str::to_owned))
            .chain(self.stages.iter().map(row))
            .collect();
        let is_shown = |column: &usize| {
            !OPTIONAL.contains(&HEADER[*column]) || rows[1..].iter().any(|row| row[*column] != NONE)
        };
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
        let columns: Vec<_> = (0..COLUMNS)
            .filter(is_shown)
            .map(|column| (column, width(column).unwrap_or(0)))
            .collect();
        for row in &rows {
            let mut line = String::new();
            for (column, width) in &columns {
                let cell = &row[*column];
                let left = *column < 2 || *column == COLUMNS - 1;
                let _ = if left {
                    write!(line, "{cell:<width$}  ")
                } else {
                    write!(line, "{cell:>width$}  ")
                };
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }

    /// Writes ambiguities, unconfirmed records and upstream losses.
    fn write_notes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for stage in &self.stages {
            for (choice, n) in &stage.ambiguous {
                writeln!(
                    f,
                    "ambiguous, so chosen by a rule: {n} {choice} ({} of {})",
                    stage.stage, stage.pipeline
                )?;
            }
        }
        for stage in self.stages.iter().filter(|stage| stage.unconfirmed > 0) {
            let StageReport {
                stage,
                pipeline,
                unconfirmed: n,
                ..
            } = stage;
            writeln!(
                f,
                "unconfirmed, so delivered or lost: {n} ({stage} of {pipeline})"
            )?;
        }
        for (source, n) in &self.upstream_lost {
            writeln!(
                f,
                "lost upstream, before the socket: at least {n} ({source}); \
                 Cilium does not report all that it loses"
            )?;
        }
        Ok(())
    }
}

const COLUMNS: usize = 9;

/// Columns that are left out if they are empty in all rows.
const OPTIONAL: [&str; 3] = ["CREATED", "UNCONFIRMED", "IN FLIGHT"];

/// A cell for the number 0.
const NONE: &str = "-";

const HEADER: [&str; COLUMNS] = [
    "PIPELINE",
    "STAGE",
    "IN",
    "CREATED",
    "OUT",
    "ABSORBED",
    "UNCONFIRMED",
    "IN FLIGHT",
    "FILTERED / DROPPED",
];

fn row<Name: Ord + Display>(stage: &StageReport<Name>) -> [String; COLUMNS] {
    let list = |what: &str, counts: &BTreeMap<Name, u64>| {
        counts
            .iter()
            .map(|(name, n)| format!("{what}{{{name}}} {n}"))
            .collect::<Vec<_>>()
    };
    let mut rest = list("filtered", &stage.filtered);
    rest.extend(list("dropped", &stage.dropped));
    let number = |n: u64| {
        if n == 0 {
            NONE.to_owned()
        } else {
            n.to_string()
        }
    };
    // A receiver creates all of its records.
    let created = match stage.stage.role() {
        Role::Receiver => 0,
        Role::Processor | Role::Exporter => stage.created,
    };
    [
        stage.pipeline.clone(),
        if stage.ended {
            format!("{} (ended)", stage.stage)
        } else {
            stage.stage.to_string()
        },
        stage.r#in.to_string(),
        number(created),
        number(stage.forwarded),
        number(stage.absorbed),
        number(stage.unconfirmed),
        number(stage.in_flight),
        rest.join(", "),
    ]
}
