//! How the exporter and its backend get along: counted in the agent's telemetry, and said in the log
//! once for each change, never once for each request.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tidegate_core::telemetry::{Counter, Gauge, Telemetry};
use tokio::time::Instant;

/// The shortest time between two log lines about refused records.
const QUIET: Duration = Duration::from_secs(30);

/// The state of the link, shared by all requests.
#[derive(Debug)]
pub(super) struct Link {
    stage: String,
    endpoint: String,
    connected: Gauge,
    outcomes: Outcomes,
    state: Mutex<State>,
}

#[derive(Debug)]
struct Outcomes {
    delivered: Counter,
    partial: Counter,
    refused: Counter,
    failed: Counter,
}

#[derive(Debug, Default)]
struct State {
    /// `None` until the first answer or failure.
    answers: Option<bool>,
    refusals: Quiet,
}

/// Lets one event through in a while, and counts the others.
#[derive(Debug, Default)]
struct Quiet {
    spoke: Option<Instant>,
    held_back: u64,
}

impl Quiet {
    /// How many events were held back since the last one that was let through, if this one may be.
    fn admit(&mut self, now: Instant) -> Option<u64> {
        if self.spoke.is_some_and(|spoke| now.duration_since(spoke) < QUIET) {
            self.held_back += 1;
            return None;
        }
        self.spoke = Some(now);
        Some(std::mem::take(&mut self.held_back))
    }
}

impl Link {
    pub(super) fn new(stage: &str, endpoint: &str, telemetry: &Telemetry) -> Self {
        let outcome = |outcome| {
            let help = "Attempts to deliver an OTLP request, by what came of them.";
            telemetry.counter("tidegate_otlp_requests_total", help, &[("stage", stage), ("outcome", outcome)])
        };
        let outcomes = Outcomes {
            delivered: outcome("delivered"),
            partial: outcome("partial"),
            refused: outcome("refused"),
            failed: outcome("failed"),
        };
        let help = "1 while the OTLP endpoint answers, 0 while it does not or has not yet.";
        let connected = telemetry.gauge("tidegate_otlp_connected", help, &[("stage", stage)]);
        Self { stage: stage.to_owned(), endpoint: endpoint.to_owned(), connected, outcomes, state: Mutex::default() }
    }

    /// A request was taken, all of it.
    pub(super) fn delivered(&self) {
        self.outcomes.delivered.add(1);
        self.answered();
    }

    /// A request was taken, but for `rejected` of its records; or all of it with a warning.
    pub(super) fn partly_delivered(&self, rejected: u64, message: &str) {
        self.outcomes.partial.add(1);
        self.answered();
        if let Some(held_back) = self.may_speak() {
            let (stage, endpoint) = (&*self.stage, &*self.endpoint);
            tracing::warn!(stage, endpoint, rejected, message, held_back, "the OTLP backend took a request in part");
        }
    }

    /// A request was refused for good.
    pub(super) fn refused(&self, status: &tonic::Status) {
        self.outcomes.refused.add(1);
        self.answered();
        if let Some(held_back) = self.may_speak() {
            let (stage, endpoint, code, message) = (&*self.stage, &*self.endpoint, status.code(), status.message());
            tracing::warn!(
                stage,
                endpoint,
                ?code,
                message,
                held_back,
                "the OTLP backend refused a request; its records are dropped with a count"
            );
        }
    }

    /// An attempt failed that may be repeated.
    pub(super) fn failed(&self, status: &tonic::Status) {
        self.outcomes.failed.add(1);
        if self.change(false) {
            let (stage, endpoint, reason) = (&*self.stage, &*self.endpoint, cause(status));
            tracing::warn!(
                stage,
                endpoint,
                reason,
                "the OTLP endpoint takes no requests: retrying in the background, records wait in this \
                 exporter's bounded queue, and whatever is lost is counted"
            );
        }
    }

    fn answered(&self) {
        if self.change(true) {
            let (stage, endpoint) = (&*self.stage, &*self.endpoint);
            tracing::info!(stage, endpoint, "the OTLP endpoint takes requests");
        }
    }

    /// Whether this is news.
    fn change(&self, answers: bool) -> bool {
        self.connected.set(i64::from(answers));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.answers.replace(answers) != Some(answers)
    }

    fn may_speak(&self) -> Option<u64> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).refusals.admit(Instant::now())
    }
}

/// The innermost cause: `Connection refused` rather than `transport error`.
fn cause(status: &tonic::Status) -> String {
    let mut cause: &dyn std::error::Error = status;
    while let Some(source) = cause.source() {
        cause = source;
    }
    match std::error::Error::source(status) {
        Some(_) => cause.to_string(),
        None => format!("{}: {}", status.code(), status.message()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Instant, QUIET, Quiet};

    #[test]
    fn refusals_are_said_once_in_a_while_with_the_number_of_those_held_back() {
        let (mut quiet, start) = (Quiet::default(), Instant::now());
        let said: Vec<_> =
            [0, 1, 29, 30, 31, 60].into_iter().map(|second| quiet.admit(start + Duration::from_secs(second))).collect();
        assert_eq!(said, [Some(0), None, None, Some(2), None, Some(1)], "{QUIET:?}");
    }
}
