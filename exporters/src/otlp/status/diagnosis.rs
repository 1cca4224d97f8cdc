//! Hints for the operator: what to change about a failure, as far as the error and the peer's first
//! bytes show.

use std::error::Error;
use std::io;

use tokio_rustls::rustls::{CertificateError, Error as TlsError};
use tonic::codegen::http::StatusCode;
use tonic::{Code, Status};

use crate::otlp::failure::{CallError, HttpRefusal};
use crate::otlp::transport::{ConnectError, FailedAttempt, Protocol};

const NOT_GRPC: &str = "is this an OTLP/gRPC endpoint? Port 4317 usually is one; port 4318 usually \
                        is OTLP/HTTP: set protocol = \"http/protobuf\"";
const NOT_HTTP: &str = "the peer speaks gRPC: set protocol = \"grpc\", or use the port of \
                        OTLP/HTTP, usually 4318";
const PATH: &str = "check the path of the endpoint: `/v1/logs` and the like are added to \
                    `endpoint`, and not to `logs_endpoint` and the like";
const REDIRECT: &str =
    "redirects are not followed: set the endpoint to the URL that is redirected to";
const CREDENTIALS: &str = "set `headers`, as in headers = { authorization = \"Bearer ...\" }, \
                           `token_file` or `basic_auth`";
const HTTPS: &str = "the peer speaks TLS: begin the endpoint with https://";
const PLAIN: &str = "the peer does not speak TLS: begin the endpoint with http://";
const CERTIFICATES: &str = "see `tls`: `ca_file` is the authority that signs the backend's \
                            certificate, `server_name_override` the name in it, \
                            `cert_file` and `key_file` are the client certificate";
const UNKNOWN_ISSUER: &str = "no authority that is trusted signed the backend's certificate: set \
                              `tls.ca_file` to the authority that did, or to the certificate \
                              itself if it is self-signed";
const AUTHORITY_AS_SERVER: &str = "the backend's certificate is that of an authority (CA:TRUE), as \
                                   self-signed ones often are, and cannot be a server's: issue \
                                   one with basicConstraints=CA:FALSE";
const ENDED_AT_ONCE: &str = "the peer ended the connection without a response: it may speak TLS \
                             (begin the endpoint with https://) or the other protocol (port 4317 \
                             usually is OTLP/gRPC, 4318 OTLP/HTTP)";
const ENDED_HANDSHAKE: &str = "the peer ended the connection during the TLS handshake; if it does \
                               not speak TLS, begin the endpoint with http://";
const OTHER_NAME: &str = "the backend's certificate is for another name: set the endpoint's host or \
                          `tls.server_name_override` to a name in it";
const EXPIRED: &str = "the backend's certificate has expired, or the clock of this host is wrong";
const NOT_YET_VALID: &str =
    "the backend's certificate is not valid yet, or the clock of this host is wrong";
const NO_CLIENT_CERTIFICATE: &str = "the backend demands a client certificate: set `tls.cert_file` \
                                     and `tls.key_file`";
const BAD_CLIENT_CERTIFICATE: &str = "the backend does not accept the client certificate: check \
                                      `tls.cert_file`, and the authorities that the backend trusts";
const SIZE: &str = "lower `batch.max_bytes`, or raise the backend's limit";
const COMPRESSION: &str = "the backend does not support this `compression`";
const SIGNALS: &str = "the backend does not accept this signal; list those that it accepts in \
                       `signals`, or choose another endpoint";
const NAME: &str = "the host name of the endpoint cannot be looked up";
const PROXY: &str = "a proxy responds in place of the backend";
const OWN_PROXY: &str = "check `proxy_url` or the variables HTTPS_PROXY and HTTP_PROXY; NO_PROXY has \
                         the hosts that need no proxy";

/// The protocol of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PeerProtocol {
    /// The peer has sent nothing.
    Unknown,
    Tls,
    Http1,
    Http2,
    Other,
}

impl PeerProtocol {
    fn detect(first_bytes: &[u8]) -> Self {
        match first_bytes {
            [] => Self::Unknown,
            // A handshake or an alert, and the major version of every TLS.
            [0x15 | 0x16, 3, ..] => Self::Tls,
            // SETTINGS or GOAWAY of the connection, with which HTTP/2 servers begin.
            [0, _, _, 4 | 7, _, 0, 0, 0, 0, ..] => Self::Http2,
            _ if first_bytes.starts_with(b"HTTP/") => Self::Http1,
            _ => Self::Other,
        }
    }
}

/// Returns a hint for a failure; `None` if there is nothing to change in the configuration.
pub(super) fn hint(failure: &FailedAttempt) -> Option<&'static str> {
    match &failure.error {
        CallError::Status(status) => status_hint(status, &failure.error),
        CallError::Http { status, .. } => http_hint(*status),
        CallError::Refused(refusal) => refusal_hint(refusal, &failure.error),
        CallError::Malformed(_) | CallError::Unsendable(_) => None,
        CallError::TimedOut(_) => protocol_hint(failure),
        CallError::Transport(cause) => {
            let alert = failure.alert.as_deref().map(alert_hint);
            let hint = protocol_hint(failure).or(alert);
            hint.or_else(|| transport_hint(failure, &**cause))
        }
    }
}

