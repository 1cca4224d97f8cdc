//! HTTP, DNS, Kafka and other messages as log records.

use std::net::{IpAddr, Ipv6Addr};

use tidegate_model::flow::{MessagePart, ObservedLatency, REDACTED};

use super::*;

fn http(method: &str, url: &str, protocol: &str, code: u32) -> Http {
    let header = |name: &'static str, value: &str| (name.into(), value.to_owned());
    Http {
        code,
        method: method.to_owned().into(),
        url: url.to_owned(),
        protocol: protocol.to_owned().into(),
        headers: vec![
            header("Accept", "a"),
            header("Accept", "b"),
            header("Authorization", "secret"),
            header("Host", "shop.example:8080"),
            header("User-Agent", "curl/8"),
        ],
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn http_follows_the_semantic_conventions() {
    let cases: [(Http, L7Type, &[&str], &str); 5] = [
        (
            http("GET", "http://shop.example/cart?id=1", "HTTP/1.1", 0),
            L7Type::Request,
            &[],
            "network.protocol.name=http network.protocol.version=1.1 http.request.method=GET \
             url.full=http://shop.example/cart?id=1 url.scheme=http url.path=/cart url.query=id=1 \
             user_agent.original=curl/8",
        ),
        (
            http("get", "/cart?id=1", "HTTP/2.0", 0),
            L7Type::Request,
            &["ACCEPT"],
            "network.protocol.name=http network.protocol.version=2 http.request.method=_OTHER \
             http.request.method_original=get url.path=/cart url.query=id=1 \
             http.request.header.accept=[a b] user_agent.original=curl/8",
        ),
        (
            http("PUT", "/", "HTTP/1.0", 503),
            L7Type::Response,
            &["accept"],
            "network.protocol.name=http network.protocol.version=1.0 http.request.method=PUT \
             http.response.status_code=#503 url.path=/ http.response.header.accept=[a b]",
        ),
        (
            Http {
                code: 200,
                ..Http::default()
            },
            L7Type::Response,
            &[],
            "network.protocol.name=http http.response.status_code=#200",
        ),
        (
            http("GET", "/", "", 0),
            L7Type::Request,
            &["*"],
            "network.protocol.name=http http.request.method=GET url.path=/ \
             http.request.header.accept=[a b] http.request.header.authorization=[secret] \
             http.request.header.host=[shop.example:8080] \
             user_agent.original=curl/8 http.request.header.user-agent=[curl/8]",
        ),
    ];
    for (http, l7_type, headers, expected) in cases {
        assert_eq!(
            protocol_part(&specific_attributes(
                &message(L7Record::Http(http), l7_type),
                headers
            )),
            expected
        );
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn client_and_server_are_the_same_in_both_directions() {
    let of = |l7_type, url: &str, ip, l4| {
        let flow = Flow {
            ip: Some(ip),
            l4,
            ..message(L7Record::Http(http("GET", url, "", 0)), l7_type)
        };
        let all = specific_attributes(&flow, &[]);
        let is_end = |word: &&str| word.starts_with("client.") || word.starts_with("server.");
        all.split(' ').filter(is_end).collect::<Vec<_>>().join(" ")
    };
    let request = addresses();
    let response = Ip {
        source: request.destination,
        destination: request.source,
        ..request
    };
    let answer = L4::Tcp {
        source_port: 80,
        destination_port: 40_000,
        flags: None,
    };
    let client = "client.address=10.0.0.1 client.port=#40000";
    for (url, server) in [
        (
            "http://shop.example/",
            "server.address=shop.example server.port=#80",
        ),
        (
            "https://shop.example/",
            "server.address=shop.example server.port=#443",
        ),
        (
            "http://[fd00::1]:81/",
            "server.address=fd00::1 server.port=#81",
        ),
    ] {
        let expected = format!("{client} {server}");
        assert_eq!(of(L7Type::Request, url, request, tcp(None)), expected);
        assert_eq!(of(L7Type::Response, url, response, answer), expected);
    }
    let expected = format!("{client} server.address=shop.example server.port=#8080");
    assert_eq!(of(L7Type::Request, "/", request, tcp(None)), expected);
    let expected = format!("{client} server.address=10.0.0.2 server.port=#80");
    assert_eq!(of(L7Type::Response, "/", response, answer), expected);
}

#[test]
fn a_client_error_is_one_of_the_client_alone() {
    for (code, direction, expected) in [
        (404, Direction::Egress, Some("error.type=404")),
        (404, Direction::Ingress, None),
        (503, Direction::Ingress, Some("error.type=503")),
        (200, Direction::Egress, None),
    ] {
        let flow = Flow {
            direction,
            ..message(L7Record::Http(http("GET", "/", "", code)), L7Type::Response)
        };
        let attributes = specific_attributes(&flow, &[]);
        let error = attributes
            .split(' ')
            .find(|word| word.starts_with("error.type"));
        assert_eq!(error, expected, "{code} {direction:?}");
    }
}

#[test]
fn a_target_that_is_not_a_path_is_the_original_url() {
    for (method, target) in [("OPTIONS", "*"), ("CONNECT", "db:5432")] {
        let flow = message(
            L7Record::Http(Http {
                headers: Vec::new(),
                ..http(method, target, "", 0)
            }),
            L7Type::Request,
        );
        let expected = format!(
            "network.protocol.name=http http.request.method={method} url.original={target}"
        );
        assert_eq!(protocol_part(&specific_attributes(&flow, &[])), expected);
    }
}

#[test]
fn a_redacted_header_names_no_server_and_no_user_agent() {
    let headers = ["Host", "User-Agent"]
        .map(|name| (name.into(), REDACTED.to_owned()))
        .to_vec();
    let redacted = Http {
        headers,
        ..http("GET", "/", "", 0)
    };
    let attributes = specific_attributes(
        &message(L7Record::Http(redacted), L7Type::Request),
        &["host"],
    );
    let expected = format!(
        "network.protocol.name=http http.request.method=GET url.path=/ \
         http.request.header.host=[{REDACTED}]"
    );
    assert_eq!(protocol_part(&attributes), expected);
}

#[test]
fn a_latency_from_packets_has_its_error_and_an_unknown_one_has_no_value() {
    let latency = ObservedLatency {
        nanos: 60_400_000,
        error_nanos: 2_500_000,
        is_exact: false,
    };
    for (observed_latency, expected) in [
        (
            Some(latency),
            "cilium.l7.latency_ns=#60400000 cilium.l7.latency_error_ns=#2500000 ",
        ),
        (None, ""),
    ] {
        let mut flow = message(
            L7Record::Http(Http {
                code: 200,
                ..Http::default()
            }),
            L7Type::Response,
        );
        let l7 = flow.l7.as_mut().unwrap();
        l7.source = MessageSource::Wire;
        l7.latency_ns = 0;
        l7.observed_latency = observed_latency;
        let expected = format!(
            "cilium.l7.seen=wire {expected}network.protocol.name=http \
             http.response.status_code=#200"
        );
        let attributes = specific_attributes(&flow, &[]);
        assert!(attributes.ends_with(&expected), "{attributes}");
    }
}

/// The attributes after those that all messages have.
fn protocol_part(text: &str) -> &str {
    text.split_once("cilium.l7.latency_ns=#5000000 ")
        .map_or(text, |(_, rest)| rest)
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn dns_kafka_and_generic_messages_have_their_fields() {
    let dns = Dns {
        query: "shop.example.".to_owned(),
        ips: vec![
            IpAddr::from([192, 0, 2, 1]).into(),
            IpAddr::from(Ipv6Addr::LOCALHOST).into(),
        ]
        .into(),
        ttl: Some(30),
        cnames: vec!["www.shop.example.".to_owned()],
        observation_source: "proxy".into(),
        rcode: Some(3),
        qtypes: vec![1, 28].into(),
        rrtypes: vec![5, 1].into(),
    };
    let question = Dns {
        ips: vec![].into(),
        cnames: Vec::new(),
        rrtypes: vec![].into(),
        ..dns.clone()
    };
    let kafka = Kafka {
        error_code: -1,
        api_version: 2,
        api_key: "fetch".to_owned(),
        correlation_id: 7,
        topic: "orders".to_owned(),
    };
    let generic = Generic {
        proto: "R2D2".to_owned(),
        fields: vec![("cmd".to_owned(), "READ".to_owned())],
    };
    let cases = [
        (
            message(L7Record::Dns(dns), L7Type::Response),
            "network.protocol.name=dns dns.question.name=shop.example. dns.answers=[192.0.2.1 ::1] \
             cilium.dns.cnames=[www.shop.example.] cilium.dns.qtypes=[A AAAA] \
             cilium.dns.rrtypes=[CNAME A] cilium.dns.rcode=#3 cilium.dns.ttl=#30",
        ),
        (
            message(L7Record::Dns(question), L7Type::Request),
            "network.protocol.name=dns dns.question.name=shop.example. cilium.dns.qtypes=[A AAAA]",
        ),
        (
            message(L7Record::Kafka(kafka), L7Type::Request),
            "network.protocol.name=kafka messaging.system=kafka messaging.destination.name=orders \
             cilium.kafka.api_key=fetch cilium.kafka.api_version=#2 \
             cilium.kafka.correlation_id=#7 cilium.kafka.error_code=#-1",
        ),
        (
            message(L7Record::Generic(generic), L7Type::Request),
            "network.protocol.name=r2d2 cilium.l7.fields.cmd=READ",
        ),
    ];
    for (flow, expected) in cases {
        assert_eq!(protocol_part(&specific_attributes(&flow, &[])), expected);
    }
}

#[test]
fn parts_of_a_message_that_were_not_captured_are_listed_and_have_no_value() {
    let dns = Dns {
        query: "shop.example.".to_owned(),
        qtypes: vec![1].into(),
        ..Dns::default()
    };
    let mut flow = message(L7Record::Dns(dns), L7Type::Response);
    let missing = [MessagePart::Answers, MessagePart::Rcode]
        .into_iter()
        .fold(Missing::NOTHING, Missing::and);
    flow.l7.as_mut().expect("an L7 flow").missing = missing;
    let text = specific_attributes(&flow, &[]);
    assert!(
        text.contains("cilium.l7.incomplete=[answers rcode]"),
        "{text}"
    );
    let expected =
        "network.protocol.name=dns dns.question.name=shop.example. cilium.dns.qtypes=[A]";
    assert_eq!(protocol_part(&text), expected);
}
