//! Whether a failed request is tried again, by the tables "Failures" and "OTLP/gRPC Throttling" of
//! the OTLP specification 1.9.

use std::time::Duration;

use tonic::Code;
use tonic::codegen::http::StatusCode;
use tonic_types::StatusExt;

use super::call_error::{CallError, HttpRefusal};
use super::division::Division;
use super::drop_reason;

/// Limit of the delay that a backend can ask for, whatever it says.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// What to do with a request after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryDecision {
    /// Try again after at least this time.
    RetryAfter(Duration),
    /// Send its records again in smaller requests.
    Divide(Division),
    /// Give up, for this reason.
    Drop(&'static str),
}

impl RetryDecision {
    /// Decides by the gRPC status. Without one the HTTP status is mapped to a gRPC code; without a
    /// response the request is retried.
    pub(crate) fn for_error(error: &CallError) -> Self {
        if error.is_too_large() {
            return Self::Divide(Division::TooLarge);
        }
        match error {
            CallError::TimedOut(_) | CallError::Transport(_) => Self::RetryAfter(Duration::ZERO),
            CallError::Malformed(_) | CallError::Unsendable(_) => {
                Self::Drop(drop_reason::PERMANENT_ERROR)
            }
            CallError::Refused(refusal) => Self::for_http(refusal),
            CallError::Http {
                status,
                retry_after,
            } => {
                let retry_after = retry_after
                    .filter(|_| allows_retry_after(*status))
                    .unwrap_or_default();
                Self::for_code(grpc_code(*status), Some(retry_after))
            }
            CallError::Status(status) => {
                let retry_info = status.get_details_retry_info();
                Self::for_code(
                    status.code(),
                    retry_info.map(|info| info.retry_delay.unwrap_or_default()),
                )
            }
        }
    }

    /// By the tables "Failures" and "OTLP/HTTP Throttling".
    fn for_http(refusal: &HttpRefusal) -> Self {
        let status = refusal.status;
        let delay = refusal.retry_after.filter(|_| allows_retry_after(status));
        // The endpoint is not that of the backend, or not as it is configured: nothing was decided
        // about the records.
        if refusal.wants_tls() || refusal.is_grpc {
            return Self::RetryAfter(Duration::ZERO);
        }
        match status.as_u16() {
            429 | 502 | 503 | 504 => {
                Self::RetryAfter(delay.unwrap_or_default().min(MAX_RETRY_AFTER))
            }
            401 | 403 => Self::Drop(drop_reason::NOT_AUTHORIZED),
            404 | 405 => Self::Drop(drop_reason::UNIMPLEMENTED),
            400 | 422 => Self::Divide(Division::Invalid),
            _ => Self::Drop(drop_reason::PERMANENT_ERROR),
        }
    }

    /// `retry_after` is the delay that the backend asks for, if it does.
    fn for_code(code: Code, retry_after: Option<Duration>) -> Self {
        let retry = Self::RetryAfter(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER));
        match code {
            Code::Cancelled
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unavailable
            | Code::DataLoss => retry,
            Code::ResourceExhausted if retry_after.is_some() => retry,
            Code::ResourceExhausted => Self::Drop(drop_reason::RESOURCE_EXHAUSTED),
            Code::Unauthenticated | Code::PermissionDenied => {
                Self::Drop(drop_reason::NOT_AUTHORIZED)
            }
            Code::Unimplemented => Self::Drop(drop_reason::UNIMPLEMENTED),
            Code::InvalidArgument => Self::Divide(Division::Invalid),
            _ => Self::Drop(drop_reason::PERMANENT_ERROR),
        }
    }
}

/// Maps an HTTP status to a gRPC code, by gRPC's `http-grpc-status-mapping.md`.
fn grpc_code(status: StatusCode) -> Code {
    match status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

/// Returns whether OTLP specifies `Retry-After` for a status.
fn allows_retry_after(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    )
}

#[cfg(test)]
mod tests {
    use tonic::Status;

    use super::{
        CallError, Code, Division, Duration, HttpRefusal, MAX_RETRY_AFTER, RetryDecision,
        StatusCode, StatusExt,
    };
    use crate::otlp::failure::drop_reason::{
        NOT_AUTHORIZED, PERMANENT_ERROR, RESOURCE_EXHAUSTED, UNIMPLEMENTED,
    };
    use RetryDecision::{Divide, Drop, RetryAfter};

    const NOW: RetryDecision = RetryAfter(Duration::ZERO);

    #[test]
    fn every_code_is_retried_or_dropped_as_the_specification_says() {
        let cases = [
            (Code::Cancelled, NOW),
            (Code::DeadlineExceeded, NOW),
            (Code::Aborted, NOW),
            (Code::OutOfRange, NOW),
            (Code::Unavailable, NOW),
            (Code::DataLoss, NOW),
            (Code::ResourceExhausted, Drop(RESOURCE_EXHAUSTED)),
            (Code::Unauthenticated, Drop(NOT_AUTHORIZED)),
            (Code::PermissionDenied, Drop(NOT_AUTHORIZED)),
            (Code::Unimplemented, Drop(UNIMPLEMENTED)),
            (Code::Unknown, Drop(PERMANENT_ERROR)),
            (Code::InvalidArgument, Divide(Division::Invalid)),
            (Code::NotFound, Drop(PERMANENT_ERROR)),
            (Code::AlreadyExists, Drop(PERMANENT_ERROR)),
            (Code::FailedPrecondition, Drop(PERMANENT_ERROR)),
            (Code::Internal, Drop(PERMANENT_ERROR)),
        ];
        for (code, expected) in cases {
            assert_eq!(
                RetryDecision::for_error(&CallError::Status(Status::new(code, ""))),
                expected,
                "{code:?}"
            );
        }
    }

