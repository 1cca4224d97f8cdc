//! Prints the rounds as a table.

use crate::Round;
use crate::agent::median;
use crate::sink::Received;
use crate::variant::{Input, Unit, Variant};

/// What a number of events becomes.
pub(crate) struct Totals<'a> {
    pub(crate) events: usize,
    /// Counts of all records and spans that the events become.
    pub(crate) exported: &'a Received,
}

/// A variant with its rounds.
pub(crate) struct Row {
    pub(crate) variant: Variant,
    pub(crate) rounds: Vec<Round>,
}

pub(crate) fn print(totals: &Totals<'_>, rows: &[Row]) {
    println!(
        "| from a recording of {} events | CPU-s per million | peak memory, MiB | million per second \
         | on top, CPU-s per million | bytes a record |",
        totals.events
    );
    println!("| --- | --: | --: | --: | --: | --: |");
    for row in rows {
        println!("{}", totals.line(row, rows));
    }
}

impl Totals<'_> {
    fn line(&self, row: &Row, rows: &[Row]) -> String {
        let name = &row.variant.name;
        let millions = self.events as f64 / 1e6;
        let median_of = |number: fn(&Round) -> f64| median(row.rounds.iter().map(number));
        let cpu = median_of(|round| round.cost.cpu_seconds) / millions;
        let memory = median_of(|round| round.cost.peak_mib);
        let speed = millions / median_of(|round| round.seconds);
        let bytes = self.bytes(row);
        let on_top = on_top(row, rows).map(|seconds| format!("{:.2}", seconds / millions));
        let on_top = on_top.unwrap_or_default();
        match row.variant.input {
            Input::Skipped(reason) => format!("| {name} | skipped: {reason} | | | | |"),
            // It only exports, and its memory has all records from the start.
            Input::Peer(_) => format!("| {name} | | | | {cpu:.2} | {bytes} |"),
            _ => format!("| {name} | {cpu:.2} | {memory:.0} | {speed:.2} | {on_top} | {bytes} |"),
        }
    }

    fn bytes(&self, row: &Row) -> String {
        let Some(traffic) = &row.variant.traffic else {
            return String::new();
        };
        let count = match traffic.unit {
            Unit::Record => &self.exported.records,
            Unit::Span => &self.exported.spans,
        };
        let bytes = median(row.rounds.iter().map(|round| round.bytes as f64));
        format!("{:.1}", bytes / count.get() as f64)
    }
}

/// The median of what the rounds cost on top of those of the base.
fn on_top(row: &Row, rows: &[Row]) -> Option<f64> {
    let base = rows
        .iter()
        .find(|other| row.variant.base == Some(&*other.variant.name))?;
    let rounds = row.rounds.iter().zip(&base.rounds);
    Some(median(rounds.map(|(round, base)| {
        round.cost.cpu_seconds - base.cost.cpu_seconds
    })))
}
