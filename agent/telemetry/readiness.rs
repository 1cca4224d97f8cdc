//! `/readyz`: whether the agent is ready, and which stages are degraded.

use std::fmt::Write as _;

use axum::http::StatusCode;
use tidegate_runtime::health::HealthRegistry;

/// The status and text of `/readyz`: 503 during a shutdown. An agent with a degraded stage is
/// ready, since its other stages work; the text has a line for each such stage.
pub(super) fn readiness(health: &HealthRegistry, shutting_down: bool) -> (StatusCode, String) {
    if shutting_down {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned());
    }
    let unwell = health.problems();
    if unwell.is_empty() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    let mut text = "degraded\n".to_owned();
    for (stage, why) in unwell {
        // A reason may quote a peer, and each stage has one line.
        let _ = writeln!(text, "{stage}: {}", why.replace(['\n', '\r'], " "));
    }
    (StatusCode::OK, text)
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use tidegate_runtime::health::HealthRegistry;
    use tidegate_runtime::stage_id::StageId;

    use super::readiness;

    #[test]
    fn readiness_has_a_line_for_each_degraded_stage() {
        let registry = HealthRegistry::default();
        let stdout = registry.stage(&StageId::exporter("stdout"));
        let otlp = registry.stage(&StageId::exporter("otlp"));
        assert_eq!(
            readiness(&registry, false),
            (StatusCode::OK, "ready\n".to_owned())
        );
        stdout.degraded("the reader takes nothing");
        otlp.degraded("refused:\nno token");
        let text = "degraded\n\
                    exporters.otlp: refused: no token\n\
                    exporters.stdout: the reader takes nothing\n";
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
