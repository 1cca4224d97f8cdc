//! Records the result of each attempt in the agent's telemetry, the stage's health and the log. The
//! number of log lines is limited, whatever the backend does.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tidegate_runtime::component::BuildContext;
use tidegate_runtime::health::Health;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::{Counter, Gauge};
use tokio::time::Instant;

use super::cause_log::CauseLog;
use super::condition::{Condition, ConditionChange, ConditionTracker};
use super::diagnosis::hint;
use super::message::{MessageFormatter, fate_of_records};
use super::rate_limit::LogRateLimit;
use crate::otlp::failure::{CallError, RetryDecision, drop_reason};
use crate::otlp::signal::Signal;
use crate::otlp::transport::{FailedAttempt, Secrets};

/// The status of the backend, shared by all requests.
#[derive(Debug)]
pub(crate) struct BackendStatus {
    stage: StageId,
    messages: MessageFormatter,
    health: Health,
    connected: Gauge,
    attempts: AttemptCounters,
    bytes: Counter,
    history: Mutex<History>,
}

#[derive(Debug)]
struct AttemptCounters {
    delivered: Counter,
    partial: Counter,
    refused: Counter,
    failed: Counter,
}

#[derive(Debug, Default)]
struct History {
    conditions: ConditionTracker,
    causes: CauseLog,
    /// The current problem of each signal; empty if there is none.
    problems: [String; Signal::ALL.len()],
    /// For each signal, whether the last attempt was accepted.
    last_accepted: [bool; Signal::ALL.len()],
    /// Why the queue on disk cannot be written; empty if it can.
    queue_problem: String,
    refusals: LogRateLimit,
    failovers: LogRateLimit,
    /// The last warning about an accepted request.
    last_warning: String,
    warnings: LogRateLimit,
}

impl AttemptCounters {
    fn new(context: &BuildContext) -> Self {
        let counter = |outcome| {
            context.telemetry.counter(
                "tidegate_otlp_requests_total",
                "Attempts to deliver an OTLP request, by outcome.",
                &[("stage", context.stage.as_str()), ("outcome", outcome)],
            )
        };
        Self {
            delivered: counter("delivered"),
            partial: counter("partial"),
            refused: counter("refused"),
            failed: counter("failed"),
        }
    }
}

impl BackendStatus {
    /// Creates the counters when the exporter is built, so that they are served with 0 before it has
    /// read its files and begun to run.
    pub(crate) fn declare_counters(context: &BuildContext) {
        drop(AttemptCounters::new(context));
    }

    /// `endpoints` names the backend in messages; `secrets` are masked in them.
    pub(crate) fn new(context: &BuildContext, endpoints: String, secrets: Vec<Secrets>) -> Self {
        Self {
            stage: context.stage.clone(),
            messages: MessageFormatter { endpoints, secrets },
            health: context.health.clone(),
            connected: context.telemetry.gauge(
                "tidegate_otlp_connected",
                "1 while the OTLP endpoint accepts requests, otherwise 0. \
                 It is 0 before the first request.",
                &[("stage", context.stage.as_str())],
            ),
            attempts: AttemptCounters::new(context),
            bytes: context.telemetry.exporter_bytes(&context.stage),
            history: Mutex::default(),
        }
    }

    /// The exporter's stage.
    pub(crate) fn stage(&self) -> &str {
        self.stage.as_str()
    }

    /// Counts the bytes of a request that the backend accepted.
    pub(crate) fn count_bytes(&self, bytes: usize) {
        self.bytes.add(bytes as u64);
    }

    /// Records that all of a request was accepted.
    pub(crate) fn accepted(&self, signal: Signal) {
        self.attempts.delivered.add(1);
        self.replace_last_accepted(signal, true);
        self.observe(signal, Condition::Healthy, String::new());
    }

