//! Messages found in packets: their families, and the labels of incomplete messages.

use std::net::IpAddr;

use tidegate_model::flow::{
    Dns, DropReason, Flow, L7Record, L7Type, MessagePart, MessageSource, Missing, ObservedLatency,
    Verdict, message_type,
};
use tidegate_model::metric::Point;
use tidegate_model::{Batch, Record, Timestamp};
use tidegate_processors::hubble_metrics::{Config, WireFamilies};

use crate::support::{
    build, config, counted, counted_by, dns, finish, http, line, points, process, take_over,
};

fn on_the_wire(mut flow: Flow) -> Flow {
    flow.message_type = message_type::TRACE;
    flow.l7.as_mut().unwrap().source = MessageSource::Wire;
    flow
}

fn query() -> Flow {
    dns(
        L7Type::Request,
        Dns {
            qtypes: vec![1].into(),
            ..Dns::default()
        },
    )
}

/// A response with an alias and two addresses.
fn response(rcode: u32) -> Flow {
    let message = Dns {
        qtypes: vec![1].into(),
        ips: [[1, 2, 3, 4], [5, 6, 7, 8]]
            .map(|ip| IpAddr::from(ip).into())
            .to_vec()
            .into(),
        rrtypes: vec![5, 1, 1].into(),
        rcode: Some(rcode),
        ttl: Some(30),
        ..Dns::default()
    };
    dns(L7Type::Response, message)
}

fn hubble(items: &[&str]) -> Config {
    Config {
        wire: WireFamilies::Hubble,
        ..config(items)
    }
}

#[test]
fn messages_in_packets_are_counted_in_their_own_families_unless_configured_otherwise() {
    let flows = [query(), on_the_wire(query()), on_the_wire(response(0))];
    let query = r#"dns_queries_total{rcode="",qtypes="A",ips_returned="0"}"#;
    let answer = r#"dns_responses_total{rcode="No Error",qtypes="A",ips_returned="2"} 1"#;
    let types = [
        r#"dns_response_types_total{type="A",qtypes="A"} 2"#,
        r#"dns_response_types_total{type="CNAME",qtypes="A"} 1"#,
    ];
    let expected = [
        format!("hubble_{query} 1"),
        format!("tidegate_wire_{query} 1"),
        format!("tidegate_wire_{}", types[0]),
        format!("tidegate_wire_{}", types[1]),
        format!("tidegate_wire_{answer}"),
    ];
    assert_eq!(counted(&["dns"], &flows), expected);
    let together = [
        format!("hubble_{query} 2"),
        format!("hubble_{}", types[0]),
        format!("hubble_{}", types[1]),
        format!("hubble_{answer}"),
    ];
    assert_eq!(counted_by(&hubble(&["dns"]), &flows), together);
}

