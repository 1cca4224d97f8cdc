//! Reloads of the configuration as metrics.

use tidegate_runtime::ledger::{ReloadOutcome, Reloads};

use super::family::{MetricFamily, sample_value};

/// The hash of the running configuration, and the outcomes of reloads. A built-in configuration has
/// no hash.
pub(super) fn families(reloads: &Reloads) -> Vec<MetricFamily> {
    let mut info = MetricFamily::gauge(
        "tidegate_config_info",
        "Always 1; the label is the hash of the running configuration",
    );
    if !reloads.running.is_empty() {
        info.add(&[("hash", &reloads.running)], 1.0);
    }
    let mut total = MetricFamily::counter(
        "tidegate_config_reloads_total",
        "Reloads of the configuration, by outcome",
    );
    for outcome in ReloadOutcome::ALL {
        total.add(
            &[("outcome", outcome.as_str())],
            sample_value(reloads.count(outcome)),
        );
    }
    let mut families = vec![info, total];
    if let Some(last) = &reloads.last {
        let time = MetricFamily::gauge(
            "tidegate_config_last_reload_timestamp_seconds",
            "Time of the last reload, successful or not",
        );
        families.push(time.unit("s").sample(&[], sample_value(last.unix_seconds)));
        let successful = MetricFamily::gauge(
            "tidegate_config_last_reload_successful",
            "Whether the configuration of the last reload was valid",
        );
        families.push(successful.sample(
            &[],
            f64::from(u8::from(last.outcome != ReloadOutcome::Refused)),
        ));
    }
    families
}
