//! Access-log records in the four variants that agents have sent, and the flows that Hubble makes
//! of them.

use std::fmt::Write as _;

use crate::events::{LogRecord, access_log};
use crate::support::{NOON, TestChain, golden, only_flow};
use tidegate_model::flow::{Endpoint, Flow, L7, L7Record, TraceContext};
use tidegate_wire::access_log::Http;

fn chain() -> TestChain {
    TestChain::of(&[
        ("cilium_decode", "{}"),
        ("dns_flow", "{}"),
        ("http_flow", "{}"),
        ("l7_flow", "{}"),
    ])
}

fn side(endpoint: &Endpoint) -> String {
    let labels = endpoint
        .names
        .as_ref()
        .map(|names| names.labels.join(","))
        .unwrap_or_default();
    format!("{}/{} [{labels}]", endpoint.id, endpoint.identity)
}

/// Describes all fields that are set on an L7 flow, in three lines.
fn lines(flow: &Flow) -> [String; 3] {
    let L7 {
        l7_type,
        latency_ns,
        observed_latency: _,
        record,
        trace_context,
        source,
        missing,
    } = flow.l7.as_deref().expect("an L7 flow");
    let mut head = format!(
        "{}/{} {}",
        flow.message_type,
        flow.sub_type,
        flow.verdict.name()
    );
    let _ = write!(head, " {:?} reply {:?}", flow.direction, flow.is_reply);
    if let Some(ip) = flow.ip {
        let (from, to) = flow.l4.ports().unwrap_or_default();
        let name = flow.l4.name().unwrap_or("-");
        let _ = write!(
            head,
            " {name} {}:{from} > {}:{to}",
            ip.source, ip.destination
        );
    }
    let trace_id = trace_context.map(|context| context.trace_id_text());
    let trace_id = trace_id.map(|id| String::from_utf8_lossy(&id).into_owned());
    let _ = write!(head, " {l7_type:?} {latency_ns}ns {trace_id:?} {source:?}");
    assert!(missing.is_nothing(), "records are complete");
    let record = match record {
        L7Record::Dns(dns) => format!("{dns:?}"),
        L7Record::Http(http) => format!("{http:?}"),
        L7Record::Kafka(kafka) => format!("{kafka:?}"),
        L7Record::Generic(generic) => format!("{generic:?}"),
    };
    [
        head,
        format!("{} > {}", side(&flow.source), side(&flow.destination)),
        record,
    ]
}

/// Each recorded case by name, and on the next three lines its flow.
const EXPECTED: &str = include_str!("access_log.txt");

/// Returns the expected flow of a case, in three lines.
fn expected(case: &str) -> Vec<&'static str> {
    let lines = EXPECTED.lines().skip_while(|line| *line != case).skip(1);
    lines.take(3).map(str::trim_start).collect()
}

#[test]
fn a_record_becomes_the_same_flow_in_every_variant() {
    for (name, data) in golden("logrecord") {
        let case = name
            .split('.')
            .next()
            .and_then(|name| name.get("logrecord-A-".len()..))
            .expect("a case's name");
        let flow = only_flow(&chain().run([data]));
        assert_eq!(lines(&flow).to_vec(), expected(case), "{name}");
        assert_eq!((flow.time, flow.drop_reason.0), (NOON, 0), "{name}");
    }
}

#[test]
fn a_record_without_a_valid_time_is_dropped_with_a_reason() {
    for timestamp in ["", "yesterday", "2026-03-01T10:00:00"] {
        for (step, protocol) in [(1, "dns"), (2, "http"), (3, "kafka")] {
            let record = LogRecord {
                timestamp: timestamp.into(),
                ..record(protocol, "Request")
            };
            let mut chain = chain();
            assert!(chain.run([access_log(&record)]).is_empty());
            assert_eq!(
                chain.step(step).tally.drops(),
                [("access_log_bad_timestamp", 1)]
            );
        }
    }
}

fn record(protocol: &str, kind: &str) -> LogRecord {
    let mut record = LogRecord {
        kind: kind.into(),
        timestamp: "2026-03-01T10:00:00Z".into(),
        ..LogRecord::default()
    };
    match protocol {
        "dns" => record.dns = Some(Default::default()),
        "http" => record.http = Some(Default::default()),
        _ => record.kafka = Some(Default::default()),
    }
    record
}

fn http(kind: &str, timestamp: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let headers = headers
        .iter()
        .map(|(key, value)| ((*key).into(), vec![(*value).into()]))
        .collect();
    access_log(&LogRecord {
        timestamp: timestamp.into(),
        http: Some(Http {
            url: Some("http://u:secret@h/".into()),
            headers: Some(headers),
            ..Http::default()
        }),
        ..record("http", kind)
    })
}

#[test]
fn a_response_has_the_latency_and_trace_of_its_request() {
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let id = ("X-Request-Id", "42");
    let batch = chain().run([
        http(
            "Request",
            "2026-03-01T10:00:00.25Z",
            &[id, ("Traceparent", traceparent)],
        ),
        http("Sample", "2026-03-01T10:00:00.5Z", &[id]),
        http("Response", "2026-03-01T10:00:00.750000001Z", &[id]),
        http("Response", "2026-03-01T10:00:00.8Z", &[id]),
    ]);
    let latencies: Vec<_> = crate::support::flows(&batch)
        .into_iter()
        .map(|flow| {
            flow.l7
                .map(|l7| (l7.latency_ns, l7.trace_context))
                .expect("an L7 flow")
        })
        .collect();
    let trace = Some(TraceContext {
        trace_id: 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes(),
        parent_id: 0xb7ad_6b71_6920_3331_u64.to_be_bytes(),
        flags: TraceContext::SAMPLED,
    });
    assert_eq!(
        latencies,
        [(0, trace), (0, None), (500_000_001, trace), (0, None)]
    );
}

/// A sample, because the flow of a request has no codes.
fn wide(protocol: &str) -> Vec<u8> {
    let mut wide = record(protocol, "Sample");
    wide.source.id = (1 << 32) + 7;
    wide.destination.identity = (5 << 32) + 8;
    wide.transport_protocol = 0x0100 + 17;
    if let Some(dns) = &mut wide.dns {
        dns.rcode = -1;
    }
    if let Some(http) = &mut wide.http {
        http.code = (1 << 33) + 200;
    }
    access_log(&wide)
}

#[test]
fn wide_numbers_are_truncated_as_in_hubble() {
    for (protocol, code) in [("dns", "rcode: Some(4294967295)"), ("http", "code: 200")] {
        let [head, sides, record] = lines(&only_flow(&chain().run([wide(protocol)])));
        assert!(head.contains(" UDP "), "{head}");
        assert_eq!(sides, "7/0 [] > 0/8 []");
        assert!(record.contains(code), "{record}");
    }
}

#[test]
fn a_password_in_a_url_is_redacted() {
    let flow = only_flow(&chain().run([http("Request", "2026-03-01T10:00:00Z", &[])]));
    let Some(L7Record::Http(http)) = flow.l7.map(|l7| l7.record) else {
        panic!("no HTTP")
    };
    assert_eq!(http.url, "http://u:HUBBLE_REDACTED@h/");
}
