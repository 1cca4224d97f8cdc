//! The backend of a signal: its endpoints, and the files that connections to them need.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::header::HeaderMap;
use tidegate_runtime::stage::StageError;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::accepted::Accepted;
use super::balancer::Balancer;
use super::endpoint::Endpoint;
use super::failed_attempt::FailedAttempt;
use super::file_changes::{FileChanges, Stamps};
use super::sent::SentFlag;
use super::size_limit::SizeLimit;
use super::target::{BackendSettings, BackendTarget, EndpointTarget};
use super::tls::TlsFiles;
use crate::otlp::failure::{CallError, Division, RetryDecision};
use crate::otlp::sealing::SealedFrame;
use crate::otlp::signal::Signal;

/// A backend that is in use.
pub(super) struct Backend {
    target: BackendTarget,
    endpoints: Vec<Endpoint>,
    state: Mutex<State>,
}

struct State {
    balancer: Balancer,
    /// What each endpoint accepts.
    limits: Vec<SizeLimit>,
    /// Headers of every request.
    headers: HeaderMap,
    /// What the endpoints' certificates are made of.
    files: TlsFiles,
    changes: FileChanges,
}

impl Backend {
    /// Reads the files, and looks for changes of them once in `reload_interval`.
    pub(super) async fn start(
        target: BackendTarget,
        reload_interval: Duration,
    ) -> Result<Self, StageError> {
        let files = target.files();
        let stamps = stamps(files.clone()).await?;
        let settings = target.settings().await?;
        let endpoint = |endpoint: &EndpointTarget| {
            Endpoint::new(endpoint.clone(), settings.tls.clone(), target.timeout)
        };
        Ok(Self {
            endpoints: target.endpoints.iter().map(endpoint).collect(),
            state: Mutex::new(State {
                balancer: Balancer::new(target.balancer, target.endpoints.len()),
                limits: vec![SizeLimit::default(); target.endpoints.len()],
                headers: settings.headers,
                files: settings.files,
                changes: FileChanges::new(files, reload_interval, stamps),
            }),
            target,
        })
    }

    /// Reads the files again. If the content of certificates has changed, that makes new
    /// connections; requests in flight end on the old ones.
    pub(super) async fn refresh(&self) -> Result<(), StageError> {
        let stamps = stamps(self.target.files()).await?;
        let settings = self.target.settings().await?;
        let mut state = self.state();
        state.changes.update(stamps);
        state.changes.set_problem(String::new());
        drop(state);
        self.use_settings(settings);
        Ok(())
    }

    /// Reads the files again if they have changed. What cannot be used is logged, and the previous
    /// content stays in use.
    async fn refresh_if_changed(&self) {
        let Some(files) = self.state().changes.due(Instant::now()) else {
            return;
        };
        let Ok(stamps) = stamps(files).await else {
            return;
        };
        if !self.state().changes.update(stamps) {
            return;
        }
        let endpoints: Vec<_> = self.target.addresses().map(ToString::to_string).collect();
        let endpoints = endpoints.join(", ");
        match self.target.settings().await {
            Ok(settings) => {
                self.state().changes.set_problem(String::new());
                self.use_settings(settings);
                tracing::info!(
                    endpoints,
                    "files of the OTLP exporter have changed and were read again"
                );
            }
            Err(error) if self.state().changes.set_problem(error.to_string()) => tracing::warn!(
                endpoints,
                error = &*error,
                "files of the OTLP exporter have changed and cannot be used; \
                 their previous content stays in use"
            ),
            Err(_) => {}
        }
    }

    fn use_settings(&self, settings: BackendSettings) {
        let mut state = self.state();
        state.headers = settings.headers;
        if state.files != settings.files {
            state.files = settings.files;
            for endpoint in &self.endpoints {
                endpoint.use_tls(settings.tls.clone());
            }
        }
    }

    /// The size of requests that every endpoint in use accepts, as far as it is known. Those that
    /// are left out for a time do not count.
    pub(super) fn max_request_bytes(&self) -> Option<usize> {
        let now = Instant::now();
        let state = self.state();
        let limits = state.limits.iter().enumerate();
        let in_use = limits.filter(|(index, _)| state.balancer.is_in_use(*index, now));
        in_use.filter_map(|(_, limit)| limit.bytes(now)).min()
    }

    /// Sends a frame once, to one of the endpoints. Sets `sent` when the backend may have received
    /// it.
    pub(super) async fn send(
        &self,
        signal: Signal,
        frame: &SealedFrame,
        sent: &SentFlag,
    ) -> Result<Accepted, FailedAttempt> {
        self.refresh_if_changed().await;
        let (index, headers) = {
            let mut state = self.state();
            (state.balancer.pick(Instant::now()), state.headers.clone())
        };
        let endpoint = &self.endpoints[index];
        match endpoint.send(signal, headers, frame, sent).await {
            Ok(accepted) => {
                self.state().balancer.accepted(index);
                Ok(accepted)
            }
            Err(error) => Err(self.failed(index, frame, error)),
        }
    }

    /// Records that an attempt failed at an endpoint.
    fn failed(&self, index: usize, frame: &SealedFrame, error: CallError) -> FailedAttempt {
        let decision = RetryDecision::for_error(&error);
        let mut state = self.state();
        let now = Instant::now();
        let mut fails_over = false;
        let mut learnt_limit = None;
        match decision {
            RetryDecision::RetryAfter(min_delay) => {
                state.balancer.failed(index, min_delay, now);
                fails_over = state.balancer.has_available(now);
            }
            RetryDecision::Divide(Division::TooLarge) => {
                let stated = error.stated_limit(frame.encoding());
                let bytes = frame.message_len();
                learnt_limit =
                    bytes.and_then(|bytes| state.limits[index].refused(bytes, stated, now));
            }
            RetryDecision::Divide(Division::Invalid) | RetryDecision::Drop(_) => {}
        }
        let endpoint = &self.endpoints[index];
        let target = endpoint.target();
        FailedAttempt {
            error,
            decision,
            endpoint: target.address.to_string(),
            protocol: target.protocol,
            is_tls: target.address.is_tls,
            port: target.address.port(),
            first_bytes: endpoint.first_bytes.get(),
            alert: endpoint.first_bytes.alert(),
            learnt_limit,
            fails_over,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn stamps(files: Vec<PathBuf>) -> Result<Stamps, StageError> {
    Ok(spawn_blocking(move || Stamps::of(&files)).await?)
}
