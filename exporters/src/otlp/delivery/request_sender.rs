//! Sends requests, again if necessary, until their outcome is final.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::backoff::{Backoff, RetryConfig};
use super::outcome::RequestOutcome;
use crate::otlp::failure::{CallError, RetryDecision, drop_reason};
use crate::otlp::sealing::{Compression, SealedFrame, Sealer};
use crate::otlp::signal::Signal;
use crate::otlp::status::BackendStatus;
use crate::otlp::transport::{Accepted, Client, SentFlag};

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
}

impl RequestSender {
    /// Sends a frame with as many attempts as the configuration allows. Cancel safe.
    pub(crate) async fn send(
        &self,
        signal: Signal,
        frame: &SealedFrame,
        sent: &SentFlag,
    ) -> RequestOutcome {
        let start = Instant::now();
        let mut backoff = Backoff::new(&self.retry);
        let mut attempt = 0_u32;
        loop {
            attempt = attempt.saturating_add(1);
            let min_delay = match self.send_once(signal, frame, sent).await {
                Ok(outcome) => return outcome,
                Err(min_delay) => min_delay,
            };
            match backoff.next(start.elapsed(), min_delay, fastrand::f64()) {
                Some(delay) => {
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
                None => return RequestOutcome::given_up(drop_reason::RETRIES_EXHAUSTED, sent),
            }
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
    ) -> Result<RequestOutcome, Duration> {
        let mut refused = None;
        loop {
            let frame = &self.sealer.accepted(signal, frame).await;
            let sent_before = sent.get();
            let stage = self.status.stage();
            let bytes = frame.len();
            tracing::debug!(stage, ?signal, bytes, "sending an OTLP request");
            let failure = match self.client.send(signal, frame, sent).await {
                Ok(accepted) => {
                    self.status.count_bytes(bytes);
                    return Ok(self.accepted(signal, &accepted));
                }
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
            match failure.decision {
                // An endpoint that has failed is left out for a time, so this ends.
                RetryDecision::RetryAfter(_) if failure.fails_over => {
                    self.status.failed_over(signal, &failure);
                }
                RetryDecision::RetryAfter(min_delay) => {
                    self.status.failed(signal, &failure);
                    return Err(min_delay);
                }
                RetryDecision::Drop(reason) => {
                    self.status.failed(signal, &failure);
                    return Ok(RequestOutcome::given_up(reason, sent));
                }
            }
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

    fn accepted(&self, signal: Signal, accepted: &Accepted) -> RequestOutcome {
        let Accepted { rejected, message } = accepted;
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
