//! How the exporter and its backend get along: counted in the agent's telemetry, shown as the
//! stage's health, and logged, which is limited in number by [`super::changes`] and by [`Quiet`],
//! whatever the backend does.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tidegate_core::component::BuildContext;
use tidegate_core::config::MASK;
use tidegate_core::health::Health;
use tidegate_core::telemetry::{Counter, Gauge};
use tokio::time::Instant;

use super::changes::{Change, Changes, Condition, QUIET};
use super::failure::Failure;
use super::peer::Service;
use super::remedy::Clues;
use super::verdict::{Verdict, reason};

/// Characters of a peer's text that are logged.
const LONGEST_TEXT: usize = 500;

/// The state of the link, shared by all requests.
#[derive(Debug)]
pub(super) struct Link {
    stage: String,
    endpoint: String,
    clues: Clues,
    /// Values of `headers`, which a backend may repeat in its answer.
    secrets: Vec<String>,
    health: Health,
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
    changes: Changes,
    /// What is wrong, for each service.
    problems: [String; 2],
    /// For each service, whether the last attempt was taken.
    took_last: [bool; 2],
    refusals: Quiet,
    /// The last remark of the backend on requests that it took.
    remark: String,
    remarks: Quiet,
}

/// Lets one event through in [`QUIET`], and counts the others.
#[derive(Debug, Default)]
struct Quiet {
    last: Option<Instant>,
    held_back: u64,
}

impl Quiet {
    /// How many events were held back since the last one that was let through, if this one may be.
    fn admit(&mut self, now: Instant) -> Option<u64> {
        if self
            .last
            .is_some_and(|last| now.duration_since(last) < QUIET)
        {
            self.held_back += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.held_back))
    }
}

impl Link {
    /// `endpoint` is what the log calls the backend; `secrets` are shown nowhere.
    pub(super) fn new(
        context: &BuildContext,
        endpoint: String,
        clues: Clues,
        secrets: Vec<String>,
    ) -> Self {
        let stage = context.stage.as_str();
        let telemetry = &context.telemetry;
        let outcome = |outcome| {
            let help = "Attempts to deliver an OTLP request, by their outcome.";
            telemetry.counter(
                "tidegate_otlp_requests_total",
                help,
                &[("stage", stage), ("outcome", outcome)],
            )
        };
        let outcomes = Outcomes {
            delivered: outcome("delivered"),
            partial: outcome("partial"),
            refused: outcome("refused"),
            failed: outcome("failed"),
        };
        let help = "1 while the OTLP endpoint takes requests, 0 while it does not, or refuses them, or before the first one.";
        let connected = telemetry.gauge("tidegate_otlp_connected", help, &[("stage", stage)]);
        let stage = stage.to_owned();
        let health = context.health.clone();
        let state = Mutex::default();
        Self {
            stage,
            endpoint,
            clues,
            secrets,
            health,
            connected,
            outcomes,
            state,
        }
    }

    /// The exporter's stage.
    pub(super) fn stage(&self) -> &str {
        &self.stage
    }

    /// A request was taken, all of it.
    pub(super) fn delivered(&self, service: Service) {
        self.outcomes.delivered.add(1);
        self.took(service, true);
        self.observe(service, Condition::Well, String::new());
    }

    /// A request was taken, all of it, and the backend has something to say about it.
    pub(super) fn remarked(&self, service: Service, message: &str) {
        self.delivered(service);
        let mut state = self.state();
        let message = self.clean(message);
        if message != state.remark && state.remarks.admit(Instant::now()).is_some() {
            tracing::info!(
                stage = self.stage,
                endpoint = self.endpoint,
                remark = message,
                "the OTLP backend took a request, and remarks on it"
            );
            state.remark = message;
        } else {
            tracing::debug!(
                stage = self.stage,
                endpoint = self.endpoint,
                remark = message,
                "the OTLP backend took a request, and remarks on it"
            );
        }
    }

    /// A request was taken, but for `rejected` of its records.
    pub(super) fn partly_delivered(&self, service: Service, rejected: u64, message: &str) {
        self.outcomes.partial.add(1);
        self.took(service, true);
        self.observe(service, Condition::Well, String::new());
        if let Some(held_back) = self.may_log_refusal() {
            let message = self.clean(message);
            tracing::warn!(
                stage = self.stage,
                endpoint = self.endpoint,
                rejected,
                remark = message,
                held_back,
                "the OTLP backend took a request in part"
            );
        }
    }

