//! Delivery of a request with retries, until its outcome is final.
//!
//! [`request_sender`] makes attempts, [`backoff`] spaces them, [`outcome`] is what they come to.

mod backoff;
mod outcome;
mod request_sender;

pub(super) use backoff::RetryConfig;
pub(super) use outcome::RequestOutcome;
pub(super) use request_sender::RequestSender;
