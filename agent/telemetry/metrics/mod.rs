//! The metrics of the agent about itself.

mod family;
mod health;
mod instruments;
mod ledger;
mod process;
mod reloads;

use tidegate_format::exposition::Format;
use tidegate_runtime::ledger::Ledger;
use tidegate_runtime::telemetry::Telemetry;

pub(super) use family::MetricFamily;

/// The text of `/metrics`.
pub(super) fn text(ledger: &Ledger, telemetry: &Telemetry, format: Format) -> String {
    family::write(&families(ledger, telemetry), format)
}

/// The metrics of the agent, with their current samples.
pub(super) fn families(ledger: &Ledger, telemetry: &Telemetry) -> Vec<MetricFamily> {
    let report = ledger.report();
    let mut families = ledger::families(&report);
    families.extend(reloads::families(&report.reloads));
    families.extend(instruments::families(telemetry));
    families.push(health::family(telemetry.health()));
    families.extend(process::families());
    families
}
