//! Prints the rounds as a table of medians, ranges, and ratios.

use std::fmt::Write as _;

use crate::agent::median;
use crate::{Contestant, Cost, RETINA};

/// The table in Markdown, for the README.
pub(crate) fn table(contestants: &[Contestant], events: usize) -> String {
    let rounds = contestants[RETINA].rounds.len();
    let mut table = format!(
        "| per million events; {rounds} rounds over {events} | CPU-s | Retina's is | allocations | MiB allocated | peak MiB |\n\
         | --- | --: | --: | --: | --: | --: |\n"
    );
    for contestant in contestants {
        let median_of = |value: fn(&Cost) -> f64| median(contestant.rounds.iter().map(value));
        let _ = writeln!(
            table,
            "| {} | {} | {} | {:.0} | {:.0} | {:.0} |",
            contestant.name,
            median_and_range(contestant.rounds.iter().map(|cost| cost.cpu_seconds), 2),
            median_and_range(ratios(&contestants[RETINA], contestant), 1) + " ×",
            median_of(|cost| cost.allocations.blocks),
            median_of(|cost| cost.allocations.bytes) / f64::from(1 << 20),
            median_of(|cost| cost.peak_mib),
        );
    }
    table
}

/// How much more CPU time Retina takes in each round. Load on the machine affects both of a round.
fn ratios(retina: &Contestant, other: &Contestant) -> impl Iterator<Item = f64> + Clone {
    retina
        .rounds
        .iter()
        .zip(&other.rounds)
        .map(|(retina, other)| retina.cpu_seconds / other.cpu_seconds)
}

/// The median, minimum and maximum.
fn median_and_range(values: impl Iterator<Item = f64> + Clone, digits: usize) -> String {
    let (least, greatest) = values
        .clone()
        .fold((f64::INFINITY, 0.0), |(least, greatest), value| {
            (value.min(least), value.max(greatest))
        });
    format!(
        "{:.digits$} ({least:.digits$}–{greatest:.digits$})",
        median(values)
    )
}
