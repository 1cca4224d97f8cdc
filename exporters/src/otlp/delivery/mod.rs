//! Delivery of a request with retries, until its outcome is final.
//!
//! [`request_sender`] makes attempts, [`backoff`] spaces them, [`outcome`] is what they come to.
//! [`request_parts`] is a request that may have to be divided, as far as [`division_budget`] allows,
//! and [`tickets`] are those of its records.

mod backoff;
mod division_budget;
mod outcome;
mod request_parts;
mod request_sender;
mod tickets;

pub(super) use backoff::RetryConfig;
pub(super) use division_budget::DivisionBudget;
pub(super) use outcome::RequestOutcome;
pub(super) use request_parts::RequestParts;
pub(super) use request_sender::{Attempts, RequestSender, SendResult};
pub(super) use tickets::RequestTickets;
