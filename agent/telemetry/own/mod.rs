//! The agent's telemetry about itself, sent through the OpenTelemetry SDK. It is off by default.
//!
//! Nothing here is on the path of a record: [`metrics`] are read from the ledger at each export, by
//! way of [`meters`]; log events and spans go through bounded queues of the SDK, which drop when
//! they are full. [`running`] has the threads and connections, [`channel`] opens these, [`outcomes`]
//! counts what became of each request, and [`resource`] describes the agent.
//!
//! It never feeds on itself: what its own threads log is suppressed, and what crates of the transport
//! log is refused by the filter of [`OwnLayers`].

mod channel;
mod counted;
mod error;
mod meters;
mod metrics;
mod outcomes;
mod resource;
mod running;

use std::sync::{Arc, Mutex, PoisonError};

use tidegate_runtime::ledger::Ledger;
use tidegate_runtime::telemetry::Telemetry;

use crate::config::OwnTelemetry;
use crate::log::OwnLayers;
use error::OwnTelemetryError;
use outcomes::Outcomes;
use running::Running;

/// What the metrics are read from.
#[derive(Clone)]
struct Source {
    ledger: Ledger,
    telemetry: Telemetry,
}

/// Sends the agent's own telemetry as the configuration says; clones are the same sender.
#[derive(Clone)]
pub(crate) struct OwnTelemetrySender(Arc<Sender>);

struct Sender {
    source: Source,
    layers: OwnLayers,
    outcomes: Outcomes,
    current: Mutex<Option<(OwnTelemetry, Running)>>,
}

impl OwnTelemetrySender {
    /// Sends nothing yet.
    pub(crate) fn new(ledger: Ledger, telemetry: Telemetry, layers: OwnLayers) -> Self {
        Self(Arc::new(Sender {
            outcomes: Outcomes::default(),
            source: Source { ledger, telemetry },
            layers,
            current: Mutex::default(),
        }))
    }

    /// Sends from now on as `settings` say, or nothing. What is unchanged goes on, unless it uses
    /// files, which are read again. After an error everything stays as it was.
    pub(crate) fn change_to(
        &self,
        settings: Option<&OwnTelemetry>,
    ) -> Result<(), OwnTelemetryError> {
        let Sender {
            source,
            layers,
            outcomes,
            current,
        } = &*self.0;
        let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
        let is_current = match (&*current, settings) {
            (Some((known, _)), Some(settings)) => known == settings && !settings.has_files(),
            (None, None) => true,
            _ => false,
        };
        if is_current {
            return Ok(());
        }
        let next = match settings {
            Some(settings) => {
                let running = Running::start(settings, source.clone(), outcomes)?;
                running.install(settings, layers);
                Some((settings.clone(), running))
            }
            None => {
                running::uninstall(layers);
                None
            }
        };
        if let Some((_, replaced)) = std::mem::replace(&mut *current, next) {
            // It sends what it has, for a bounded time.
            drop(replaced.finish());
        }
        Ok(())
    }

    /// Sends what is left, and ends. Takes no longer than a second, and no time if the backend did
    /// not accept the last request.
    pub(crate) fn finish(&self) {
        let Sender {
            layers,
            outcomes,
            current,
            ..
        } = &*self.0;
        let current = current
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some((_, running)) = current {
            running::uninstall(layers);
            let finished = running.finish();
            if !outcomes.are_failing() {
                // An error is the end of the time.
                let _ = finished.recv_timeout(running::FINISH_LIMIT);
            }
        }
    }
}
