//! Hints for the operator: what to change about a failure, as far as the error and the peer's first
//! bytes show.

use std::error::Error;
use std::io;

use tonic::codegen::http::StatusCode;
use tonic::{Code, Status};

use crate::otlp::failure::CallError;
use crate::otlp::transport::FirstBytes;

const NOT_GRPC: &str = "is this an OTLP/gRPC endpoint? Port 4317 usually is one; \
                        4318 usually is OTLP/HTTP, which this exporter does not support";
const CREDENTIALS: &str = "set `headers`, as in headers = { authorization = \"Bearer ...\" }";
const HTTPS: &str = "the peer speaks TLS: begin the endpoint with https://";
const PLAIN: &str = "the peer does not speak TLS: begin the endpoint with http://";
const CERTIFICATES: &str = "see `tls`: `ca_file` is the authority that signs the backend's \
                            certificate, `server_name_override` the name in it, \
                            `cert_file` and `key_file` are the client certificate";
const SIZE: &str = "lower `batch.max_bytes`, or raise the backend's limit";
const COMPRESSION: &str = "the backend does not support this `compression`";
const SIGNALS: &str = "the backend does not accept this signal; list those that it accepts in \
                       `signals`, or choose another endpoint";
const NAME: &str = "the host name of the endpoint cannot be looked up";
const PROXY: &str = "a proxy responds in place of the backend";

/// What is known about the peer besides the error.
#[derive(Clone, Debug)]
pub(crate) struct Diagnosis {
    /// Whether the endpoint is configured with TLS.
    pub(crate) is_tls: bool,
    /// What the peer sent first.
    pub(crate) first_bytes: FirstBytes,
}

/// The protocol of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PeerProtocol {
    /// The peer has sent nothing.
    Unknown,
    Tls,
    Http1,
    Other,
}

impl PeerProtocol {
    fn detect(first_bytes: &[u8]) -> Self {
        match first_bytes {
            [] => Self::Unknown,
            // A handshake or an alert, and the major version of every TLS.
            [0x15 | 0x16, 3, ..] => Self::Tls,
            _ if first_bytes.starts_with(b"HTTP/") => Self::Http1,
            _ => Self::Other,
        }
    }
}

impl Diagnosis {
    /// Returns a hint for an error; `None` if there is nothing to change in the configuration.
    pub(super) fn hint(&self, error: &CallError) -> Option<&'static str> {
        match error {
            CallError::Status(status) => status_hint(status),
            CallError::Http { status, .. } => http_hint(*status),
            CallError::Malformed(_) => None,
            CallError::TimedOut(_) => self.protocol_hint(),
            CallError::Transport(cause) => self
                .protocol_hint()
                .or_else(|| self.transport_hint(&**cause)),
        }
    }

    fn protocol_hint(&self) -> Option<&'static str> {
        match PeerProtocol::detect(&self.first_bytes.get()) {
            PeerProtocol::Tls if !self.is_tls => Some(HTTPS),
            PeerProtocol::Http1 | PeerProtocol::Other if self.is_tls => Some(PLAIN),
            PeerProtocol::Http1 => Some(NOT_GRPC),
            _ => None,
        }
    }

    fn transport_hint(&self, cause: &(dyn Error + 'static)) -> Option<&'static str> {
        let is_invalid_data = |cause: &(dyn Error + 'static)| {
            cause
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::InvalidData)
        };
        chain(cause).find_map(|cause| match cause.to_string().as_str() {
            "dns error" => Some(NAME),
            // tonic's error if ALPN selected no protocol or HTTP/1.
            text if text.starts_with("HTTP/2 was not negotiated") => Some(NOT_GRPC),
            _ if self.is_tls && is_invalid_data(cause) => Some(CERTIFICATES),
            _ => None,
        })
    }
}

fn status_hint(status: &Status) -> Option<&'static str> {
    match status.code() {
        Code::Unauthenticated | Code::PermissionDenied => Some(CREDENTIALS),
        // Servers' messages about an unknown encoding contain "compress" or "Decompressor".
        Code::Unimplemented if status.message().contains("ompress") => Some(COMPRESSION),
        Code::Unimplemented => Some(SIGNALS),
        // The message of gRPC's servers about a message above their limit.
        Code::ResourceExhausted | Code::OutOfRange if status.message().contains("larger than") => {
            Some(SIZE)
        }
        _ => None,
    }
}

fn http_hint(status: StatusCode) -> Option<&'static str> {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Some(CREDENTIALS),
        StatusCode::PAYLOAD_TOO_LARGE => Some(SIZE),
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => Some(PROXY),
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => None,
        _ => Some(NOT_GRPC),
    }
}

/// Iterates over an error and its sources, outermost first.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'e (dyn Error + 'static) = *error;
        error.source()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(is_tls: bool, first_bytes: &[u8], error: &CallError) -> Option<&'static str> {
        let bytes = FirstBytes::default();
        bytes.set(first_bytes);
        let diagnosis = Diagnosis {
            is_tls,
            first_bytes: bytes,
        };
        diagnosis.hint(error)
    }

    #[derive(Debug, thiserror::Error)]
    #[error("dns error")]
    struct Dns;

    #[test]
    fn the_first_bytes_of_a_peer_show_its_protocol() {
        let broken = CallError::Transport(Box::new(io::Error::from(io::ErrorKind::BrokenPipe)));
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
            assert_eq!(hint(is_tls, first, &broken), expected, "{is_tls} {first:?}");
        }
    }

    #[test]
    fn a_grpc_status_that_an_operator_can_fix_has_a_hint() {
        let cases = [
            (
                Code::ResourceExhausted,
                "grpc: received message larger than max (9 vs. 4)",
                Some(SIZE),
            ),
            (Code::ResourceExhausted, "quota", None),
            (
                Code::Unimplemented,
                "grpc: Decompressor is not installed for grpc-encoding \"zstd\"",
                Some(COMPRESSION),
            ),
            (Code::Unimplemented, "unknown service", Some(SIGNALS)),
            (Code::Unauthenticated, "", Some(CREDENTIALS)),
            (Code::Unavailable, "", None),
        ];
        for (code, message, expected) in cases {
            let error = CallError::Status(Status::new(code, message));
            assert_eq!(hint(false, b"", &error), expected, "{error}");
        }
    }

    #[test]
    fn an_http_status_that_an_operator_can_fix_has_a_hint() {
        let cases = [
            (401, Some(CREDENTIALS)),
            (403, Some(CREDENTIALS)),
            (407, Some(PROXY)),
            (404, Some(NOT_GRPC)),
            (400, Some(NOT_GRPC)),
            (200, Some(NOT_GRPC)),
            (413, Some(SIZE)),
            (503, None),
            (429, None),
        ];
        for (code, expected) in cases {
            let error = CallError::Http {
                status: StatusCode::from_u16(code).unwrap(),
                retry_after: None,
            };
            assert_eq!(hint(false, b"", &error), expected, "{error}");
        }
    }

    #[test]
    fn a_transport_error_that_an_operator_can_fix_has_a_hint() {
        let dns = CallError::Transport(Box::new(Dns));
        assert_eq!(hint(false, b"", &dns), Some(NAME));
        let refused = CallError::Transport("refused".into());
        assert_eq!(hint(false, b"", &refused), None);
        let invalid = CallError::Transport(Box::new(io::Error::new(
            io::ErrorKind::InvalidData,
            "unknown issuer",
        )));
        let tls_handshake = b"\x16\x03\x03";
        assert_eq!(hint(true, tls_handshake, &invalid), Some(CERTIFICATES));
    }
}
