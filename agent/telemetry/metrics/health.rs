//! The health of the stages as a metric.

use tidegate_runtime::health::{HealthRegistry, HealthState};

use super::family::MetricFamily;

/// A gauge for each stage: 1 if it is degraded, or ended before the others.
pub(super) fn family(health: &HealthRegistry) -> MetricFamily {
    let help = "Whether the stage cannot do all of its work, or has ended before the others";
    let mut family = MetricFamily::gauge("tidegate_stage_degraded", help);
    for (stage, state) in health.states() {
        let degraded = if state == HealthState::Healthy {
            0.0
        } else {
            1.0
        };
        family.add(&[("stage", stage.as_str())], degraded);
    }
    family
}
