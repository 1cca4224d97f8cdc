//! The health of stages on the pages: as a metric, and as what `/readyz` says.

use std::fmt::Write as _;

use axum::http::StatusCode;
use tidegate_runtime::health::{HealthRegistry, HealthState};

use super::page::Family;

/// Whether each stage is degraded or has ended before the others.
pub(super) fn family(health: &HealthRegistry) -> Family {
    let help = "Whether the stage cannot do all of its work, or has ended while the others go on.";
    let mut family = Family::gauge("tidegate_stage_degraded", help);
    for (stage, state) in health.states() {
        let degraded = if state == HealthState::Well { 0.0 } else { 1.0 };
        family.add(&[("stage", &stage)], degraded);
    }
    family
}

/// The answer of `/readyz`: 503 when the agent is stopping. An agent with a degraded stage is
/// ready, as its other stages do their work; there is one line for each such stage.
pub(super) fn readiness(health: &HealthRegistry, stopping: bool) -> (StatusCode, String) {
    if stopping {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned());
    }
    let unwell = health.unwell();
    if unwell.is_empty() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    let mut text = "degraded\n".to_owned();
    for (stage, why) in unwell {
        // Causes come from outside, and a line is for one stage.
        let _ = writeln!(text, "{stage}: {}", why.replace(['\n', '\r'], " "));
    }
    (StatusCode::OK, text)
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use tidegate_runtime::health::HealthRegistry;

    use super::readiness;

    #[test]
    fn readiness_names_each_stage_that_is_not_well_on_a_line_of_its_own() {
        let registry = HealthRegistry::default();
        let stdout = registry.stage("exporters.stdout");
        let otlp = registry.stage("exporters.otlp");
        assert_eq!(
            readiness(&registry, false),
            (StatusCode::OK, "ready\n".to_owned())
        );
        stdout.degraded("the reader takes nothing");
        otlp.degraded("refused:\nno token");
        let text = "degraded\nexporters.otlp: refused: no token\nexporters.stdout: the reader takes nothing\n";
        assert_eq!(
            readiness(&registry, false),
            (StatusCode::OK, text.to_owned())
        );
        assert_eq!(
            readiness(&registry, true),
            (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned())
        );
    }
}
