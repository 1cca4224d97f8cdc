//! How the receiver reports its state: counters, the stage's health, and one log line for each
//! change of the state of what is read.

use std::time::{Duration, Instant};

use tidegate_runtime::change_limit::{ChangeLimit, ChangeNotice};
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::health::Health;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::{Counter, Gauge, Telemetry};

use super::failure::{Failure, Remedy};
use super::source::{Read, Source};

/// Counts requests and entries, and reports changes.
#[derive(Debug)]
pub(super) struct ApiStatus {
    stage: StageId,
    socket: String,
    health: Health,
    telemetry: Telemetry,
    connected: Gauge,
    bytes: Counter,
    pass_time: Gauge,
    /// Whether everything was read once.
    has_passed: bool,
    /// Why there is no connection.
    unreachable: Option<Problem>,
    /// The kinds of failures to connect that were logged since something was last read.
    logged_unreachable: Vec<String>,
    /// Why a source cannot be read, by [`Source::index`].
    problems: [Option<Problem>; Source::COUNT],
    /// The kinds of failures that were logged since the source was last read, by
    /// [`Source::index`].
    logged: [Vec<String>; Source::COUNT],
    /// Limits the lines about sources beside others that cannot be read either.
    limit: ChangeLimit,
}

/// What an operator is told.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Problem {
    /// What distinguishes the problem from others.
    kind: String,
    text: String,
    /// Whether neither the agent nor its configuration is the cause.
    is_benign: bool,
}

/// Whether this kind of failure was not logged yet. A failure that alternates with another is logged
/// once.
fn is_new(kind: &str, logged: &mut Vec<String>) -> bool {
    let is_new = !logged.iter().any(|known| known == kind);
    if is_new {
        logged.push(kind.to_owned());
    }
    is_new
}

impl ApiStatus {
    pub(super) fn new(context: &BuildContext, socket: String) -> Self {
        let labels = [("stage", context.stage.as_str())];
        let gauge = |name, help| context.telemetry.gauge(name, help, &labels);
        let status = Self {
            connected: gauge(
                "tidegate_receiver_connected",
                "Whether the receiver is connected to its source: 1 or 0.",
            ),
            pass_time: gauge(
                "tidegate_names_pass_milliseconds",
                "How long it took to read all lists that were due, the last time.",
            ),
            bytes: context.telemetry.receiver_bytes(&context.stage),
            stage: context.stage.clone(),
            health: context.health.clone(),
            telemetry: context.telemetry.clone(),
            socket,
            has_passed: false,
            unreachable: None,
            logged_unreachable: Vec::new(),
            problems: Default::default(),
            logged: Default::default(),
            limit: ChangeLimit::default(),
        };
        for source in Source::all() {
            status.requests(source, "ok");
            status.entries(source);
        }
        status
    }

    /// Counts bytes of bodies.
    pub(super) fn received(&self, bytes: usize) {
        self.bytes.add(bytes as u64);
    }

    /// Counts a request that was given up because it was out of date.
    pub(super) fn interrupted(&self, source: Source) {
        self.requests(source, "interrupted").add(1);
    }

    /// Reports that a source was read.
    pub(super) fn succeeded(&mut self, source: Source, read: Read) {
        let Read { result, entries } = read;
        self.requests(source, result).add(1);
        self.entries(source).add(entries);
        self.connected.set(1);
        tracing::debug!(
            stage = self.stage.as_str(),
            path = source.path(),
            entries,
            "read a list of the Cilium agent's API"
        );
        let was_unreachable = self.unreachable.take().is_some();
        self.logged_unreachable.clear();
        self.clear(source, was_unreachable);
    }

    /// Reports that a source which could not be read is not needed any more.
    pub(super) fn not_wanted(&mut self, source: Source) {
        self.clear(source, false);
    }

    /// Removes the problem of a source. `was_unreachable` is whether there was another one.
    fn clear(&mut self, source: Source, was_unreachable: bool) {
        self.logged[source.index()].clear();
        let was_problem = self.problems[source.index()].take().is_some();
        if (was_unreachable || was_problem) && self.has_problem() {
            let stage = self.stage.as_str();
            let path = source.path();
            match self.limit.changed(Instant::now()) {
                ChangeNotice::Hidden => {
                    tracing::debug!(stage, path, "the Cilium agent's API serves names again");
                }
                notice => {
                    let note = notice.remark();
                    tracing::info!(
                        stage,
                        path,
                        note,
                        "the Cilium agent's API serves names again"
                    );
                }
            }
        }
        self.show();
    }

