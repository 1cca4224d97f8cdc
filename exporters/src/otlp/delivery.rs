//! Brings a request to its terminal outcome: delivered, in part or in whole, or given up.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};

use super::backoff::Backoff;
use super::config::Retry;
use super::frame::Framer;
use super::link::Link;
use super::peer::{Accepted, Peer, Service};
use super::sent::Sent;
use super::verdict::{Verdict, judge, reason};

/// What came of a request in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Terminal {
    /// The backend has it, but for this many records.
    Delivered {
        /// Records that it rejected.
        rejected: u64,
    },
    /// All of it is lost, for this reason.
    Dropped(&'static str),
    /// It was given up while the backend may have had it.
    Unconfirmed,
}

/// A way to the backend that repeats what fails.
pub(super) struct Courier {
    /// Makes frames of messages.
    pub(super) framer: Framer,
    /// The backend.
    pub(super) peer: Peer,
    /// What is known about it.
    pub(super) link: Link,
    /// How attempts are repeated.
    pub(super) retry: Retry,
}

impl Courier {
    /// Delivers a frame, with as many attempts as the policy allows. Safe to cancel.
    pub(super) async fn deliver(&self, service: Service, frame: &Bytes, sent: &Sent) -> Terminal {
        let start = Instant::now();
        let mut backoff = Backoff::new(&self.retry);
        let mut attempt = 0_u32;
        loop {
            attempt = attempt.saturating_add(1);
            let hint = match self.attempt(service, frame.clone(), sent).await {
                Ok(terminal) => return terminal,
                Err(hint) => hint,
            };
            match backoff.next(start.elapsed(), hint, fastrand::f64()) {
                Some(delay) => {
                    let stage = self.link.stage();
                    tracing::debug!(
                        stage,
                        ?service,
                        attempt,
                        ?delay,
                        "sending a request of OTLP again after a delay"
                    );
                    sleep(delay).await;
                }
                None => return sent.give_up(reason::RETRIES_EXHAUSTED),
            }
        }
    }

    /// One attempt; an error is the shortest time after which it may be repeated.
    pub(super) async fn attempt(
        &self,
        service: Service,
        frame: Bytes,
        sent: &Sent,
    ) -> Result<Terminal, Duration> {
        let before = sent.get();
        tracing::debug!(
            stage = self.link.stage(),
            ?service,
            bytes = frame.len(),
            "sending a request of OTLP"
        );
        match self.peer.attempt(service, frame, sent).await {
            Ok(Accepted {
                rejected: 0,
                message,
            }) => {
                if message.is_empty() {
                    self.link.delivered(service);
                } else {
                    self.link.remarked(service, &message);
                }
                Ok(Terminal::Delivered { rejected: 0 })
            }
            Ok(Accepted { rejected, message }) => {
                self.link.partly_delivered(service, rejected, &message);
                Ok(Terminal::Delivered { rejected })
            }
            Err(failure) => {
                if failure.is_refusal() {
                    sent.set(before);
                }
                let verdict = judge(&failure);
                self.link.failed(service, &failure, verdict);
                match verdict {
                    Verdict::Retry(hint) => Err(hint),
                    Verdict::Drop(reason) => Ok(sent.give_up(reason)),
                }
            }
        }
    }
}
