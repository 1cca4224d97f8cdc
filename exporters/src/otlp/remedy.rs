//! What an operator can do about a failure, as far as the failure and the first bytes of the peer
//! show.

use std::error::Error;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tonic::Code;
use tonic::codegen::http::StatusCode;

use super::failure::Failure;

/// The first bytes that the peer sent on the newest connection; clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstBytes(Arc<Mutex<Vec<u8>>>);

/// Bytes that are enough to know a protocol.
pub(super) const ENOUGH: usize = 16;

impl FirstBytes {
    /// Remembers them, in place of those of an earlier connection.
    pub(super) fn set(&self, bytes: &[u8]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.clear();
        known.extend_from_slice(&bytes[..bytes.len().min(ENOUGH)]);
    }

    fn get(&self) -> Vec<u8> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// What is known about the peer beside the failure.
#[derive(Clone, Debug)]
pub(super) struct Clues {
    /// Whether the endpoint is to speak TLS.
    pub(super) is_tls: bool,
    /// What it began with.
    pub(super) first: FirstBytes,
}

/// What a peer speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Nothing,
    Tls,
    Http1,
    Other,
}

fn protocol(first: &[u8]) -> Protocol {
    match first {
        [] => Protocol::Nothing,
        // A handshake or an alert, and the major version of every TLS.
        [0x15 | 0x16, 3, ..] => Protocol::Tls,
        _ if first.starts_with(b"HTTP/") => Protocol::Http1,
        _ => Protocol::Other,
    }
}

const NOT_GRPC: &str = "is this an OTLP/gRPC endpoint? Port 4317 usually is one, and 4318 is OTLP/HTTP, which this exporter does not speak";
const CREDENTIALS: &str = "set `headers`, as in headers = { authorization = \"Bearer ...\" }";
const HTTPS: &str = "the peer speaks TLS: begin the endpoint with https://";
const PLAIN: &str = "the peer does not speak TLS: begin the endpoint with http://";
const CERTIFICATES: &str = "see `tls`: `ca_file` has who signs the backend's certificate, `server_name_override` its name, \
                            `cert_file` and `key_file` what the backend wants to see";
const SIZE: &str = "lower `batch.max_bytes`, or raise what the backend takes";
const COMPRESSION: &str = "the backend does not take this `compression`";
const SIGNALS: &str = "the backend does not take this signal; name those that it takes in `signals`, or give another endpoint";
const NAME: &str = "the name of the endpoint's host cannot be looked up";

impl Clues {
    /// What to do about a failure; `None` if nothing but to wait.
    pub(super) fn remedy(&self, failure: &Failure) -> Option<&'static str> {
        match failure {
            Failure::Status(status) => match status.code() {
                Code::Unauthenticated | Code::PermissionDenied => Some(CREDENTIALS),
                // What servers say of an encoding that they do not know.
                Code::Unimplemented if status.message().contains("ompress") => Some(COMPRESSION),
                Code::Unimplemented => Some(SIGNALS),
                // What gRPC's own servers say of a message that is too large.
                Code::ResourceExhausted | Code::OutOfRange
                    if status.message().contains("larger than") =>
                {
                    Some(SIZE)
                }
                _ => None,
            },
            Failure::Http { status, .. } => match *status {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Some(CREDENTIALS),
                StatusCode::PAYLOAD_TOO_LARGE => Some(SIZE),
                StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                    Some("a proxy answers in place of the backend")
                }
                status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                    None
                }
                _ => Some(NOT_GRPC),
            },
            Failure::Unreadable(_) => None,
            Failure::TimedOut(_) => self.by_protocol(),
            Failure::Unanswered(cause) => self.by_protocol().or_else(|| self.by_cause(&**cause)),
        }
    }

    fn by_protocol(&self) -> Option<&'static str> {
        match protocol(&self.first.get()) {
            Protocol::Tls if !self.is_tls => Some(HTTPS),
            Protocol::Http1 | Protocol::Other if self.is_tls => Some(PLAIN),
            Protocol::Http1 => Some(NOT_GRPC),
            _ => None,
        }
    }

    fn by_cause(&self, cause: &(dyn Error + 'static)) -> Option<&'static str> {
        let mut causes = chain(cause);
        let is_invalid = |cause: &(dyn Error + 'static)| {
            cause
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::InvalidData)
        };
        causes.find_map(|cause| match cause.to_string().as_str() {
            "dns error" => Some(NAME),
            // What tonic says if the peer chose no protocol, or HTTP/1 (ALPN).
            text if text.starts_with("HTTP/2 was not negotiated") => Some(NOT_GRPC),
            _ if self.is_tls && is_invalid(cause) => Some(CERTIFICATES),
            _ => None,
        })
    }
}