    /// Reports that reading a source failed.
    pub(super) fn failed(&mut self, source: Source, failure: &Failure) {
        let remedy = failure.remedy();
        self.requests(source, failure.label()).add(1);
        let stage = self.stage.as_str();
        let path = source.path();
        tracing::debug!(stage, path, error = %failure, "cannot read the Cilium agent's API");
        let problem = self.problem(source, failure);
        let logged = match remedy {
            Remedy::RetryAll => &mut self.logged_unreachable,
            _ => &mut self.logged[source.index()],
        };
        if is_new(&problem.kind, logged) {
            self.log(&problem);
        }
        if remedy == Remedy::RetryAll {
            self.connected.set(0);
            self.unreachable = Some(problem);
        } else {
            self.connected.set(1);
            self.unreachable = None;
            self.problems[source.index()] = Some(problem);
        }
        self.show();
    }

    /// Logs a problem, unless it is the first one, which the stage's health logs.
    fn log(&mut self, problem: &Problem) {
        let stage = self.stage.as_str();
        let text = problem.text.as_str();
        if problem.is_benign {
            tracing::info!(stage, "{text}");
        } else if self.health.state().problem().is_some() {
            match self.limit.changed(Instant::now()) {
                ChangeNotice::Hidden => tracing::debug!(stage, "{text}"),
                notice => tracing::warn!(stage, note = notice.remark(), "{text}"),
            }
        }
    }

    /// What an operator is told of a failure.
    fn problem(&self, source: Source, failure: &Failure) -> Problem {
        let path = source.path();
        let advice = failure.advice(source);
        let label = failure.label().to_owned();
        let (kind, text) = match failure.remedy() {
            // An error of the operating system, of which there are few.
            Remedy::RetryAll => (
                failure.to_string(),
                format!("names: {failure}: {}; {advice}", self.socket),
            ),
            Remedy::Unsupported => (
                label,
                format!("names: this Cilium agent does not serve {path}"),
            ),
            _ => (label, format!("names: {path}: {failure}; {advice}")),
        };
        Problem {
            kind,
            text,
            // The list has what a single endpoint has.
            is_benign: match failure.remedy() {
                Remedy::Unsupported => true,
                Remedy::RetryAll => false,
                Remedy::Retry(_) | Remedy::RetryLater => source == Source::Endpoint,
            },
        }
    }

    /// Reports what was read when nothing more is due.
    pub(super) fn passed(&mut self, entries: u64, time: Duration) {
        let millis = time.as_millis();
        self.pass_time
            .set(i64::try_from(millis).unwrap_or(i64::MAX));
        let stage = self.stage.as_str();
        let millis = u64::try_from(millis).unwrap_or(u64::MAX);
        if !std::mem::replace(&mut self.has_passed, true) {
            let socket = self.socket.as_str();
            tracing::info!(
                stage,
                socket,
                entries,
                millis,
                "read names from the Cilium agent's API"
            );
        } else {
            tracing::debug!(
                stage,
                entries,
                millis,
                "read names from the Cilium agent's API again"
            );
        }
    }

    /// Logs elements that were refused.
    pub(super) fn refused(&self, source: Source, elements: u64, example: Option<&str>) {
        tracing::debug!(
            stage = self.stage.as_str(),
            path = source.path(),
            elements,
            example,
            "elements of a list of the Cilium agent's API were not read"
        );
    }

    /// Ends the reports of a stage that ends: it has no problem from then on.
    pub(super) fn ended(&self) {
        self.connected.set(0);
    }

    fn problems(&self) -> impl Iterator<Item = &Problem> {
        let of_sources = self.problems.iter().flatten();
        self.unreachable
            .iter()
            .chain(of_sources)
            .filter(|problem| !problem.is_benign)
    }

    fn has_problem(&self) -> bool {
        self.problems().next().is_some()
    }

    /// Updates the health, which logs when the first problem begins and when the last one ends.
    fn show(&self) {
        let texts: Vec<_> = self
            .problems()
            .map(|problem| problem.text.as_str())
            .collect();
        match texts.is_empty() {
            true => self.health.healthy(),
            false => self.health.degraded(texts.join("; ")),
        }
    }

    fn requests(&self, source: Source, result: &str) -> Counter {
        let labels = [
            ("stage", self.stage.as_str()),
            ("path", source.path()),
            ("result", result),
        ];
        let help = "Requests to the Cilium agent's API, by path and result.";
        self.telemetry
            .counter("tidegate_names_requests_total", help, &labels)
    }

    fn entries(&self, source: Source) -> Counter {
        let labels = [("stage", self.stage.as_str()), ("path", source.path())];
        let help = "Entries that were read from the Cilium agent's API.";
        self.telemetry
            .counter("tidegate_names_entries_total", help, &labels)
    }
}

#[cfg(test)]
mod tests {
    use super::is_new;

    #[test]
    fn failures_that_alternate_are_new_once_each() {
        let mut logged = Vec::new();
        let failures = ["cut", "not_http", "cut", "cut", "not_http", "timed_out"];
        let new = failures.map(|kind| is_new(kind, &mut logged));
        assert_eq!(new, [true, true, false, false, false, true]);
    }
}