    /// Records that all of a request was accepted, with a warning.
    pub(crate) fn accepted_with_warning(&self, signal: Signal, warning: &str) {
        const MESSAGE: &str = "the OTLP backend accepted a request with a warning";
        self.accepted(signal);
        let warning = self.messages.sanitize(warning);
        let mut history = self.history();
        let is_new = warning != history.last_warning;
        if is_new && history.warnings.admit(Instant::now()).is_some() {
            tracing::info!(
                stage = self.stage.as_str(),
                endpoint = self.messages.endpoints,
                warning,
                "{MESSAGE}"
            );
            history.last_warning = warning;
        } else {
            tracing::debug!(
                stage = self.stage.as_str(),
                endpoint = self.messages.endpoints,
                warning,
                "{MESSAGE}"
            );
        }
    }

    /// Records that a request was accepted except for `rejected` of its records.
    pub(crate) fn partly_accepted(&self, signal: Signal, rejected: u64, reason: &str) {
        self.attempts.partial.add(1);
        self.replace_last_accepted(signal, true);
        self.observe(signal, Condition::Healthy, String::new());
        if let Some(suppressed) = self.admit_refusal() {
            tracing::warn!(
                stage = self.stage.as_str(),
                endpoint = self.messages.endpoints,
                rejected,
                reason = self.messages.sanitize(reason),
                suppressed,
                "the OTLP backend rejected part of a request"
            );
        }
    }

    /// Records a failed attempt and the decision about its request.
    pub(crate) fn failed(&self, signal: Signal, failure: &FailedAttempt) {
        let text = self.describe(signal, failure);
        let error = &failure.error;
        let was_accepting = self.replace_last_accepted(signal, false);
        let is_persistent = match failure.decision {
            RetryDecision::RetryAfter(_) => {
                self.attempts.failed.add(1);
                let condition = if error.is_response() {
                    Condition::Failing
                } else {
                    Condition::Unreachable
                };
                return self.observe_problem(signal, condition, &text, failure);
            }
            RetryDecision::Divide(_) => false,
            RetryDecision::Drop(reason) => matches!(
                reason,
                drop_reason::NOT_AUTHORIZED | drop_reason::UNIMPLEMENTED
            ),
        };
        self.attempts.refused.add(1);
        // A response that is not gRPC did not come from a backend. A backend that accepted the
        // previous request and refuses this one may accept the next one.
        let is_not_grpc = matches!(error, CallError::Http { .. });
        if is_persistent || is_not_grpc || !was_accepting {
            self.observe_problem(signal, Condition::Refusing, &text, failure);
        } else {
            self.log_refusal(&text, failure);
        }
    }

    /// Records that a request was refused whose records are sent again in smaller requests.
    pub(crate) fn divided(&self, signal: Signal, failure: &FailedAttempt) {
        self.attempts.refused.add(1);
        self.describe(signal, failure);
        let Some(bytes) = failure.learnt_limit else {
            return;
        };
        tracing::info!(
            stage = self.stage.as_str(),
            endpoint = failure.endpoint,
            signal = signal.name(),
            bytes,
            "the OTLP backend refuses requests of this size; they have no more bytes than this from \
             now on, before compression"
        );
    }

    /// Records that records were refused in a request of their own, whereas others of the original
    /// request may be accepted.
    pub(crate) fn refused_part(&self, failure: &FailedAttempt) {
        self.attempts.refused.add(1);
        let text = self.messages.sanitize(&failure.error.to_string());
        self.log_refusal(&text, failure);
    }

    /// Returns when [`Self::log_suppressed`] has something to log.
    pub(crate) fn next_log(&self) -> Option<Instant> {
        self.history().conditions.due()
    }

    /// Logs a suppressed change of condition, if it still holds.
    pub(crate) fn log_suppressed(&self) {
        let mut history = self.history();
        if let Some(change) = history.conditions.due_change(Instant::now()) {
            self.show(&history, change);
        }
    }

    /// Logs an error in detail, and returns its text without secrets.
    fn describe(&self, signal: Signal, failure: &FailedAttempt) -> String {
        let text = self.messages.sanitize(&failure.error.to_string());
        tracing::debug!(
            stage = self.stage.as_str(),
            endpoint = failure.endpoint,
            ?signal,
            decision = ?failure.decision,
            error = text,
            "an attempt to deliver a request failed"
        );
        text
    }