    #[test]
    fn a_retry_delay_is_respected_and_makes_exhaustion_retryable() {
        let details = |delay| tonic_types::ErrorDetails::with_retry_info(delay);
        let seven = Duration::from_secs(7);
        for (code, delay, expected) in [
            (Code::ResourceExhausted, Some(seven), RetryAfter(seven)),
            (Code::ResourceExhausted, None, NOW),
            (Code::Unavailable, Some(seven), RetryAfter(seven)),
            (
                Code::Unavailable,
                Some(Duration::MAX),
                RetryAfter(MAX_RETRY_AFTER),
            ),
            (Code::Internal, Some(seven), Drop(PERMANENT_ERROR)),
        ] {
            let status = Status::with_error_details(code, "", details(delay));
            assert_eq!(
                RetryDecision::for_error(&CallError::Status(status)),
                expected,
                "{code:?} {delay:?}"
            );
        }
    }

    #[test]
    fn without_a_grpc_status_the_http_status_decides() {
        let seconds = |n| Some(Duration::from_secs(n));
        let retry = |n| RetryAfter(Duration::from_secs(n));
        let cases = [
            (400, None, Drop(PERMANENT_ERROR)),
            (401, None, Drop(NOT_AUTHORIZED)),
            (403, None, Drop(NOT_AUTHORIZED)),
            (404, None, Drop(UNIMPLEMENTED)),
            (429, None, NOW),
            (502, None, NOW),
            (503, None, NOW),
            (504, None, NOW),
            (429, seconds(7), retry(7)),
            (503, seconds(7), retry(7)),
            (503, seconds(u64::MAX), RetryAfter(MAX_RETRY_AFTER)),
            (502, seconds(7), NOW),
            (200, None, Drop(PERMANENT_ERROR)),
            (302, None, Drop(PERMANENT_ERROR)),
            (413, seconds(7), Divide(Division::TooLarge)),
            (500, None, Drop(PERMANENT_ERROR)),
        ];
        for (status, retry_after, expected) in cases {
            let error = CallError::Http {
                status: StatusCode::from_u16(status).unwrap(),
                retry_after,
            };
            assert_eq!(
                RetryDecision::for_error(&error),
                expected,
                "{status} {retry_after:?}"
            );
        }
    }

    #[test]
    fn every_status_of_otlp_http_is_retried_or_dropped_as_the_specification_says() {
        let retry = |n| RetryAfter(Duration::from_secs(n));
        let cases = [
            (400, Some(7), Divide(Division::Invalid)),
            (401, None, Drop(NOT_AUTHORIZED)),
            (403, None, Drop(NOT_AUTHORIZED)),
            (404, None, Drop(UNIMPLEMENTED)),
            (405, None, Drop(UNIMPLEMENTED)),
            (413, None, Divide(Division::TooLarge)),
            (415, None, Drop(PERMANENT_ERROR)),
            (422, None, Divide(Division::Invalid)),
            (429, None, NOW),
            (429, Some(7), retry(7)),
            (500, None, Drop(PERMANENT_ERROR)),
            (501, None, Drop(PERMANENT_ERROR)),
            (502, Some(7), NOW),
            (503, Some(7), retry(7)),
            (503, Some(u64::MAX), RetryAfter(MAX_RETRY_AFTER)),
            (504, None, NOW),
            (302, None, Drop(PERMANENT_ERROR)),
        ];
        for (status, retry_after, expected) in cases {
            let refusal = HttpRefusal {
                status: StatusCode::from_u16(status).unwrap(),
                message: String::new(),
                retry_after: retry_after.map(Duration::from_secs),
                is_grpc: false,
                is_bare: false,
            };
            let decision = RetryDecision::for_error(&CallError::Refused(refusal));
            assert_eq!(decision, expected, "{status} {retry_after:?}");
        }
    }

    #[test]
    fn a_response_of_a_server_that_is_not_the_backend_is_retried() {
        let plain = "Client sent an HTTP request to an HTTPS server.";
        for (message, is_grpc, expected) in [
            (plain, false, NOW),
            (
                "<h1>400 The plain HTTP request was sent to HTTPS port</h1>",
                false,
                NOW,
            ),
            ("", true, NOW),
            ("bad record", false, Divide(Division::Invalid)),
        ] {
            let refusal = HttpRefusal {
                status: StatusCode::BAD_REQUEST,
                message: message.to_owned(),
                retry_after: None,
                is_grpc,
                is_bare: false,
            };
            let decision = RetryDecision::for_error(&CallError::Refused(refusal));
            assert_eq!(decision, expected, "{message}");
        }
    }

    #[test]
    fn an_attempt_without_a_response_is_retried() {
        for error in [
            CallError::TimedOut(Duration::from_secs(10)),
            CallError::Transport("broken pipe".into()),
        ] {
            assert_eq!(RetryDecision::for_error(&error), NOW, "{error}");
        }
        assert_eq!(
            RetryDecision::for_error(&CallError::Malformed("too large")),
            Drop(PERMANENT_ERROR)
        );
    }
}
