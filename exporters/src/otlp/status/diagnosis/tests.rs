//! Hints for errors of every kind.

use tokio_rustls::rustls::AlertDescription;

use super::*;
use crate::otlp::failure::RetryDecision;

fn failure(protocol: Protocol, is_tls: bool, first: &[u8], error: CallError) -> FailedAttempt {
    FailedAttempt {
        decision: RetryDecision::for_error(&error),
        error,
        endpoint: String::new(),
        protocol,
        is_tls,
        port: None,
        first_bytes: first.to_vec(),
        alert: None,
        learnt_limit: None,
        fails_over: false,
    }
}

fn of_grpc(error: CallError) -> Option<&'static str> {
    hint(&failure(Protocol::Grpc, false, b"", error))
}

fn of_http(error: CallError) -> Option<&'static str> {
    hint(&failure(Protocol::HttpProtobuf, false, b"", error))
}

fn broken() -> CallError {
    CallError::Transport(Box::new(io::Error::from(io::ErrorKind::BrokenPipe)))
}

#[derive(Debug, thiserror::Error)]
#[error("dns error")]
struct Dns;

#[test]
fn the_first_bytes_of_a_peer_show_its_protocol() {
    const GRPC: Protocol = Protocol::Grpc;
    const HTTP: Protocol = Protocol::HttpJson;
    let settings = b"\0\0\x12\x04\0\0\0\0\0";
    let cases: [(Protocol, bool, &[u8], Option<&str>); 12] = [
        (GRPC, false, b"\x15\x03\x01\0\x02\x02\x16", Some(HTTPS)),
        (GRPC, false, b"\x16\x03\x03\0", Some(HTTPS)),
        (GRPC, false, b"HTTP/1.1 400 Bad Request", Some(NOT_GRPC)),
        (GRPC, false, settings, None),
        (GRPC, false, b"", Some(ENDED_AT_ONCE)),
        (GRPC, true, b"HTTP/1.1 400 Bad Request", Some(PLAIN)),
        (GRPC, true, settings, Some(PLAIN)),
        (GRPC, true, b"\x16\x03\x03\0", None),
        (GRPC, true, b"", None),
        (HTTP, false, settings, Some(NOT_HTTP)),
        (HTTP, false, b"HTTP/1.1 200 OK", None),
        (HTTP, false, b"\x15\x03\x01\0\x02\x02\x16", Some(HTTPS)),
    ];
    for (protocol, is_tls, first, expected) in cases {
        let failure = failure(protocol, is_tls, first, broken());
        assert_eq!(hint(&failure), expected, "{protocol:?} {is_tls} {first:?}");
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
        assert_eq!(of_grpc(error), expected, "{code:?} {message}");
    }
}

#[test]
fn an_http_status_that_an_operator_can_fix_has_a_hint() {
    let cases = [
        (401, Some(CREDENTIALS), Some(CREDENTIALS)),
        (403, Some(CREDENTIALS), Some(CREDENTIALS)),
        (407, Some(PROXY), Some(OWN_PROXY)),
        (404, Some(NOT_GRPC), Some(PATH)),
        (405, Some(NOT_GRPC), Some(PATH)),
        (400, Some(NOT_GRPC), None),
        (308, Some(NOT_GRPC), Some(REDIRECT)),
        (413, Some(SIZE), Some(SIZE)),
        (415, Some(NOT_GRPC), Some(COMPRESSION)),
        (503, None, None),
        (429, None, None),
    ];
    for (code, to_grpc, to_http) in cases {
        let status = StatusCode::from_u16(code).unwrap();
        let retry_after = None;
        let error = CallError::Http {
            status,
            retry_after,
        };
        assert_eq!(of_grpc(error), to_grpc, "{code}");
        let mut refusal = HttpRefusal {
            status,
            message: String::new(),
            retry_after,
            is_grpc: false,
            is_bare: false,
        };
        let refused = |refusal: &HttpRefusal| of_http(CallError::Refused(refusal.clone()));
        assert_eq!(refused(&refusal), to_http, "{code}");
        refusal.is_grpc = true;
        assert_eq!(refused(&refusal), Some(NOT_HTTP), "{code}");
    }
}

#[test]
fn a_transport_error_that_an_operator_can_fix_has_a_hint() {
    assert_eq!(of_grpc(CallError::Transport(Box::new(Dns))), Some(NAME));
    let broken = of_grpc(CallError::Transport("refused".into()));
    assert_eq!(broken, Some(ENDED_AT_ONCE));
    let no_http2 = CallError::Transport(Box::new(ConnectError::NoHttp2));
    assert_eq!(of_grpc(no_http2), Some(NOT_GRPC));
    let proxy = ConnectError::Proxy {
        proxy: String::new(),
        status: StatusCode::FORBIDDEN,
    };
    assert_eq!(
        of_grpc(CallError::Transport(Box::new(proxy))),
        Some(OWN_PROXY)
    );
}

#[test]
fn a_connection_that_breaks_at_the_port_of_the_other_protocol_has_a_hint() {
    for (protocol, port, expected) in [
        (Protocol::Grpc, 4318, Some(NOT_GRPC)),
        (Protocol::Grpc, 4317, Some(ENDED_AT_ONCE)),
        (Protocol::HttpJson, 4317, Some(NOT_HTTP)),
        (Protocol::HttpProtobuf, 4318, Some(ENDED_AT_ONCE)),
    ] {
        let mut failure = failure(protocol, false, b"", broken());
        failure.port = Some(port);
        assert_eq!(hint(&failure), expected, "{protocol:?} {port}");
        let to = String::new();
        let source = "refused".into();
        failure.error = CallError::Transport(Box::new(ConnectError::Dial { to, source }));
        assert_eq!(hint(&failure), None, "{protocol:?} {port}");
    }
}

#[test]
fn the_alert_of_a_connection_that_broke_names_the_cause() {
    let mut failure = failure(Protocol::Grpc, true, b"\x16\x03\x03", broken());
    assert_eq!(hint(&failure), None);
    failure.alert = Some("CertificateRequired".to_owned());
    assert_eq!(hint(&failure), Some(NO_CLIENT_CERTIFICATE));
}

#[test]
fn an_error_of_tls_has_the_hint_of_its_cause() {
    use AlertDescription as Alert;
    use CertificateError as Bad;
    let certificate = TlsError::InvalidCertificate;
    let alert = TlsError::AlertReceived;
    let cases = [
        (certificate(Bad::UnknownIssuer), UNKNOWN_ISSUER),
        (certificate(Bad::NotValidForName), OTHER_NAME),
        (certificate(Bad::Expired), EXPIRED),
        (certificate(Bad::NotValidYet), NOT_YET_VALID),
        (certificate(Bad::BadSignature), CERTIFICATES),
        (alert(Alert::CertificateRequired), NO_CLIENT_CERTIFICATE),
        (alert(Alert::NoApplicationProtocol), NOT_GRPC),
        (alert(Alert::BadCertificate), BAD_CLIENT_CERTIFICATE),
        (alert(Alert::UnknownCA), BAD_CLIENT_CERTIFICATE),
        (alert(Alert::HandshakeFailure), CERTIFICATES),
        (TlsError::DecryptError, CERTIFICATES),
    ];
    for (error, expected) in cases {
        let shown = error.to_string();
        let io = io::Error::new(io::ErrorKind::InvalidData, error);
        let cause = ConnectError::Tls(io);
        let handshake = b"\x16\x03\x03";
        let error = CallError::Transport(Box::new(cause));
        let failure = failure(Protocol::Grpc, true, handshake, error);
        assert_eq!(hint(&failure), Some(expected), "{shown}");
    }
}