    /// Records a failed attempt whose request goes to another endpoint.
    pub(crate) fn failed_over(&self, signal: Signal, failure: &FailedAttempt) {
        self.attempts.failed.add(1);
        let text = self.describe(signal, failure);
        let admitted = self.history().failovers.admit(Instant::now());
        if let Some(suppressed) = admitted {
            tracing::warn!(
                stage = self.stage.as_str(),
                endpoint = failure.endpoint,
                error = text,
                hint = hint(failure),
                suppressed,
                "an OTLP endpoint cannot accept requests, which go to another one"
            );
        }
    }

    fn log_refusal(&self, text: &str, failure: &FailedAttempt) {
        if let Some(suppressed) = self.admit_refusal() {
            tracing::warn!(
                stage = self.stage.as_str(),
                endpoint = failure.endpoint,
                error = text,
                hint = hint(failure),
                suppressed,
                "the OTLP backend refused a request; its records are {}",
                fate_of_records(&failure.error)
            );
        }
    }

    fn observe_problem(
        &self,
        signal: Signal,
        condition: Condition,
        text: &str,
        failure: &FailedAttempt,
    ) {
        let problem = self.messages.problem(signal, condition, text, failure);
        self.observe(signal, condition, problem.clone());
        let cause = hint(failure);
        let is_other = self.history().causes.admit(cause, Instant::now());
        if is_other
            && self
                .health
                .state()
                .problem()
                .is_some_and(|shown| !shown.contains(&problem))
        {
            tracing::warn!(stage = self.stage.as_str(), "{problem}");
            self.health.degraded(problem);
        }
    }

    fn observe(&self, signal: Signal, condition: Condition, problem: String) {
        let mut history = self.history();
        history.problems[signal as usize] = problem;
        let change = history
            .conditions
            .observe(signal, condition, Instant::now());
        let is_healthy = history.conditions.condition() == Some(Condition::Healthy);
        self.connected.set(i64::from(is_healthy));
        if let Some(change) = change {
            self.show(&history, change);
        }
    }

    /// Updates the health and logs a change. The health changes only with a logged change, because
    /// [`Health`] itself logs that a stage becomes degraded and that it recovers. Other changes are
    /// logged here.
    fn show(&self, history: &History, change: ConditionChange) {
        let is_degraded = self.health.state().problem().is_some();
        if change.condition == Condition::Healthy {
            if is_degraded {
                self.show_health(history);
            } else {
                tracing::info!(
                    stage = self.stage.as_str(),
                    endpoint = self.messages.endpoints,
                    "the OTLP endpoint accepts requests"
                );
            }
            return;
        }
        let problem = history
            .problems
            .iter()
            .find(|problem| !problem.is_empty())
            .map_or("", String::as_str);
        let problem = match change.suppressed {
            0 => problem.to_owned(),
            n => format!("{problem}; changes not logged since the last message: {n}"),
        };
        if is_degraded {
            tracing::warn!(stage = self.stage.as_str(), "{problem}");
        }
        self.health.degraded(problem);
    }

    /// Records why the queue on disk cannot be written, or that it can.
    pub(crate) fn set_queue_problem(&self, problem: Option<&str>) {
        let mut history = self.history();
        let text = problem.map_or_else(String::new, |problem| {
            format!("cannot write to the queue on disk: {problem}; requests wait in memory")
        });
        if history.queue_problem != text {
            history.queue_problem = text;
            self.show_health(&history);
        }
    }

    /// Shows the present problems in the health.
    fn show_health(&self, history: &History) {
        let problems = history.problems.iter().chain([&history.queue_problem]);
        let present: Vec<_> = problems
            .filter(|problem| !problem.is_empty())
            .map(String::as_str)
            .collect();
        if present.is_empty() {
            self.health.healthy();
        } else {
            self.health.degraded(present.join("; "));
        }
    }

    /// Records whether the newest attempt was accepted, and returns whether the previous one was.
    fn replace_last_accepted(&self, signal: Signal, is_accepted: bool) -> bool {
        std::mem::replace(
            &mut self.history().last_accepted[signal as usize],
            is_accepted,
        )
    }

    fn admit_refusal(&self) -> Option<u64> {
        self.history().refusals.admit(Instant::now())
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
