//! Delivery of a request with retries, until its outcome is final.
//!
//! [`request_sender`] makes attempts, [`backoff`] spaces them, [`outcome`] is what they come to.
//! [`tickets`] are those of the records in a request.

mod backoff;
mod outcome;
mod request_sender;
mod tickets;

pub(super) use backoff::RetryConfig;
pub(super) use outcome::RequestOutcome;
pub(super) use request_sender::RequestSender;
pub(super) use tickets::RequestTickets;