fn protocol_hint(failure: &FailedAttempt) -> Option<&'static str> {
    let is_grpc = failure.protocol == Protocol::Grpc;
    match PeerProtocol::detect(&failure.first_bytes) {
        PeerProtocol::Tls if !failure.is_tls => Some(HTTPS),
        PeerProtocol::Http1 | PeerProtocol::Http2 | PeerProtocol::Other if failure.is_tls => {
            Some(PLAIN)
        }
        PeerProtocol::Http1 if is_grpc => Some(NOT_GRPC),
        PeerProtocol::Http2 if !is_grpc => Some(NOT_HTTP),
        _ => None,
    }
}

fn transport_hint(failure: &FailedAttempt, cause: &(dyn Error + 'static)) -> Option<&'static str> {
    let known = chain(cause).find_map(|cause| {
        if let Some(error) = cause.downcast_ref::<ConnectError>() {
            return match error {
                ConnectError::NoHttp2 => Some(NOT_GRPC),
                ConnectError::Proxy { .. } | ConnectError::NotAProxy { .. } => Some(OWN_PROXY),
                ConnectError::Tls(error) if tls_error(error).is_none() => Some(ENDED_HANDSHAKE),
                ConnectError::Dial { .. } | ConnectError::Tls(_) => None,
            };
        }
        if let Some(error) = tls_error(cause) {
            return tls_hint(error);
        }
        let text = cause.to_string();
        // After the handshake, HTTP/2 keeps only the text of an error.
        let alert = text.strip_prefix("received fatal alert: ");
        let name = (text == "dns error").then_some(NAME);
        alert.map(alert_hint).or(name)
    });
    let is_connected = !chain(cause).any(|cause| cause.is::<ConnectError>());
    known.or_else(|| is_connected.then(|| port_hint(failure)).flatten())
}

/// A hint for a connection that breaks without a sign of the peer's protocol, as some servers end
/// one that is not theirs.
fn port_hint(failure: &FailedAttempt) -> Option<&'static str> {
    let is_port_of = |protocol: Protocol| failure.port == Some(protocol.port());
    match failure.protocol {
        Protocol::Grpc if is_port_of(Protocol::HttpProtobuf) => Some(NOT_GRPC),
        Protocol::HttpProtobuf | Protocol::HttpJson if is_port_of(Protocol::Grpc) => Some(NOT_HTTP),
        _ => (!failure.is_tls && failure.first_bytes.is_empty()).then_some(ENDED_AT_ONCE),
    }
}

/// A hint for an alert of the peer, by its name in RFC 8446.
fn alert_hint(alert: &str) -> &'static str {
    match alert {
        "CertificateRequired" => NO_CLIENT_CERTIFICATE,
        "NoApplicationProtocol" => NOT_GRPC,
        "BadCertificate"
        | "UnknownCA"
        | "CertificateExpired"
        | "CertificateRevoked"
        | "CertificateUnknown"
        | "UnsupportedCertificate"
        | "AccessDenied" => BAD_CLIENT_CERTIFICATE,
        _ => CERTIFICATES,
    }
}

/// The error of TLS in an error of a connection.
fn tls_error<'e>(cause: &'e (dyn Error + 'static)) -> Option<&'e TlsError> {
    let io = cause.downcast_ref::<io::Error>()?;
    io.get_ref()?.downcast_ref()
}

fn tls_hint(error: &TlsError) -> Option<&'static str> {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
        NotValidYetContext, UnknownIssuer,
    };
    match error {
        TlsError::InvalidCertificate(certificate) => Some(match certificate {
            UnknownIssuer => UNKNOWN_ISSUER,
            NotValidForName | NotValidForNameContext { .. } => OTHER_NAME,
            Expired | ExpiredContext { .. } => EXPIRED,
            NotValidYet | NotValidYetContext { .. } => NOT_YET_VALID,
            // The verifier's error, which rustls has no variant for.
            CertificateError::Other(other)
                if format!("{other:?}").contains("CaUsedAsEndEntity") =>
            {
                AUTHORITY_AS_SERVER
            }
            _ => CERTIFICATES,
        }),
        TlsError::AlertReceived(alert) => Some(alert_hint(&format!("{alert:?}"))),
        _ => Some(CERTIFICATES),
    }
}

fn status_hint(status: &Status, error: &CallError) -> Option<&'static str> {
    match status.code() {
        Code::Unauthenticated | Code::PermissionDenied => Some(CREDENTIALS),
        _ if error.refuses_encoding() => Some(COMPRESSION),
        _ if error.is_too_large() => Some(SIZE),
        Code::Unimplemented => Some(SIGNALS),
        _ => None,
    }
}

/// A hint for a response that is not gRPC.
fn http_hint(status: StatusCode) -> Option<&'static str> {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Some(CREDENTIALS),
        StatusCode::PAYLOAD_TOO_LARGE => Some(SIZE),
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => Some(PROXY),
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => None,
        _ => Some(NOT_GRPC),
    }
}

fn refusal_hint(refusal: &HttpRefusal, error: &CallError) -> Option<&'static str> {
    match refusal.status {
        _ if refusal.is_grpc => Some(NOT_HTTP),
        _ if refusal.wants_tls() => Some(HTTPS),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Some(CREDENTIALS),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Some(PATH),
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => Some(OWN_PROXY),
        status if status.is_redirection() => Some(REDIRECT),
        _ if error.is_too_large() => Some(SIZE),
        _ if error.refuses_encoding() => Some(COMPRESSION),
        _ => None,
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
mod tests;
