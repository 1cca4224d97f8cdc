//! What became of requests: counters, and one warning while the backend does not accept them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tidegate_runtime::telemetry::{Counter, Telemetry};

use crate::config::OwnSignal;

/// The signals whose last request was not accepted; clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcomes(Arc<Mutex<BTreeSet<&'static str>>>);

impl Outcomes {
    /// Those of the requests of a signal to `endpoint`.
    pub(super) fn of(
        &self,
        signal: OwnSignal,
        endpoint: &str,
        telemetry: &Telemetry,
    ) -> SignalOutcomes {
        let signal = signal.name();
        let requests = |outcome| {
            telemetry.counter(
                "tidegate_own_telemetry_requests_total",
                "Requests with the agent's own telemetry, by signal and outcome",
                &[("signal", signal), ("outcome", outcome)],
            )
        };
        let lost = telemetry.counter(
            "tidegate_own_telemetry_lost_total",
            "Log records and spans of the agent itself that the backend did not accept; metrics are \
             sent again with their next values",
            &[("signal", signal)],
        );
        self.lock().remove(signal);
        SignalOutcomes {
            signal,
            endpoint: endpoint.to_owned(),
            accepted: requests("accepted"),
            failed: requests("failed"),
            lost,
            failing: self.clone(),
        }
    }

    /// Whether the last request of a signal was not accepted.
    pub(super) fn are_failing(&self) -> bool {
        !self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The outcomes of the requests of one signal.
#[derive(Debug)]
pub(super) struct SignalOutcomes {
    signal: &'static str,
    endpoint: String,
    accepted: Counter,
    failed: Counter,
    lost: Counter,
    failing: Outcomes,
}

impl SignalOutcomes {
    /// Counts a request. `records` are lost if it failed.
    pub(super) fn count(
        &self,
        records: usize,
        failure: Option<&(dyn std::error::Error + 'static)>,
    ) {
        let Self {
            signal, endpoint, ..
        } = self;
        let mut failing = self.failing.lock();
        let Some(error) = failure else {
            self.accepted.add(1);
            if failing.remove(signal) && failing.is_empty() {
                tracing::info!(endpoint, "the agent's own telemetry is accepted again");
            }
            return;
        };
        self.failed.add(1);
        self.lost.add(records as u64);
        if failing.is_empty() {
            tracing::warn!(
                endpoint,
                signal,
                error,
                "the agent's own telemetry is not accepted; this is logged once until it is"
            );
        }
        failing.insert(signal);
    }
}
