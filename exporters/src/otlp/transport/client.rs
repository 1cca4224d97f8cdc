//! The client: one attempt to have the backend of a signal accept a request.

use std::sync::Arc;
use std::time::Duration;

use tidegate_runtime::stage::StageError;

use super::accepted::Accepted;
use super::backend::Backend;
use super::failed_attempt::FailedAttempt;
use super::secrets::Secrets;
use super::sent::SentFlag;
use super::target::BackendTarget;
use crate::otlp::sealing::SealedFrame;
use crate::otlp::signal::Signal;

/// The checked backends of the signals.
#[derive(Clone, Debug)]
pub(crate) struct Targets {
    /// Those of [`Signal::ALL`].
    pub(crate) of_signals: [Arc<BackendTarget>; Signal::ALL.len()],
    /// How often files are looked at for changes; never if zero.
    pub(crate) reload_interval: Duration,
}

/// A client that connects on first use, and again after a connection is lost.
pub(crate) struct Client {
    /// The backends of [`Signal::ALL`]. Signals with the same settings share one.
    backends: [Arc<Backend>; Signal::ALL.len()],
}

impl Targets {
    /// The backends without repetition.
    pub(crate) fn distinct(&self) -> Vec<&Arc<BackendTarget>> {
        let mut distinct: Vec<&Arc<BackendTarget>> = Vec::new();
        for target in &self.of_signals {
            if !distinct.iter().any(|known| Arc::ptr_eq(known, target)) {
                distinct.push(target);
            }
        }
        distinct
    }

    /// The addresses, as shown in logs.
    pub(crate) fn describe(&self) -> String {
        let mut shown: Vec<String> = Vec::new();
        for target in self.distinct() {
            for address in target.addresses().map(ToString::to_string) {
                if !shown.contains(&address) {
                    shown.push(address);
                }
            }
        }
        shown.join(", ")
    }

    /// What is masked in logs.
    pub(crate) fn secrets(&self) -> Vec<Secrets> {
        let distinct = self.distinct().into_iter();
        distinct.map(|target| target.secrets.clone()).collect()
    }

    /// Whether files are used.
    pub(crate) fn has_files(&self) -> bool {
        self.distinct()
            .iter()
            .any(|target| !target.files().is_empty())
    }
}

impl Client {
    /// Reads the files. Must be called within a runtime. Does not connect yet.
    pub(crate) async fn start(targets: &Targets) -> Result<Self, StageError> {
        let mut backends: Vec<(&Arc<BackendTarget>, Arc<Backend>)> = Vec::new();
        for target in targets.distinct() {
            let backend = Backend::start((**target).clone(), targets.reload_interval).await?;
            backends.push((target, Arc::new(backend)));
        }
        let of_signal = |signal: Signal| {
            let target = &targets.of_signals[signal as usize];
            let found = backends
                .iter()
                .find(|(known, _)| Arc::ptr_eq(known, target));
            found.map(|(_, backend)| Arc::clone(backend))
        };
        let [logs, metrics, traces] = Signal::ALL.map(of_signal);
        match (logs, metrics, traces) {
            (Some(logs), Some(metrics), Some(traces)) => Ok(Self {
                backends: [logs, metrics, traces],
            }),
            _ => Err("a signal has no backend".into()),
        }
    }

    /// Reads the files again. The error is that of the first backend whose files cannot be used.
    pub(crate) async fn refresh(&self) -> Result<(), StageError> {
        let mut result = Ok(());
        for (index, backend) in self.backends.iter().enumerate() {
            let is_repeated = self.backends[..index]
                .iter()
                .any(|known| Arc::ptr_eq(known, backend));
            if !is_repeated {
                result = result.and(backend.refresh().await);
            }
        }
        result
    }

    /// The size of requests that the endpoints of a signal accept, in bytes before compression, as
    /// far as they have refused larger ones.
    pub(crate) fn max_request_bytes(&self, signal: Signal) -> Option<usize> {
        self.backends[signal as usize].max_request_bytes()
    }

    /// Sends a frame once. Sets `sent` when the backend may have received it.
    pub(crate) async fn send(
        &self,
        signal: Signal,
        frame: &SealedFrame,
        sent: &SentFlag,
    ) -> Result<Accepted, FailedAttempt> {
        self.backends[signal as usize]
            .send(signal, frame, sent)
            .await
    }
}
