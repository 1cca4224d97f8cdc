//! Whether a run succeeded, from how its pipelines ended and from the final ledger.

use tidegate_runtime::ledger::{Report, StageReport};
use tidegate_runtime::pipeline::RunError;

use crate::error::{Error, chain};
use crate::losses::{self, Ending, ShutdownLosses};

/// Fails if the pipelines failed, or if the shutdown lost records because of the agent's own
/// limits. `before` has the stages when the shutdown began.
pub(super) fn check(
    ended: Result<(), RunError>,
    report: &Report,
    before: &[StageReport],
) -> Result<(), Error> {
    let ending = match &ended {
        Ok(()) => Ending::Drained,
        Err(failure) if failure.is_undelivered() => Ending::Drained,
        Err(RunError::GracePeriodExceeded { .. }) => Ending::TimedOut,
        Err(RunError::Forced { .. }) => Ending::Forced,
        Err(_) => return Ok(ended?),
    };
    match (ended, ShutdownLosses::new(report, before, ending)) {
        (ended, None) => Ok(ended?),
        (Ok(()), Some(lost)) => Err(Error::failed(lost.to_string())),
        (Err(failure), Some(lost)) => Err(Error::failed(format!("{}; {lost}", chain(&failure)))),
    }
}

/// Fails if the pipelines failed; losses do not count, nor does a peer that was too slow for the
/// short grace period of the demo.
pub(super) fn check_demo(ended: Result<(), RunError>) -> Result<(), RunError> {
    match ended {
        Err(failure) if failure.is_undelivered() => Ok(()),
        Err(RunError::GracePeriodExceeded { .. }) => Ok(()),
        ended => ended,
    }
}

/// The check of `--strict`: fails if the ledger does not balance, or if the pipelines lost records
/// at any time.
pub(super) fn check_strict(report: &Report) -> Result<(), Error> {
    if !report.balanced || report.unaccounted > 0 || report.in_flight() > 0 {
        return Err(Error::failed("the ledger does not balance"));
    }
    match losses::lost_in_pipelines(report) {
        None => Ok(()),
        Some(lost) => Err(Error::failed(format!(
            "records were lost in the pipelines: {lost}"
        ))),
    }
}
