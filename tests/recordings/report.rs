//! The results of the recordings, as the text of `counts.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::Value;

use super::chain::Outcome;

type Counts = BTreeMap<String, u64>;

/// The result of one recording.
pub(super) struct Report {
    name: &'static str,
    hubble: usize,
    ours: usize,
    paired: usize,
    /// Pairs without a difference.
    equal: u64,
    /// Pairs by reason of difference.
    reasons: Counts,
    /// Pairs by class of difference.
    fields: Counts,
    /// The number of equal series, and of different ones by class.
    pub(super) series: (u64, Counts),
    /// Lines that differ without a configured release, by field.
    pub(super) blind: Counts,
    /// Ambiguities without a configured release.
    pub(super) open: Counts,
    /// Lines that differ with a wrong release configured, by field.
    pub(super) misled: Counts,
    /// L7 messages, including those read from packets.
    pub(super) exchanges: Counts,
    /// Events without a line, as in Hubble.
    refused: Counts,
}

impl Report {
    pub(super) fn new(
        name: &'static str,
        hubble: &[Value],
        ours: &Outcome,
        pairs: &[(usize, usize)],
    ) -> Self {
        Self {
            name,
            hubble: hubble.len(),
            ours: ours.lines.len(),
            paired: pairs.len(),
            equal: 0,
            reasons: Counts::new(),
            fields: Counts::new(),
            series: (0, Counts::new()),
            blind: Counts::new(),
            open: Counts::new(),
            misled: Counts::new(),
            exchanges: Counts::new(),
            refused: ours.dropped.clone(),
        }
    }

    pub(super) fn add_pair(&mut self, classes: &BTreeSet<String>) {
        self.equal += u64::from(classes.is_empty());
        let reasons = reasons();
        let kind = |class: &String| {
            let reason = reasons.get(class).map_or("none", String::as_str);
            reason.split(':').next().unwrap_or_default().to_owned()
        };
        for reason in classes.iter().map(kind).collect::<BTreeSet<_>>() {
            *self.reasons.entry(reason).or_default() += 1;
        }
        for class in classes {
            *self.fields.entry(class.clone()).or_default() += 1;
        }
    }
}

/// The reason of each class of difference; the word before the colon is the kind of reason.
pub(super) fn reasons() -> BTreeMap<String, String> {
    let table: toml::Table = super::read("reasons.toml").parse().unwrap();
    table
        .into_iter()
        .map(|(class, reason)| (class, reason.as_str().unwrap().to_owned()))
        .collect()
}

/// The text of the file.
pub(super) fn text(reports: &[Report]) -> String {
    let mut text = String::from(
        "# What tidegate makes of recordings of real Cilium agents, beside what the same agent's Hubble exported and counted.\n\
         # Written by `RECORDINGS=write cargo test --test tests recordings`; why the two differ is in reasons.toml.\n\
         #\n\
         # recording        Hubble's lines  ours  paired  equal  series equal  different\n",
    );
    for report in reports {
        let Report {
            name,
            hubble,
            ours,
            paired,
            equal,
            series,
            ..
        } = report;
        let different: u64 = series.1.values().sum();
        let row = format!(
            "# {name:<16} {hubble:>14} {ours:>5} {paired:>7} {equal:>6} {:>13} {different:>10}",
            series.0
        );
        writeln!(text, "{row}").unwrap();
    }
    for report in reports {
        write(&mut text, report);
    }
    text
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn write(text: &mut String, report: &Report) {
    let Report {
        name,
        hubble,
        ours,
        paired,
        equal,
        ..
    } = report;
    let head = format!(
        "\n[\"{name}\"]\nhubble = {hubble}\nours = {ours}\npaired = {paired}\nequal = {equal}\n"
    );
    text.push_str(&head);
    writeln!(text, "equal_series = {}", report.series.0).unwrap();
    for (part, about, counts) in [
        (
            "reasons",
            "lines that differ, by the kinds of reasons",
            &report.reasons,
        ),
        ("fields", "lines that differ, by field", &report.fields),
        ("series", "series that differ, by name", &report.series.1),
        (
            "blind",
            "lines that are otherwise without `cilium_version`, by field",
            &report.blind,
        ),
        (
            "open",
            "choices that are counted as ambiguous without it",
            &report.open,
        ),
        (
            "misled",
            "lines that are otherwise if `cilium_version` names another release, by field",
            &report.misled,
        ),
        (
            "refused",
            "events without a line, by the reason",
            &report.refused,
        ),
        (
            "exchanges",
            "messages, with those in packets (`wire = true`)",
            &report.exchanges,
        ),
    ] {
        writeln!(text, "\n# {about}\n[\"{name}\".{part}]").unwrap();
        for (class, count) in counts {
            writeln!(text, "\"{class}\" = {count}").unwrap();
        }
    }
}
