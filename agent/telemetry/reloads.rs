//! Reloads of the configuration as metrics.

use tidegate_runtime::ledger::{ReloadOutcome, Reloads};

use super::page::{Family, number};

/// Which configuration runs, and what became of attempts to change it. One that is built in has no
/// hash.
pub(super) fn families(reloads: &Reloads) -> Vec<Family> {
    let mut info = Family::gauge(
        "tidegate_config_info",
        "Always 1; the label tells the hash of the configuration",
    );
    if !reloads.running.is_empty() {
        info.add(&[("hash", &reloads.running)], 1.0);
    }
    let mut total = Family::counter(
        "tidegate_config_reloads_total",
        "Reloads of the configuration, by outcome",
    );
    for outcome in ReloadOutcome::ALL {
        total.add(
            &[("outcome", outcome.as_str())],
            number(reloads.count(outcome)),
        );
    }
    let mut families = vec![info, total];
    if let Some(last) = &reloads.last {
        let time = Family::gauge(
            "tidegate_config_last_reload_timestamp_seconds",
            "When the last reload was tried",
        );
        families.push(time.unit("s").sample(&[], number(last.unix_seconds)));
        let good = Family::gauge(
            "tidegate_config_last_reload_successful",
            "Whether its configuration could be used",
        );
        families.push(good.sample(
            &[],
            f64::from(u8::from(last.outcome != ReloadOutcome::Refused)),
        ));
    }
    families
}
