//! What a failure means for a request, after the tables "Failures" and "OTLP/gRPC Throttling" of
//! the OTLP specification 1.9.

use std::time::Duration;

use tonic::Code;
use tonic::codegen::http::StatusCode;
use tonic_types::StatusExt;

use super::failure::Failure;

/// Reasons under which this exporter drops records.
pub(super) mod reason {
    use tidegate_core::component::{Cause, Reasons};

    /// All of them.
    pub(in super::super) const ALL: &[Reasons] = &[
        Reasons::load(&[
            REJECTED_BY_PEER,
            PERMANENT_ERROR,
            NOT_AUTHORIZED,
            UNIMPLEMENTED,
            RESOURCE_EXHAUSTED,
            RECORD_TOO_LARGE,
        ]),
        Reasons {
            cause: Cause::Time("drain_timeout"),
            names: &[DRAIN_TIMEOUT],
        },
        Reasons {
            cause: Cause::Time("retry_on_failure"),
            names: &[RETRIES_EXHAUSTED],
        },
    ];

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

/// Judges a failed attempt. Where there was no gRPC status, the HTTP status takes its place as
/// gRPC's `http-grpc-status-mapping` says; where there was no answer at all, the attempt is
/// repeated.
pub(super) fn judge(failure: &Failure) -> Verdict {
    match failure {
        Failure::TimedOut(_) | Failure::Unanswered(_) => Verdict::Retry(Duration::ZERO),
        Failure::Unreadable(_) => Verdict::Drop(reason::PERMANENT_ERROR),
        Failure::Http {
            status,
            retry_after,
        } => {
            let hint = retry_after
                .filter(|_| has_retry_after(*status))
                .unwrap_or_default();
            by_code(code_of(*status), Some(hint))
        }
        Failure::Status(status) => {
            let retry_info = status.get_details_retry_info();
            by_code(
                status.code(),
                retry_info.map(|info| info.retry_delay.unwrap_or_default()),
            )
        }
    }
}

/// `hint` is how long the peer asks to wait, if it does.
fn by_code(code: Code, hint: Option<Duration>) -> Verdict {
    let retry = Verdict::Retry(hint.unwrap_or_default().min(LONGEST_HINT));
    match code {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => retry,
        Code::ResourceExhausted if hint.is_some() => retry,
        Code::ResourceExhausted => Verdict::Drop(reason::RESOURCE_EXHAUSTED),
        Code::Unauthenticated | Code::PermissionDenied => Verdict::Drop(reason::NOT_AUTHORIZED),
        Code::Unimplemented => Verdict::Drop(reason::UNIMPLEMENTED),
        _ => Verdict::Drop(reason::PERMANENT_ERROR),
    }
}

/// The gRPC code that an HTTP status stands in for, by gRPC's `http-grpc-status-mapping`.
fn code_of(status: StatusCode) -> Code {
    match status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

/// The answers whose `Retry-After` OTLP knows.
fn has_retry_after(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    )
}

#[cfg(test)]
mod tests {
    use tonic::Status;

    use super::{
        Code, Duration, Failure, LONGEST_HINT, StatusCode, StatusExt, Verdict, judge, reason,
    };

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
            (
                Code::ResourceExhausted,
                Verdict::Drop(reason::RESOURCE_EXHAUSTED),
            ),
            (Code::Unauthenticated, Verdict::Drop(reason::NOT_AUTHORIZED)),
            (
                Code::PermissionDenied,
                Verdict::Drop(reason::NOT_AUTHORIZED),
            ),
            (Code::Unimplemented, Verdict::Drop(reason::UNIMPLEMENTED)),
            (Code::Unknown, Verdict::Drop(reason::PERMANENT_ERROR)),
            (
                Code::InvalidArgument,
                Verdict::Drop(reason::PERMANENT_ERROR),
            ),
            (Code::NotFound, Verdict::Drop(reason::PERMANENT_ERROR)),
            (Code::AlreadyExists, Verdict::Drop(reason::PERMANENT_ERROR)),
            (
                Code::FailedPrecondition,
                Verdict::Drop(reason::PERMANENT_ERROR),
            ),
            (Code::Internal, Verdict::Drop(reason::PERMANENT_ERROR)),
        ];
        for (code, expected) in cases {
            assert_eq!(
                judge(&Failure::Status(Status::new(code, ""))),
                expected,
                "{code:?}"
            );
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
            (
                Code::Unavailable,
                Some(Duration::MAX),
                Verdict::Retry(LONGEST_HINT),
            ),
            (
                Code::Internal,
                Some(hint),
                Verdict::Drop(reason::PERMANENT_ERROR),
            ),
        ] {
            let status = Status::with_error_details(code, "", details(delay));
            assert_eq!(
                judge(&Failure::Status(status)),
                expected,
                "{code:?} {delay:?}"
            );
        }
    }

    #[test]
    fn an_http_status_takes_the_place_of_a_grpc_status() {
        let seconds = |n| Some(Duration::from_secs(n));
        let retry = |n| Verdict::Retry(Duration::from_secs(n));
        let cases = [
            (400, None, Verdict::Drop(reason::PERMANENT_ERROR)),
            (401, None, Verdict::Drop(reason::NOT_AUTHORIZED)),
            (403, None, Verdict::Drop(reason::NOT_AUTHORIZED)),
            (404, None, Verdict::Drop(reason::UNIMPLEMENTED)),
            (429, None, AT_ONCE),
            (502, None, AT_ONCE),
            (503, None, AT_ONCE),
            (504, None, AT_ONCE),
            (429, seconds(7), retry(7)),
            (503, seconds(7), retry(7)),
            (503, seconds(u64::MAX), Verdict::Retry(LONGEST_HINT)),
            (502, seconds(7), AT_ONCE),
            (200, None, Verdict::Drop(reason::PERMANENT_ERROR)),
            (302, None, Verdict::Drop(reason::PERMANENT_ERROR)),
            (413, seconds(7), Verdict::Drop(reason::PERMANENT_ERROR)),
            (500, None, Verdict::Drop(reason::PERMANENT_ERROR)),
        ];
        for (status, retry_after, expected) in cases {
            let failure = Failure::Http {
                status: StatusCode::from_u16(status).unwrap(),
                retry_after,
            };
            assert_eq!(judge(&failure), expected, "{status} {retry_after:?}");
        }
    }

    #[test]
    fn an_attempt_without_an_answer_is_repeated() {
        for failure in [
            Failure::TimedOut(Duration::from_secs(10)),
            Failure::Unanswered("broken pipe".into()),
        ] {
            assert_eq!(judge(&failure), AT_ONCE, "{failure}");
        }
        assert_eq!(
            judge(&Failure::Unreadable("too large")),
            Verdict::Drop(reason::PERMANENT_ERROR)
        );
    }
}
