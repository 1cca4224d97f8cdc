//! What a gRPC status means for a request, after the tables "Failures" and "OTLP/gRPC Throttling" of the
//! OTLP specification 1.9.

use std::error::Error;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt;

/// Reasons under which this exporter drops records.
pub(super) mod reason {
    /// The backend took the request and rejected some of its records (`partial_success`).
    pub(in super::super) const REJECTED_BY_PEER: &str = "rejected_by_peer";
    /// The backend refused the request, and would again.
    pub(in super::super) const PERMANENT_ERROR: &str = "permanent_error";
    /// The backend refused the credentials.
    pub(in super::super) const NOT_AUTHORIZED: &str = "not_authorized";
    /// The backend does not take this signal.
    pub(in super::super) const UNIMPLEMENTED: &str = "unimplemented";
    /// The backend has no room, or found the request too large, and asked for no retry.
    pub(in super::super) const RESOURCE_EXHAUSTED: &str = "resource_exhausted";
    /// `retry_on_failure` allowed no further attempt.
    pub(in super::super) const RETRIES_EXHAUSTED: &str = "retries_exhausted";
    /// The records before it had ended, and `drain_timeout` was over.
    pub(in super::super) const DRAIN_TIMEOUT: &str = "drain_timeout";
    /// The record alone is larger than `batch.max_bytes`.
    pub(in super::super) const RECORD_TOO_LARGE: &str = "record_too_large";
}

/// A peer that asks for a longer pause gets this one; it may say anything, and clocks have an end.
const LONGEST_HINT: Duration = Duration::from_secs(86_400);

/// What to do with a request that was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Try again, not before this time has passed.
    Retry(Duration),
    /// Give up, for this reason.
    Drop(&'static str),
}

/// Judges a failed attempt. A status without an answer of the peer behind it (no connection, a
/// connection that broke) carries its cause as a source; such attempts are always repeated.
pub(super) fn judge(status: &Status) -> Verdict {
    let retry_info = status.get_details_retry_info();
    let hint = retry_info.as_ref().and_then(|info| info.retry_delay).unwrap_or_default().min(LONGEST_HINT);
    if status.source().is_some() {
        return Verdict::Retry(hint);
    }
    match status.code() {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => Verdict::Retry(hint),
        Code::ResourceExhausted if retry_info.is_some() => Verdict::Retry(hint),
        Code::ResourceExhausted => Verdict::Drop(reason::RESOURCE_EXHAUSTED),
        Code::Unauthenticated | Code::PermissionDenied => Verdict::Drop(reason::NOT_AUTHORIZED),
        Code::Unimplemented => Verdict::Drop(reason::UNIMPLEMENTED),
        _ => Verdict::Drop(reason::PERMANENT_ERROR),
    }
}

#[cfg(test)]
mod tests {
    use super::{Code, Duration, LONGEST_HINT, Status, StatusExt, Verdict, judge, reason};

    const AT_ONCE: Verdict = Verdict::Retry(Duration::ZERO);

    #[test]
    fn every_code_is_retried_or_dropped_as_the_specification_says() {
        let cases = [
            (Code::Cancelled, AT_ONCE),
            (Code::DeadlineExceeded, AT_ONCE),
            (Code::Aborted, AT_ONCE),
            (Code::OutOfRange, AT_ONCE),
            (Code::Unavailable, AT_ONCE),
            (Code::DataLoss, AT_ONCE),
            (Code::ResourceExhausted, Verdict::Drop(reason::RESOURCE_EXHAUSTED)),
            (Code::Unauthenticated, Verdict::Drop(reason::NOT_AUTHORIZED)),
            (Code::PermissionDenied, Verdict::Drop(reason::NOT_AUTHORIZED)),
            (Code::Unimplemented, Verdict::Drop(reason::UNIMPLEMENTED)),
            (Code::Unknown, Verdict::Drop(reason::PERMANENT_ERROR)),
            (Code::InvalidArgument, Verdict::Drop(reason::PERMANENT_ERROR)),
            (Code::NotFound, Verdict::Drop(reason::PERMANENT_ERROR)),
            (Code::AlreadyExists, Verdict::Drop(reason::PERMANENT_ERROR)),
            (Code::FailedPrecondition, Verdict::Drop(reason::PERMANENT_ERROR)),
            (Code::Internal, Verdict::Drop(reason::PERMANENT_ERROR)),
        ];
        for (code, expected) in cases {
            assert_eq!(judge(&Status::new(code, "")), expected, "{code:?}");
        }
    }

    #[test]
    fn a_retry_hint_is_kept_and_makes_exhaustion_retryable() {
        let details = |delay| tonic_types::ErrorDetails::with_retry_info(delay);
        let hint = Duration::from_secs(7);
        for (code, delay, expected) in [
            (Code::ResourceExhausted, Some(hint), Verdict::Retry(hint)),
            (Code::ResourceExhausted, None, AT_ONCE),
            (Code::Unavailable, Some(hint), Verdict::Retry(hint)),
            (Code::Unavailable, Some(Duration::MAX), Verdict::Retry(LONGEST_HINT)),
            (Code::Internal, Some(hint), Verdict::Drop(reason::PERMANENT_ERROR)),
        ] {
            let status = Status::with_error_details(code, "", details(delay));
            assert_eq!(judge(&status), expected, "{code:?} {delay:?}");
        }
    }

    #[test]
    fn a_broken_connection_is_retried_whatever_code_the_client_gave_it() {
        let broken = Status::from_error(Box::new(std::io::Error::other("broken pipe")));
        assert_eq!((broken.code(), judge(&broken)), (Code::Unknown, AT_ONCE));
    }
}
