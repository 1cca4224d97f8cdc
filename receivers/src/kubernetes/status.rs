//! How the receiver reports its state: metrics, the stage's health, and one log line for each change
//! of the state of a resource.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tidegate_runtime::change_limit::{ChangeLimit, ChangeNotice};
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::health::Health;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::{Counter, Gauge, Telemetry};

use super::api::{Change, Failure};

/// The state of all resources of a receiver; clones share it.
#[derive(Clone, Debug)]
pub(super) struct ReceiverStatus {
    stage: StageId,
    health: Health,
    problems: Arc<Mutex<Problems>>,
}

#[derive(Debug, Default)]
struct Problems {
    /// The resources that cannot be read, with the reason.
    list: Vec<(&'static str, String)>,
    /// Limits the lines about resources beside others that cannot be read either.
    limit: ChangeLimit,
}

/// Reports the state of one resource.
#[derive(Debug)]
pub(super) struct ResourceStatus {
    receiver: ReceiverStatus,
    resource: &'static str,
    is_listed: bool,
    /// The causes that were reported since the resource was read last, so that causes that alternate
    /// are reported once.
    reported: Vec<&'static str>,
    /// How often in a row the versions that were known were too old.
    expired: u32,
    telemetry: Telemetry,
    watching: Gauge,
    lists: Counter,
    added: Counter,
    modified: Counter,
    deleted: Counter,
}

/// How often in a row known versions may be too old, as they are when much changes during a list.
const MAX_EXPIRED: u32 = 3;
/// The cause that what is read does not exist.
const ABSENT: &str = "absent";

impl ReceiverStatus {
    pub(super) fn new(context: &BuildContext) -> Self {
        Self {
            stage: context.stage.clone(),
            health: context.health.clone(),
            problems: Arc::default(),
        }
    }

    /// Replaces the problem of a resource. The stage's health logs when the first one begins and when
    /// the last one ends; in between, this does.
    fn set_problem(&self, resource: &'static str, problem: Option<String>) {
        let mut problems = self.problems();
        let Problems { list, limit } = &mut *problems;
        let known = list.iter().position(|(of, _)| *of == resource);
        let old = known.map(|at| list.remove(at));
        match problem {
            Some(problem) => {
                if !list.is_empty() || old.is_some() {
                    self.log_problem(&problem, limit.changed(Instant::now()));
                }
                list.push((resource, problem));
            }
            None if old.is_some() && !list.is_empty() => {
                self.log_recovery(resource, limit.changed(Instant::now()));
            }
            None => {}
        }
        let texts: Vec<_> = list.iter().map(|(_, text)| text.as_str()).collect();
        match texts.is_empty() {
            true => self.health.healthy(),
            false => self.health.degraded(texts.join("; ")),
        }
    }

    fn log_problem(&self, why: &str, notice: ChangeNotice) {
        let stage = self.stage.as_str();
        match notice {
            ChangeNotice::Hidden => tracing::debug!(stage, why, "degraded"),
            notice => tracing::warn!(stage, why, note = notice.remark(), "degraded"),
        }
    }

    fn log_recovery(&self, resource: &str, notice: ChangeNotice) {
        let stage = self.stage.as_str();
        match notice {
            ChangeNotice::Hidden => {
                tracing::debug!(stage, resource, "reading the Kubernetes API again");
            }
            notice => {
                let note = notice.remark();
                tracing::info!(stage, resource, note, "reading the Kubernetes API again");
            }
        }
    }

    fn problems(&self) -> MutexGuard<'_, Problems> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResourceStatus {
    /// Registers the metrics of a resource.
    pub(super) fn new(
        receiver: &ReceiverStatus,
        resource: &'static str,
        telemetry: &Telemetry,
    ) -> Self {
        let stage = receiver.stage.as_str();
        let labels = [("stage", stage), ("resource", resource)];
        let change = |change| {
            let labels = [labels[0], labels[1], ("change", change)];
            let help = "Changes of objects that a watch reported.";
            telemetry.counter("tidegate_kubernetes_changes_total", help, &labels)
        };
        let status = Self {
            watching: telemetry.gauge(
                "tidegate_kubernetes_watching",
                "Whether changes of the resource are being watched: 1 or 0.",
                &labels,
            ),
            lists: telemetry.counter(
                "tidegate_kubernetes_lists_total",
                "Complete lists of the resource.",
                &labels,
            ),
            added: change("added"),
            modified: change("modified"),
            deleted: change("deleted"),
            receiver: receiver.clone(),
            resource,
            is_listed: false,
            reported: Vec::new(),
            expired: 0,
            telemetry: telemetry.clone(),
        };
        for reason in Failure::labels() {
            status.failures(reason);
        }
        status
    }

    /// Reports that the resource was listed completely, and what is wrong with it.
    pub(super) fn listed(&mut self, objects: usize, problem: Option<String>) {
        self.lists.add(1);
        let resource = self.resource;
        let stage = self.receiver.stage.as_str();
        if std::mem::replace(&mut self.is_listed, true) {
            tracing::debug!(
                stage,
                resource,
                objects,
                "listed objects of the Kubernetes API"
            );
        } else {
            tracing::info!(
                stage,
                resource,
                objects,
                "listed objects of the Kubernetes API"
            );
        }
        match problem {
            Some(problem) => self.fail(ABSENT, problem),
            None => self.reported.retain(|cause| *cause != ABSENT),
        }
    }

    /// Reports that changes are being watched.
    pub(super) fn watching(&mut self) {
        self.watching.set(1);
        if !self.reported.contains(&ABSENT) {
            self.recovered();
        }
    }

    /// Counts a change.
    pub(super) fn changed(&mut self, change: Change) {
        if change == Change::Added && self.reported.contains(&ABSENT) {
            self.recovered();
        }
        match change {
            Change::Added => self.added.add(1),
            Change::Modified => self.modified.add(1),
            Change::Deleted => self.deleted.add(1),
        }
    }

    /// Reports a failure, after which there is a pause. With `is_problem` false it is only counted.
    pub(super) fn failed(&mut self, failure: &Failure, pause: Duration, is_problem: bool) {
        let label = failure.label();
        self.watching.set(0);
        self.failures(label).add(1);
        let stage = self.receiver.stage.as_str();
        let resource = self.resource;
        tracing::debug!(stage, resource, %failure, ?pause, "cannot read the Kubernetes API; retrying");
        self.expired = match is_problem && failure.is_expired() {
            true => self.expired.saturating_add(1),
            false => 0,
        };
        let is_usual = failure.is_expired() && self.expired <= MAX_EXPIRED;
        if is_problem && !is_usual {
            let what = if failure.is_forbidden() {
                format!(
                    "reading {resource} is forbidden: {failure}; it takes the rule apiGroups [\"\"], \
                     resources [{resource}], verbs [list, watch] in a ClusterRole"
                )
            } else {
                format!("cannot read {resource} of the Kubernetes API: {failure}")
            };
            self.fail(label, what);
        }
    }

    fn fail(&mut self, label: &'static str, problem: String) {
        if !self.reported.contains(&label) {
            self.reported.push(label);
            self.receiver.set_problem(self.resource, Some(problem));
        }
    }

    fn recovered(&mut self) {
        self.reported.clear();
        self.receiver.set_problem(self.resource, None);
    }

    fn failures(&self, reason: &str) -> Counter {
        let stage = self.receiver.stage.as_str();
        self.telemetry.counter(
            "tidegate_kubernetes_failures_total",
            "Requests to the Kubernetes API that failed, by reason.",
            &[
                ("stage", stage),
                ("resource", self.resource),
                ("reason", reason),
            ],
        )
    }
}
