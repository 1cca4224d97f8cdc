//! Sends requests, again if necessary, until their outcome is final.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::backoff::{Backoff, RetryConfig};
use super::outcome::RequestOutcome;
use crate::otlp::failure::{RetryDecision, drop_reason};
use crate::otlp::sealing::{SealedFrame, Sealer};
use crate::otlp::signal::Signal;
use crate::otlp::status::BackendStatus;
use crate::otlp::transport::{Accepted, Client, SentFlag};

/// Sends requests to the backend.
pub(crate) struct RequestSender {
    /// Seals messages.
    pub(crate) sealer: Sealer,
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

    /// Makes one attempt.
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
        let sent_before = sent.get();
        tracing::debug!(
            stage = self.status.stage(),
            ?signal,
            bytes = frame.len(),
            "sending an OTLP request"
        );
        let bytes = frame.len();
        match self.client.send(signal, frame, sent).await {
            Ok(accepted) => {
                self.status.count_bytes(bytes);
                Ok(self.accepted(signal, &accepted))
            }
            Err(error) => {
                if error.is_refusal() {
                    sent.set(sent_before);
                }
                let decision = RetryDecision::for_error(&error);
                self.status.failed(signal, &error, decision);
                match decision {
                    RetryDecision::RetryAfter(min_delay) => Err(min_delay),
                    RetryDecision::Drop(reason) => Ok(RequestOutcome::given_up(reason, sent)),
                }
            }
        }
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
