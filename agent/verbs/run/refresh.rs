//! Refreshes what runs: certificates and tokens are read again, files are opened again. It precedes
//! every reload and does not depend on the outcome of that, since the files of a component may have
//! changed while the configuration has not.

use std::error::Error;

use tidegate_runtime::pipeline::{Refreshed, ReloadHandle, ShuttingDown};
use tidegate_runtime::telemetry::Telemetry;

use crate::telemetry::Server;

/// The name of the agent's own listeners among the stages.
const LISTENERS: &str = "service.telemetry";

/// Refreshes every running component and the agent's own listeners. What cannot be refreshed keeps
/// what it had; that is logged and counted.
pub(super) async fn refresh(
    control: &ReloadHandle,
    server: &Server,
    telemetry: &Telemetry,
) -> Result<(), ShuttingDown> {
    let mut refreshed = Vec::new();
    if server.has_files() {
        let result = server.refresh();
        let error = result.as_ref().err().map(|error| error as &dyn Error);
        if report(telemetry, LISTENERS, error) {
            refreshed.push(LISTENERS.to_owned());
        }
    }
    for Refreshed { stage, result } in control.refresh().await? {
        let error = result.as_ref().err().map(|error| &**error as &dyn Error);
        if report(telemetry, stage.as_str(), error) {
            refreshed.push(stage.to_string());
        }
    }
    if !refreshed.is_empty() {
        tracing::info!(
            stages = refreshed.join(","),
            "files were read and opened again"
        );
    }
    Ok(())
}

/// Logs a failure, and counts the outcome. Returns whether there was none.
fn report(telemetry: &Telemetry, stage: &str, error: Option<&(dyn Error + 'static)>) -> bool {
    let counter = |outcome| {
        telemetry.counter(
            "tidegate_refreshes_total",
            "Refreshes of a component, which read and open its files again",
            &[("stage", stage), ("outcome", outcome)],
        )
    };
    let succeeded = counter("succeeded");
    let failed = counter("failed");
    let Some(error) = error else {
        succeeded.add(1);
        return true;
    };
    failed.add(1);
    tracing::warn!(
        stage,
        error,
        "the files of a component cannot be used; it keeps what it had"
    );
    false
}
