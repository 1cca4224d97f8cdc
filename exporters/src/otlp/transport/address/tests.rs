//! Endpoints of every form.

use super::{EndpointUrl, EndpointUse};
use crate::otlp::signal::Signal;
use crate::otlp::transport::Protocol;

const GRPC: EndpointUse = EndpointUse {
    protocol: Protocol::Grpc,
    is_insecure: false,
    signal: None,
};

const HTTP: EndpointUse = EndpointUse {
    protocol: Protocol::HttpProtobuf,
    ..GRPC
};

/// Invalid endpoints, and a part of the error.
const INVALID: &[(&str, &str)] = &[
    ("", "the endpoint is empty"),
    (
        "grpc://host:4317",
        "begin with http://, https:// or unix://",
    ),
    ("//host:4317", "begin with http://, https:// or unix://"),
    ("/run/otlp.sock", "begin with http://, https:// or unix://"),
    ("unix://run/otlp.sock", "an absolute path after unix://"),
    ("unix:", "no path of a unix socket"),
    ("unix:///run/", "no path of a unix socket"),
    ("host:99999", "the port `99999`"),
    ("host:4317/v1/logs", "must end after the port"),
    ("::1:4317", "needs brackets"),
    ("alice@h:4317", "use `basic_auth`"),
    ("http://127.0.0.1:99999", "the port `99999`"),
    ("https://127.0.0.1:70000", "the port `70000`"),
    ("http://[::1]:65536", "the port `65536`"),
    ("http://host:0", "the port `0`"),
    ("http://host:+80", "the port `+80`"),
    ("http://host:-1", "the port `-1`"),
    ("http://host:http", "the port `http`"),
    ("http://host:80a", "the port `80a`"),
    ("http://host:", "no port after it"),
    ("http://[::1]:", "no port after it"),
    ("http://host:/", "no port after it"),
    ("http://", "no host"),
    ("http:///", "no host"),
    ("http://:4317", "no host"),
    ("http://::1:4317", "needs brackets"),
    ("http://[::1", "not closed"),
    ("http://[::1]4317", "after the brackets"),
    ("http://[fe80::1%25eth0]:4317", "zones"),
    ("http://[collector]:4317", "IPv6 address in the brackets"),
    ("http://127.1:4317", "not an IPv4 address"),
    ("http://256.0.0.1:4317", "not an IPv4 address"),
    ("http://a..b:4317", "a host is a name"),
    ("http://-a:4317", "a host is a name"),
    ("http://a%20b:4317", "a host is a name"),
    ("http://a b:4317", "whitespace"),
    ("http://host:4317\n", "whitespace"),
    ("http://h:4317/v1/logs", "must end after the port"),
    ("http://h:4317//", "must end after the port"),
    ("http://h:4317?x=1", "must end after the port"),
    ("http://h:4317/#x", "must end after the port"),
    ("http://h:4317\\x", "must end after the port"),
    ("http://alice@h:4317", "use `basic_auth` or `headers`"),
    ("http://@h:4317", "use `basic_auth` or `headers`"),
];

fn parse(text: &str) -> Result<String, String> {
    EndpointUrl(text.to_owned())
        .parse(GRPC)
        .map(|address| address.to_string())
}

