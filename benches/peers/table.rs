//! The rounds as a table: medians, spread, and ratios.

use std::fmt::Write as _;

use crate::agent::median;
use crate::{Contestant, Cost, RETINA};

/// In Markdown, for the README.
pub(crate) fn table(contestants: &[Contestant], events: usize) -> String {
    let rounds = contestants[RETINA].rounds.len();
    let mut table = format!(
        "| per million events; {rounds} rounds over {events} | CPU-s | Retina's is | allocations | MiB allocated | peak MiB |\n\
         | --- | --: | --: | --: | --: | --: |\n"
    );
    for contestant in contestants {
        let of = |value: fn(&Cost) -> f64| median(contestant.rounds.iter().map(value));
        let _ = writeln!(
            table,
            "| {} | {} | {} | {:.0} | {:.0} | {:.0} |",
            contestant.name,
            spread(contestant.rounds.iter().map(|cost| cost.cpu_seconds), 2),
            spread(ratios(&contestants[RETINA], contestant), 1) + " ×",
            of(|cost| cost.allocations.blocks),
            of(|cost| cost.allocations.bytes) / f64::from(1 << 20),
            of(|cost| cost.peak_mib),
        );
    }
    table
}

/// By how much Retina costs more, round by round: neighbours on the machine slow both.
fn ratios(retina: &Contestant, other: &Contestant) -> impl Iterator<Item = f64> + Clone {
    retina
        .rounds
        .iter()
        .zip(&other.rounds)
        .map(|(retina, other)| retina.cpu_seconds / other.cpu_seconds)
}

/// The median, and the least and the greatest value.
fn spread(values: impl Iterator<Item = f64> + Clone, digits: usize) -> String {
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
