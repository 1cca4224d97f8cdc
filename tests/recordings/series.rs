//! Compares the metric series of both programs.

use std::collections::{BTreeMap, BTreeSet};

/// Values of series by name and labels.
pub(super) type Series = BTreeMap<(String, BTreeMap<String, String>), f64>;

/// The `hubble_` series of an exposition.
pub(super) fn parse(exposed: &str) -> Series {
    let is_hubbles = |line: &&str| line.starts_with("hubble_");
    exposed.lines().filter(is_hubbles).map(sample).collect()
}

fn sample(line: &str) -> ((String, BTreeMap<String, String>), f64) {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let mut labels = labels.strip_suffix('}').unwrap();
    let mut found = BTreeMap::new();
    while let Some((label, rest)) = labels.split_once("=\"") {
        // No label value in these recordings contains a quote.
        let (value, rest) = rest.split_once('"').unwrap();
        found.insert(label.to_owned(), value.to_owned());
        labels = rest.strip_prefix(',').unwrap_or(rest);
    }
    ((name.to_owned(), found), value.parse().unwrap())
}

/// The number of equal series, and of different ones by name and kind of difference.
pub(super) fn compare(theirs: &Series, ours: &Series) -> (u64, BTreeMap<String, u64>) {
    let mut equal = 0;
    let mut different = BTreeMap::new();
    for series in theirs.keys().chain(ours.keys()).collect::<BTreeSet<_>>() {
        let kind = match (theirs.get(series), ours.get(series)) {
            (Some(theirs), Some(ours)) if is_equal(*theirs, *ours) => {
                equal += 1;
                continue;
            }
            (Some(_), Some(_)) => "other",
            (Some(_), None) => "absent",
            (None, _) => "added",
        };
        *different
            .entry(format!("{}: {kind}", series.0))
            .or_default() += 1;
    }
    (equal, different)
}

/// Compares with a tolerance, since floating-point sums depend on the order of addition.
fn is_equal(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * one.abs()
}