#[test]
fn an_endpoint_is_displayed_with_the_port_that_is_connected_to() {
    let cases = [
        ("http://127.0.0.1:4317", "http://127.0.0.1:4317"),
        ("http://127.0.0.1:4317/", "http://127.0.0.1:4317"),
        ("http://[::1]:65535", "http://[::1]:65535"),
        ("HTTPS://otlp.example.com", "https://otlp.example.com:443"),
        (
            "http://collector.observability.svc.cluster.local.:4317",
            "http://collector.observability.svc.cluster.local.:4317",
        ),
        ("http://otel_collector:1", "http://otel_collector:1"),
        ("http://[fd00::1]", "http://[fd00::1]:80"),
        ("unix:///run/otlp.sock", "unix:///run/otlp.sock"),
        ("unix:otlp.sock", "unix://otlp.sock"),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn an_invalid_endpoint_is_refused_with_the_reason() {
    for (text, expected) in INVALID {
        let error = parse(text).expect_err(text);
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn no_error_and_no_debug_output_contains_a_secret() {
    for text in [
        "http://alice:s3cret@h:4317",
        "http://s3cret@h:99999/path",
        "ftp://alice:s3cret@h",
        "alice:s3cret@h:4317",
        "http://alice:x/s3cret@h",
        "http://alice:#s3cret@h",
        "http://alice:s3cret@[::1",
        "http://alice: s3cret@h",
        "http://h:4317/?token=s3cret",
    ] {
        let endpoint = EndpointUrl(text.to_owned());
        let error = endpoint.parse(GRPC).expect_err(text);
        assert!(
            !error.contains("s3cret") && !format!("{endpoint:?}").contains("s3cret"),
            "{text}: {error}"
        );
    }
}

#[test]
fn without_a_scheme_the_endpoint_is_a_grpc_target_and_uses_tls_unless_it_is_insecure() {
    let insecure = EndpointUse {
        is_insecure: true,
        ..GRPC
    };
    for (text, secure, plain) in [
        (
            "collector:4317",
            "https://collector:4317",
            "http://collector:4317",
        ),
        (
            "dns:///collector:4317",
            "https://collector:4317",
            "http://collector:4317",
        ),
        ("[::1]:4317", "https://[::1]:4317", "http://[::1]:4317"),
        ("collector", "https://collector:443", "http://collector:80"),
        (
            "http://collector:1",
            "http://collector:1",
            "http://collector:1",
        ),
        (
            "https://collector:1",
            "https://collector:1",
            "https://collector:1",
        ),
    ] {
        let endpoint = EndpointUrl(text.to_owned());
        let shown = |how| endpoint.parse(how).unwrap().to_string();
        assert_eq!(
            (&*shown(GRPC), &*shown(insecure)),
            (secure, plain),
            "{text}"
        );
    }
    let error = EndpointUrl("collector:4318".to_owned())
        .parse(HTTP)
        .unwrap_err();
    assert!(error.contains("must begin with http://"), "{error}");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_common_http_endpoint_gets_the_path_of_each_signal_and_one_of_a_signal_is_used_as_it_is() {
    let logs = EndpointUse {
        signal: Some(Signal::Logs),
        ..HTTP
    };
    for (text, common, own) in [
        (
            "http://h:4318",
            "http://h:4318/v1/metrics",
            "http://h:4318/",
        ),
        (
            "http://h:4318/",
            "http://h:4318/v1/metrics",
            "http://h:4318/",
        ),
        (
            "https://h/otlp/",
            "https://h:443/otlp/v1/metrics",
            "https://h:443/otlp/",
        ),
        (
            "http://h:1/v1/logs",
            "http://h:1/v1/logs/v1/metrics",
            "http://h:1/v1/logs",
        ),
        (
            "unix:///run/s",
            "http://localhost/v1/metrics",
            "http://localhost/v1/logs",
        ),
    ] {
        let endpoint = EndpointUrl(text.to_owned());
        let url = |how, signal| endpoint.parse(how).unwrap().http_url(signal);
        assert_eq!(url(HTTP, Signal::Metrics), common, "{text}");
        assert_eq!(url(logs, Signal::Logs), own, "{text}");
    }
    for (text, expected) in [
        ("http://h/a?token=s3cret", "queries and fragments"),
        ("http://h/a#b", "queries and fragments"),
        ("http://h/a<b", "a character that a URL cannot have"),
    ] {
        let error = EndpointUrl(text.to_owned()).parse(HTTP).unwrap_err();
        assert!(
            error.contains(expected) && !error.contains("s3cret"),
            "{text}: {error}"
        );
    }
}
