//! The health of stages: healthy, degraded, or ended while the others keep running. `/readyz`, the
//! log, `tidegate top` and the metric `tidegate_stage_degraded` show it.
//!
//! A component reports its state through the [`Health`] of its
//! [`BuildContext`](crate::component::BuildContext); the runner adds that a stage has ended. A
//! component that a reload replaces takes its state with it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Instant;

use tidegate_model::time::Timestamp;

use crate::change_limit::{ChangeLimit, ChangeNotice};
use crate::stage_id::StageId;
use crate::sync::lock;

/// The health of all stages of an agent; clones share it.
#[derive(Clone, Debug, Default)]
pub struct HealthRegistry {
    stages: Arc<Mutex<Vec<Weak<Shared>>>>,
}

/// One stage's health, as the stage reports it; clones share it. It stays in the registry as long
/// as a clone exists. The default belongs to no stage and to no registry.
#[derive(Clone, Debug, Default)]
pub struct Health {
    shared: Arc<Shared>,
}

/// The state of a stage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum HealthState {
    /// It works.
    #[default]
    Healthy,
    /// It cannot do all of its work, and keeps trying.
    Degraded {
        /// When that began.
        since: Timestamp,
        /// The reason, as a fragment without a full stop.
        why: String,
    },
    /// It has ended, and the run continues without it.
    Ended {
        /// When it ended.
        since: Timestamp,
        /// The reason.
        why: String,
        /// Whether that was a failure, which a closed output is not.
        failed: bool,
    },
}

#[derive(Debug, Default)]
struct Shared {
    stage: Option<StageId>,
    state: Mutex<HealthState>,
    /// Limits the lines about changes of the state.
    limit: Mutex<ChangeLimit>,
}

impl HealthRegistry {
    /// Registers a healthy stage. Two handles of one name are two components, of which a reload has
    /// replaced one or is about to.
    #[must_use]
    pub fn stage(&self, stage: &StageId) -> Health {
        let shared = Arc::new(Shared {
            stage: Some(stage.clone()),
            state: Mutex::default(),
            limit: Mutex::default(),
        });
        let mut stages = lock(&self.stages);
        stages.retain(|stage| stage.strong_count() > 0);
        stages.push(Arc::downgrade(&shared));
        Health { shared }
    }

    /// The state of every stage: the worst one where several components have its name.
    #[must_use]
    pub fn states(&self) -> BTreeMap<StageId, HealthState> {
        let mut states = BTreeMap::new();
        for shared in lock(&self.stages).iter().filter_map(Weak::upgrade) {
            let Some(stage) = shared.stage.clone() else {
                continue;
            };
            let state = lock(&shared.state).clone();
            let worst: &mut HealthState = states.entry(stage).or_default();
            if state.rank() > worst.rank() {
                *worst = state;
            }
        }
        states
    }

    /// The reason for each stage that is not healthy.
    #[must_use]
    pub fn problems(&self) -> BTreeMap<StageId, String> {
        let states = self.states().into_iter();
        states
            .filter_map(|(stage, state)| Some((stage, state.problem()?.to_owned())))
            .collect()
    }
}

impl Health {
    /// Reports that the stage cannot do all of its work: `why` is a fragment such as `the backend
    /// refuses requests: 401`. Logs a warning when the stage becomes degraded, unless its state
    /// changes [too often](ChangeLimit), and not when only the reason changes.
    pub fn degraded(&self, why: impl Into<String>) {
        let why = why.into();
        let mut state = self.lock();
        match &mut *state {
            HealthState::Healthy => {
                match self.changed() {
                    ChangeNotice::Hidden => {
                        tracing::debug!(stage = self.stage(), why, "degraded");
                    }
                    notice => {
                        let note = notice.remark();
                        tracing::warn!(stage = self.stage(), why, note, "degraded");
                    }
                }
                *state = HealthState::Degraded {
                    since: Timestamp::now(),
                    why,
                };
            }
            HealthState::Degraded { why: known, .. } if *known != why => {
                tracing::debug!(stage = self.stage(), why, "still degraded");
                *known = why;
            }
            HealthState::Degraded { .. } | HealthState::Ended { .. } => {}
        }
    }

    /// Reports that the stage works. Logs a recovery, unless the state changes too often. Costs an
    /// uncontended lock.
    pub fn healthy(&self) {
        let mut state = self.lock();
        if let HealthState::Degraded { since, .. } = *state {
            let seconds = Timestamp::now().since(since).as_secs();
            match self.changed() {
                ChangeNotice::Hidden => {
                    tracing::debug!(stage = self.stage(), seconds, "recovered");
                }
                notice => {
                    let note = notice.remark();
                    tracing::info!(stage = self.stage(), seconds, note, "recovered");
                }
            }
            *state = HealthState::Healthy;
        }
    }

    /// The current state.
    #[must_use]
    pub fn state(&self) -> HealthState {
        self.lock().clone()
    }

    /// Enters that the stage has ended before the others. The runner logs that.
    pub(crate) fn ended(&self, why: impl Into<String>, failed: bool) {
        *self.lock() = HealthState::Ended {
            since: Timestamp::now(),
            why: why.into(),
            failed,
        };
    }

    fn changed(&self) -> ChangeNotice {
        lock(&self.shared.limit).changed(Instant::now())
    }

    fn stage(&self) -> &str {
        self.shared.stage.as_ref().map_or("", StageId::as_str)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HealthState> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl HealthState {
    /// The reason for a state that is not healthy.
    #[must_use]
    pub fn problem(&self) -> Option<&str> {
        match self {
            Self::Healthy => None,
            Self::Degraded { why, .. } | Self::Ended { why, .. } => Some(why),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Healthy => 0,
            Self::Degraded { .. } => 1,
            Self::Ended { failed: false, .. } => 2,
            Self::Ended { failed: true, .. } => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{HealthRegistry, HealthState, StageId};

    #[test]
    fn a_degraded_stage_has_a_reason_until_it_recovers() {
        let registry = HealthRegistry::default();
        let health = registry.stage(&StageId::exporter("stdout"));
        assert!(registry.problems().is_empty());
        health.degraded("the pipe is full");
        health.degraded("the pipe is full of old lines");
        let unwell: Vec<_> = registry.problems().into_iter().collect();
        assert_eq!(
            unwell,
            [(
                StageId::exporter("stdout"),
                "the pipe is full of old lines".to_owned()
            )]
        );
        health.healthy();
        assert_eq!(
            registry.states()[&StageId::exporter("stdout")],
            HealthState::Healthy
        );
    }

    #[test]
    fn a_stage_that_has_ended_cannot_recover() {
        let health = HealthRegistry::default().stage(&StageId::exporter("stdout"));
        health.ended("the disk is full", true);
        health.degraded("the pipe is full");
        health.healthy();
        assert_eq!(health.state().problem(), Some("the disk is full"));
    }

    #[test]
    fn the_worse_state_of_two_components_with_one_name_is_shown() {
        let registry = HealthRegistry::default();
        let old = registry.stage(&StageId::exporter("otlp"));
        let new = registry.stage(&StageId::exporter("otlp"));
        old.degraded("no connection");
        assert_eq!(registry.problems().len(), 1);
        drop(old);
        assert_eq!((registry.problems().len(), registry.states().len()), (0, 1));
        drop(new);
        assert!(registry.states().is_empty());
    }
}