    /// An attempt failed, which means `verdict` for its request.
    pub(super) fn failed(&self, service: Service, failure: &Failure, verdict: Verdict) {
        let what = self.clean(&failure.to_string());
        tracing::debug!(
            stage = self.stage,
            endpoint = self.endpoint,
            ?service,
            ?verdict,
            what,
            "an attempt to deliver a request failed"
        );
        let took_last = self.took(service, false);
        match verdict {
            Verdict::Retry(_) => {
                self.outcomes.failed.add(1);
                let condition = if failure.is_answer() {
                    Condition::Failing
                } else {
                    Condition::Unreachable
                };
                self.observe(
                    service,
                    condition,
                    self.problem(service, condition, &what, failure),
                );
            }
            Verdict::Drop(reason) => {
                self.outcomes.refused.add(1);
                let is_refusal = matches!(reason, reason::NOT_AUTHORIZED | reason::UNIMPLEMENTED);
                // Where something else than gRPC answers, there is no backend. One that speaks
                // gRPC, took a request and does not like this one may like the next one.
                if is_refusal || matches!(failure, Failure::Http { .. }) || !took_last {
                    let problem = self.problem(service, Condition::Refusing, &what, failure);
                    self.observe(service, Condition::Refusing, problem);
                } else if let Some(held_back) = self.may_log_refusal() {
                    let remedy = self.clues.remedy(failure);
                    tracing::warn!(
                        stage = self.stage,
                        endpoint = self.endpoint,
                        what,
                        remedy,
                        held_back,
                        "the OTLP backend refused a request; its records are {}",
                        fate(failure)
                    );
                }
            }
        }
    }

    /// When [`Self::catch_up`] has something to log.
    pub(super) fn due(&self) -> Option<Instant> {
        self.state().changes.due()
    }

    /// Logs a change that was held back, if it still holds.
    pub(super) fn catch_up(&self) {
        let mut state = self.state();
        if let Some(change) = state.changes.due_change(Instant::now()) {
            self.show(&state, change);
        }
    }

    fn problem(
        &self,
        service: Service,
        condition: Condition,
        what: &str,
        failure: &Failure,
    ) -> String {
        let endpoint = &*self.endpoint;
        let remedy = self.clues.remedy(failure);
        let (what_for, what_now) = match condition {
            Condition::Refusing => (
                format!("{endpoint} refuses {}", service.name()),
                format!("its records are {}", fate(failure)),
            ),
            Condition::Failing => (
                format!("{endpoint} cannot take {} now", service.name()),
                "retrying".to_owned(),
            ),
            _ => (format!("cannot reach {endpoint}"), "retrying".to_owned()),
        };
        let remedy = remedy
            .map(|remedy| format!("; {remedy}"))
            .unwrap_or_default();
        format!("{what_for}: {what} ({what_now}){remedy}")
    }

    fn observe(&self, service: Service, condition: Condition, problem: String) {
        let mut state = self.state();
        state.problems[service as usize] = problem;
        let change = state.changes.observe(service, condition, Instant::now());
        self.connected.set(i64::from(
            state.changes.condition() == Some(Condition::Well),
        ));
        if let Some(change) = change {
            self.show(&state, change);
        }
    }

    /// The health follows what is logged, not each change, since it logs: when a stage begins to be
    /// degraded, and when it is well again. All else is logged here.
    fn show(
        &self,
        state: &State,
        Change {
            condition,
            held_back,
        }: Change,
    ) {
        let is_degraded = self.health.now().problem().is_some();
        if condition == Condition::Well {
            if is_degraded {
                self.health.well();
            } else {
                tracing::info!(
                    stage = self.stage,
                    endpoint = self.endpoint,
                    "the OTLP endpoint takes requests"
                );
            }
            return;
        }
        let problem = state
            .problems
            .iter()
            .find(|problem| !problem.is_empty())
            .map_or("", String::as_str);
        let problem = match held_back {
            0 => problem.to_owned(),
            _ => format!(
                "{problem}; changes between good and bad since the last line about it: {held_back}"
            ),
        };
        if is_degraded {
            tracing::warn!(stage = self.stage, "{problem}");
        }
        self.health.degraded(problem);
    }

    /// Notes whether an attempt was taken, and yields whether the one before it was.
    fn took(&self, service: Service, is_taken: bool) -> bool {
        std::mem::replace(&mut self.state().took_last[service as usize], is_taken)
    }

    fn may_log_refusal(&self) -> Option<u64> {
        self.state().refusals.admit(Instant::now())
    }

    /// A peer's text for the log: without secrets, on one line, and not long.
    fn clean(&self, text: &str) -> String {
        let text = text.replace(char::is_control, " ");
        let text = self
            .secrets
            .iter()
            .fold(text, |text, secret| text.replace(secret, MASK));
        match text.char_indices().nth(LONGEST_TEXT) {
            Some((end, _)) => format!("{}...", &text[..end]),
            None => text,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What happens to the records of a request that is given up after a failure.
fn fate(failure: &Failure) -> &'static str {
    if failure.is_refusal() {
        "dropped with a count"
    } else {
        "counted as unconfirmed"
    }
}

#[cfg(test)]
mod tests;