/// An error and what caused it, outermost first.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'e (dyn Error + 'static) = *error;
        error.source()
    })
}

#[cfg(test)]
mod tests {
    use super::{
        CERTIFICATES, COMPRESSION, CREDENTIALS, Clues, Failure, FirstBytes, HTTPS, NAME, NOT_GRPC,
        PLAIN, SIGNALS, SIZE,
    };
    use std::io;
    use tonic::codegen::http::StatusCode;
    use tonic::{Code, Status};

    fn clues(is_tls: bool, first: &[u8]) -> Clues {
        let bytes = FirstBytes::default();
        bytes.set(first);
        Clues {
            is_tls,
            first: bytes,
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("dns error")]
    struct Dns;

    #[test]
    fn the_first_bytes_of_a_peer_tell_what_it_speaks() {
        let broken = || Failure::Unanswered(Box::new(io::Error::from(io::ErrorKind::BrokenPipe)));
        let cases: [(bool, &[u8], Option<&str>); 9] = [
            (false, b"\x15\x03\x01\0\x02\x02\x16", Some(HTTPS)),
            (false, b"\x16\x03\x03\0", Some(HTTPS)),
            (false, b"HTTP/1.1 400 Bad Request", Some(NOT_GRPC)),
            (false, b"\0\0\x12\x04\0\0\0\0\0", None),
            (false, b"", None),
            (true, b"HTTP/1.1 400 Bad Request", Some(PLAIN)),
            (true, b"\0\0\x12\x04\0\0\0\0\0", Some(PLAIN)),
            (true, b"\x16\x03\x03\0", None),
            (true, b"", None),
        ];
        for (is_tls, first, expected) in cases {
            assert_eq!(
                clues(is_tls, first).remedy(&broken()),
                expected,
                "{is_tls} {first:?}"
            );
        }
    }

    #[test]
    fn a_failure_that_an_operator_can_mend_says_how() {
        let http = |code| Failure::Http {
            status: StatusCode::from_u16(code).unwrap(),
            retry_after: None,
        };
        let said = |code, message| Failure::Status(Status::new(code, message));
        let grpc = |code| said(code, "");
        let cases = [
            (http(401), Some(CREDENTIALS)),
            (http(403), Some(CREDENTIALS)),
            (http(404), Some(NOT_GRPC)),
            (http(400), Some(NOT_GRPC)),
            (http(200), Some(NOT_GRPC)),
            (http(413), Some(SIZE)),
            (http(503), None),
            (http(429), None),
            (
                said(
                    Code::ResourceExhausted,
                    "grpc: received message larger than max (9 vs. 4)",
                ),
                Some(SIZE),
            ),
            (said(Code::ResourceExhausted, "quota"), None),
            (
                said(
                    Code::Unimplemented,
                    "grpc: Decompressor is not installed for grpc-encoding \"zstd\"",
                ),
                Some(COMPRESSION),
            ),
            (said(Code::Unimplemented, "unknown service"), Some(SIGNALS)),
            (grpc(Code::Unauthenticated), Some(CREDENTIALS)),
            (grpc(Code::Unavailable), None),
            (Failure::Unanswered(Box::new(Dns)), Some(NAME)),
            (Failure::Unanswered("refused".into()), None),
        ];
        for (failure, expected) in cases {
            assert_eq!(clues(false, b"").remedy(&failure), expected, "{failure}");
        }
        let invalid = Failure::Unanswered(Box::new(io::Error::new(
            io::ErrorKind::InvalidData,
            "unknown issuer",
        )));
        assert_eq!(
            clues(true, b"\x16\x03\x03").remedy(&invalid),
            Some(CERTIFICATES)
        );
    }
}
