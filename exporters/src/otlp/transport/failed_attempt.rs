//! A failed attempt, with what is known about the peer.

use super::protocol::Protocol;
use crate::otlp::failure::{CallError, RetryDecision};

/// A failed attempt to deliver a request.
#[derive(Debug)]
pub(crate) struct FailedAttempt {
    pub(crate) error: CallError,
    /// What happens to the request.
    pub(crate) decision: RetryDecision,
    /// The endpoint, as shown in logs.
    pub(crate) endpoint: String,
    /// The protocol of the request.
    pub(crate) protocol: Protocol,
    /// Whether the endpoint is configured with TLS.
    pub(crate) is_tls: bool,
    /// The port of the endpoint.
    pub(crate) port: Option<u16>,
    /// What the peer sent first.
    pub(crate) first_bytes: Vec<u8>,
    /// The name of the alert of TLS with which the peer ended the connection.
    pub(crate) alert: Option<String>,
    /// The size of requests that was learnt from the failure, in bytes before compression.
    pub(crate) learnt_limit: Option<usize>,
    /// Whether another endpoint is available, so that the request can be sent there at once.
    pub(crate) fails_over: bool,
}