#[test]
fn http_messages_in_packets_are_counted_in_their_own_families() {
    let flows = [L7Type::Request, L7Type::Response].map(|l7_type| on_the_wire(http(l7_type, 200)));
    let names = |items: &[&str]| {
        let lines = counted(items, &flows);
        lines
            .iter()
            .map(|line| line.split('{').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(&["http"]),
        [
            "tidegate_wire_http_requests_total",
            "tidegate_wire_http_responses_total"
        ]
    );
    assert_eq!(names(&["httpV2"]), ["tidegate_wire_http_requests_total"]);
}

#[test]
fn a_response_in_a_packet_has_a_duration_only_if_it_is_exact() {
    let response = |method: &str, is_exact: Option<bool>| {
        let mut flow = on_the_wire(http(L7Type::Response, 200));
        let l7 = flow.l7.as_mut().unwrap();
        let L7Record::Http(message) = &mut l7.record else {
            unreachable!()
        };
        message.method = method.to_owned().into();
        l7.observed_latency = is_exact.map(|is_exact| ObservedLatency {
            nanos: 30_000_000,
            error_nanos: 2_500_000,
            is_exact,
        });
        flow
    };
    let flows = [
        response("GET", None),
        response("GET", Some(false)),
        response("", None),
        response("GET", Some(true)),
    ];
    let labels = |method: &str| {
        format!(r#"{{method="{method}",protocol="HTTP/1.1",status="200",reporter="unknown"}}"#)
    };
    let duration = r#"hubble_http_request_duration_seconds{method="GET",reporter="unknown"} [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0] 0.03 1"#;
    for (item, family) in [("httpV2", "requests"), ("http", "responses")] {
        let name = format!("tidegate_wire_http_{family}_total");
        let expected = [
            duration.to_owned(),
            format!("{name}{} 3", labels("GET")),
            format!("{name}{} 1", labels("unknown")),
        ];
        assert_eq!(counted(&[item], &flows), expected);
    }
}

#[test]
fn help_texts_distinguish_messages_in_packets() {
    let mut processor = build(&config(&["dns"])).unwrap();
    process(
        &mut *processor,
        vec![Record::Flow(query()), Record::Flow(on_the_wire(query()))],
    );
    let mut helps: Vec<_> = finish(&mut *processor)
        .into_iter()
        .map(|point| point.series.family.help.clone())
        .collect();
    helps.retain(|help| help.contains("DNS"));
    helps.sort();
    assert_eq!(
        helps,
        [
            "DNS queries found in captured packets",
            "Number of DNS queries observed"
        ]
    );
}

#[test]
fn labels_of_missing_parts_are_unknown_and_incomplete_answers_are_not_counted() {
    let cut = |parts: &[MessagePart]| {
        let mut flow = on_the_wire(response(0));
        flow.l7.as_mut().unwrap().missing =
            parts.iter().copied().fold(Missing::NOTHING, Missing::and);
        flow
    };
    for (parts, rcode, ips) in [
        (&[][..], "No Error", "2"),
        (&[MessagePart::Records], "No Error", "2"),
        (
            &[MessagePart::Answers, MessagePart::Records],
            "No Error",
            "unknown",
        ),
    ] {
        let lines = counted(&["dns"], &[cut(parts)]);
        let expected = format!(
            r#"tidegate_wire_dns_responses_total{{rcode="{rcode}",qtypes="A",ips_returned="{ips}"}} 1"#
        );
        assert!(lines.contains(&expected), "{parts:?}: {lines:?}");
        let types = lines
            .iter()
            .filter(|line| line.starts_with("tidegate_wire_dns_response_types_total"));
        assert_eq!(types.count() > 0, ips != "unknown", "{parts:?}: {lines:?}");
    }
    let mut no_code = on_the_wire(dns(
        L7Type::Response,
        Dns {
            qtypes: vec![1].into(),
            ..Dns::default()
        },
    ));
    no_code.l7.as_mut().unwrap().missing = Missing::NOTHING
        .and(MessagePart::Rcode)
        .and(MessagePart::Records);
    assert_eq!(
        counted(&["dns"], &[no_code]),
        [r#"tidegate_wire_dns_responses_total{rcode="unknown",qtypes="A",ips_returned="0"} 1"#]
    );
}

#[test]
fn a_response_code_without_a_name_is_a_number() {
    let lines = counted(&["dns"], &[on_the_wire(response(12))]);
    let expected = r#"tidegate_wire_dns_responses_total{rcode="12",qtypes="A",ips_returned="2"} 1"#;
    assert!(lines.iter().any(|line| line == expected), "{lines:?}");
}

#[test]
fn a_dropped_message_in_a_packet_is_denied_only_if_a_policy_dropped_it() {
    let dropped = |reason, flow| Flow {
        verdict: Verdict::Dropped,
        drop_reason: DropReason(reason),
        ..on_the_wire(flow)
    };
    let denied =
        r#"tidegate_wire_dns_queries_total{rcode="Policy denied",qtypes="A",ips_returned="0"} 1"#;
    let not_denied = r#"tidegate_wire_dns_queries_total{rcode="",qtypes="A",ips_returned="0"} 1"#;
    for (reason, expected) in [
        (133, denied),
        (181, denied),
        (151, not_denied),
        (155, not_denied),
        (165, not_denied),
        (189, not_denied),
        (0, not_denied),
    ] {
        assert_eq!(
            counted(&["dns"], &[dropped(reason, query())]),
            [expected],
            "{reason}"
        );
    }
    let lines = counted(&["dns"], &[dropped(155, response(3))]);
    let answered = r#"tidegate_wire_dns_responses_total{rcode="Non-Existent Domain",qtypes="A",ips_returned="2"} 1"#;
    assert!(lines.iter().any(|line| line == answered), "{lines:?}");
    // Every dropped message that a proxy reports was denied by a policy, as in Hubble.
    let by_a_proxy = Flow {
        verdict: Verdict::Dropped,
        ..query()
    };
    assert_eq!(
        counted(&["dns"], &[by_a_proxy]),
        [denied.replace("tidegate_wire", "hubble")]
    );
}

#[test]
fn the_type_of_a_message_in_a_packet_does_not_depend_on_connection_tracking() {
    for is_reply in [None, Some(false), Some(true)] {
        let names = |flow: Flow| {
            let lines = counted(
                &["dns"],
                &[Flow {
                    is_reply,
                    ..on_the_wire(flow)
                }],
            );
            lines
                .iter()
                .any(|line| line.starts_with("tidegate_wire_dns_responses_total"))
        };
        assert!(names(response(0)), "{is_reply:?}");
        assert!(!names(query()), "{is_reply:?}");
    }
}

#[test]
fn a_change_of_the_wire_setting_ends_only_the_series_of_message_metrics() {
    let items = ["dns", "drop"];
    let mut old = build(&config(&items)).unwrap();
    let dropped = crate::support::dropped(133);
    process(
        &mut *old,
        [on_the_wire(query()), dropped].map(Record::Flow).to_vec(),
    );
    take_over(&mut *build(&hubble(&items)).unwrap(), &mut *old);
    let mut out = Batch::new();
    old.as_stateful().unwrap().retire(Timestamp(9), &mut out);
    let ended: Vec<_> = points(&out)
        .iter()
        .map(|point: &Point| line(point))
        .collect();
    assert_eq!(
        ended,
        [r#"tidegate_wire_dns_queries_total{rcode="",qtypes="A",ips_returned="0"} ended"#]
    );
}
