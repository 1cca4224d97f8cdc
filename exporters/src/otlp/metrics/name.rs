//! Names and units that Prometheus' translation of OTLP turns back into Hubble's names.
//!
//! By default Prometheus moves the token `total` of a monotonic sum's name to the end, as `_total`,
//! and appends the unit's word unless the name contains it. So counters are sent without `_total`,
//! and a unit is sent only if it would add nothing.

use tidegate_model::metric::{Family, MetricKind};

/// UCUM units and their words in Prometheus' names.
const UNIT_WORDS: &[(&str, &str)] = &[
    ("d", "days"),
    ("h", "hours"),
    ("min", "minutes"),
    ("s", "seconds"),
    ("ms", "milliseconds"),
    ("us", "microseconds"),
    ("ns", "nanoseconds"),
    ("By", "bytes"),
    ("KiBy", "kibibytes"),
    ("MiBy", "mebibytes"),
    ("GiBy", "gibibytes"),
];

/// Returns the name to send.
pub(super) fn otlp_name(family: &Family) -> &str {
    match family.kind {
        MetricKind::Counter => family.name.strip_suffix("_total").unwrap_or(&family.name),
        MetricKind::Gauge | MetricKind::Histogram { .. } => &family.name,
    }
}

/// Returns the unit to send; empty if it would change the name.
pub(super) fn otlp_unit(family: &Family) -> &str {
    let unit = family.unit.as_str();
    let is_annotation = unit.starts_with('{') && unit.find('}') == Some(unit.len() - 1);
    let in_name = |(_, word): &&(&str, &str)| family.name.split('_').any(|token| token == *word);
    let word = UNIT_WORDS.iter().find(|(symbol, _)| *symbol == unit);
    if is_annotation || word.is_some_and(|word| in_name(&word)) {
        unit
    } else {
        ""
    }
}

#[cfg(test)]
mod tests;
