//! Sends requests, again if necessary, until their outcome is final.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::backoff::{Backoff, RetryConfig};
use super::outcome::RequestOutcome;
use crate::otlp::failure::{CallError, Division, RetryDecision, drop_reason};
use crate::otlp::sealing::{Compression, SealedFrame, Sealer};
use crate::otlp::signal::Signal;
use crate::otlp::status::BackendStatus;
use crate::otlp::transport::{Accepted, Client, FailedAttempt, SentFlag};

/// Sends requests to the backend.
pub(crate) struct RequestSender {
    /// Seals messages.
    pub(crate) sealer: Arc<Sealer>,
    /// Makes attempts.
    pub(crate) client: Arc<Client>,
    /// Records their results.
    pub(crate) status: BackendStatus,
    /// How failed attempts are retried.
    pub(crate) retry: RetryConfig,
    /// For each signal, whether the backend has refused every part of a request, and accepted
    /// nothing since.
    pub(crate) refuses_everything: [AtomicBool; Signal::ALL.len()],
}

/// What came of sending a request.
#[derive(Debug)]
pub(crate) enum SendResult {
    /// It has its outcome.
    Settled(RequestOutcome),
    /// It was refused, and its parts may be accepted.
    Refused(Division, Box<FailedAttempt>),
}

/// The attempts to deliver a request and its parts.
#[derive(Debug)]
pub(crate) struct Attempts<'a> {
    start: Instant,
    config: &'a RetryConfig,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(config: &'a RetryConfig) -> Self {
        Self {
            start: Instant::now(),
            config,
        }
    }
}

impl RequestSender {
    /// Sends a frame with as many attempts as the configuration allows. Cancel safe.
    pub(crate) async fn send(
        &self,
        signal: Signal,
        frame: &SealedFrame,
        sent: &SentFlag,
        attempts: &Attempts<'_>,
    ) -> SendResult {
        let mut backoff = Backoff::new(attempts.config);
        let mut attempt = 0_u32;
        loop {
            attempt = attempt.saturating_add(1);
            let min_delay = match self.send_once(signal, frame, sent).await {
                Ok(result) => return result,
                Err(min_delay) => min_delay,
            };
            let elapsed = attempts.start.elapsed();
            let Some(delay) = backoff.next(elapsed, min_delay, fastrand::f64()) else {
                let reason = drop_reason::RETRIES_EXHAUSTED;
                return SendResult::Settled(RequestOutcome::given_up(reason, sent));
            };
            let stage = self.status.stage();
            tracing::debug!(
                stage,
                ?signal,
                attempt,
                ?delay,
                "retrying an OTLP request after a delay"
            );
            sleep(delay).await;
        }
    }

    /// Makes one attempt, or one at each endpoint until one accepts the request. A frame whose
    /// encoding the backend refuses is sealed again and sent at once.
    ///
    /// # Errors
    ///
    /// If the request may be retried, the error is the shortest delay before that.
    pub(crate) async fn send_once(
        &self,
        signal: Signal,
        frame: &SealedFrame,
        sent: &SentFlag,
    ) -> Result<SendResult, Duration> {
        let mut refused = None;
        loop {
            let frame = &self.sealer.accepted(signal, frame).await;
            let sent_before = sent.get();
            let bytes = frame.len();
            tracing::debug!(
                stage = self.status.stage(),
                ?signal,
                bytes,
                "sending an OTLP request"
            );
            let result = self.client.send(signal, frame, sent).await;
            let failure = match result.map(|accepted| self.accepted(signal, &accepted, bytes)) {
                Ok(outcome) => return Ok(SendResult::Settled(outcome)),
                Err(failure) => failure,
            };
            if failure.error.is_refusal() {
                sent.set(sent_before);
            }
            let encoding = frame.encoding();
            if refused != Some(encoding) && self.fall_back(signal, encoding, &failure.error) {
                refused = Some(encoding);
                continue;
            }
            // An endpoint that has failed is left out for a time, so this ends.
            if failure.fails_over {
                self.status.failed_over(signal, &failure);
                continue;
            }
            return self.failed(signal, failure, sent);
        }
    }

    /// Returns what a failure comes to that leads to no other attempt now.
    fn failed(
        &self,
        signal: Signal,
        failure: FailedAttempt,
        sent: &SentFlag,
    ) -> Result<SendResult, Duration> {
        match failure.decision {
            RetryDecision::RetryAfter(min_delay) => {
                self.status.failed(signal, &failure);
                Err(min_delay)
            }
            RetryDecision::Divide(division) => Ok(SendResult::Refused(division, Box::new(failure))),
            RetryDecision::Drop(reason) => {
                self.status.failed(signal, &failure);
                let outcome = RequestOutcome::given_up(reason, sent);
                Ok(SendResult::Settled(outcome))
            }
        }
    }

    /// Whether a request that was refused may be sent in parts.
    pub(crate) fn may_divide(&self, signal: Signal, division: Division) -> bool {
        let is_in_vain = self.refuses_everything[signal as usize].load(Ordering::Relaxed);
        !(division == Division::Invalid && is_in_vain)
    }

    /// Remembers that the backend refuses every record of a signal. Until it accepts one, requests
    /// that it calls invalid are not divided.
    pub(crate) fn refuses_everything(&self, signal: Signal) {
        self.refuses_everything[signal as usize].store(true, Ordering::Relaxed);
    }

    /// Records that a request is given up, or one record of a request that was `divided`.
    pub(crate) fn refused(&self, signal: Signal, failure: &FailedAttempt, divided: bool) {
        if divided {
            self.status.refused_part(failure);
        } else {
            self.status.failed(signal, failure);
        }
    }

    /// Returns whether the backend refused an encoding, and another is to be tried. That is
    /// remembered for all requests of the signal.
    fn fall_back(&self, signal: Signal, refused: Compression, error: &CallError) -> bool {
        let is_refused = refused != Compression::None && error.refuses_encoding();
        if is_refused && let Some(compression) = self.sealer.refuse(signal, refused) {
            tracing::info!(
                stage = self.status.stage(),
                signal = signal.name(),
                refused = refused.name(),
                compression = compression.name(),
                "the OTLP backend does not accept this compression; another one is used from now on"
            );
        }
        is_refused && refused != self.sealer.compression(signal)
    }

    fn accepted(&self, signal: Signal, accepted: &Accepted, bytes: usize) -> RequestOutcome {
        self.status.count_bytes(bytes);
        let Accepted { rejected, message } = accepted;
        self.refuses_everything[signal as usize].store(false, Ordering::Relaxed);
        if *rejected > 0 {
            self.status.partly_accepted(signal, *rejected, message);
        } else if message.is_empty() {
            self.status.accepted(signal);
        } else {
            self.status.accepted_with_warning(signal, message);
        }
        RequestOutcome::Delivered {
            rejected: *rejected,
        }
    }
}
