//! Flows and losses as `hubble observe` prints them.

use std::sync::Arc;

use tidegate_format::hubble::{Compact, push_type};
use tidegate_model::flow::{
    Address, AuthType, Direction, Endpoint, EndpointNames, Flow, FlowType, Generic, Ip, IpVersion,
    Kafka, L4, L7Record, L7Type, PolicyMatch, Verdict, message_type,
};

use crate::samples;

const LINES: &str = include_str!("../../../tests/golden/hubble/printed/compact.txt");
const PLAIN: Compact = Compact::PLAIN;

fn line(flow: &Flow) -> String {
    let mut out = String::new();
    PLAIN.push_flow(&mut out, flow);
    out
}

#[test]
fn records_are_printed_byte_for_byte_as_hubble_prints_them() {
    let mut out = String::new();
    samples::flows()
        .iter()
        .for_each(|flow| PLAIN.push_flow(&mut out, flow));
    samples::losses()
        .iter()
        .for_each(|lost| PLAIN.push_lost(&mut out, lost));
    assert_eq!(out, LINES);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn every_event_type_has_its_text() {
    let event = |message_type, sub_type| Flow {
        message_type,
        sub_type,
        ..Flow::default()
    };
    let verdict = |policy_match, direction| Flow {
        policy_match: PolicyMatch(policy_match),
        direction,
        ..event(message_type::POLICY_VERDICT, 0)
    };
    let cases = [
        (event(message_type::TRACE, 0), "to-endpoint"),
        (event(message_type::TRACE, 5), "from-endpoint"),
        (event(message_type::TRACE, 13), "to-crypto"),
        (event(message_type::TRACE, 14), "14"),
        (event(message_type::DROP, 133), "Policy denied"),
        (event(message_type::DROP, 159), "159, 0"),
        (
            verdict(0, Direction::Unknown),
            "policy-verdict:none TRAFFIC_DIRECTION_UNKNOWN",
        ),
        (
            verdict(1, Direction::Egress),
            "policy-verdict:L3-Only EGRESS",
        ),
        (verdict(4, Direction::Ingress), "policy-verdict:all INGRESS"),
        (
            verdict(7, Direction::Ingress),
            "policy-verdict:unknown INGRESS",
        ),
        (event(message_type::CAPTURE, 4), "DBG_CAPTURE_DELIVERY"),
        (event(message_type::CAPTURE, 1), "1"),
        (event(message_type::TRACE_SOCK, 1), "pre-xlate-fwd"),
        (event(message_type::TRACE_SOCK, 4), "post-xlate-rev"),
        (
            event(message_type::TRACE_SOCK, 0),
            "SOCK_XLATE_POINT_UNKNOWN",
        ),
        (event(message_type::RECORDER, 0), "UNKNOWN"),
        (samples::http(L7Type::Request), "http-request"),
        (samples::dns(None, L7Type::Request), "dns-request wire"),
        (
            samples::l7(L7Type::Sample, L7Record::Kafka(Kafka::default())),
            "kafka-sample",
        ),
        (
            samples::l7(L7Type::Unknown, L7Record::Generic(Generic::default())),
            "l7-unknown_l7_type",
        ),
    ];
    for (flow, expected) in cases {
        let mut out = String::new();
        push_type(&mut out, &flow);
        assert_eq!(out, expected);
    }
}

#[test]
fn verdicts_of_policies_have_texts_of_their_own() {
    let cases = [
        (Verdict::Unknown, " VERDICT_UNKNOWN (", " VERDICT_UNKNOWN ("),
        (Verdict::Forwarded, " FORWARDED (", " ALLOWED ("),
        (Verdict::Redirected, " REDIRECTED (", " ALLOWED ("),
        (Verdict::Dropped, " DROPPED (", " DENIED ("),
        (Verdict::Error, " ERROR (", " DENIED ("),
        (Verdict::Audit, " AUDIT (", " AUDITED ("),
        (Verdict::Traced, " TRACED (", " TRACED ("),
        (Verdict::Translated, " TRANSLATED (", " TRANSLATED ("),
    ];
    for (verdict, trace, policy) in cases {
        for (message_type, expected) in [
            (message_type::TRACE, trace),
            (message_type::POLICY_VERDICT, policy),
        ] {
            let line = line(&Flow {
                message_type,
                verdict,
                ..Flow::default()
            });
            assert!(line.contains(expected), "{expected} in {line}");
        }
    }
}

fn named(pod_name: &str, dns_names: &[&str]) -> Endpoint {
    let dns_names = dns_names.iter().map(|name| (*name).to_owned()).collect();
    let names = EndpointNames {
        pod_name: pod_name.to_owned(),
        dns_names,
        ..EndpointNames::default()
    };
    Endpoint {
        names: Some(Arc::new(names)),
        ..Endpoint::default()
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn hosts_are_pods_dns_names_or_addresses() {
    let v6 = |text: &str| Address::from(text.parse::<std::net::IpAddr>().unwrap());
    let ip6 = Ip {
        source: v6("fd00::1"),
        destination: v6("::"),
        version: IpVersion::V6,
        ..Ip::default()
    };
    let without_source = samples::ip([0; 4], [10, 0, 0, 2]).map(|ip| Ip {
        source: Address::default(),
        ..ip
    });
    let base = Flow {
        destination: samples::identity(11),
        ..samples::new_connection()
    };
    let cases = [
        (
            Flow {
                ip: Some(ip6),
                ..base.clone()
            },
            ": [fd00::1]:43210 (ID:12345) -> [::]:8080 (ID:11) ",
        ),
        (
            Flow {
                ip: Some(ip6),
                l4: L4::None,
                ..base.clone()
            },
            ": fd00::1 (ID:12345) -> :: (ID:11) ",
        ),
        (
            Flow {
                l4: samples::tcp(0, 80, 0),
                ..base.clone()
            },
            ": 10.0.1.5 (ID:12345) -> 10.0.2.9:80 (ID:11) ",
        ),
        (
            Flow {
                ip: None,
                ..base.clone()
            },
            ": aa:bb:cc:00:00:01 (ID:12345) -> aa:bb:cc:00:00:02 (ID:11) ",
        ),
        (
            Flow {
                ip: None,
                ethernet: None,
                ..base.clone()
            },
            ":  (ID:12345) ->  (ID:11) ",
        ),
        (
            Flow {
                source: named("cart", &["x."]),
                ..base.clone()
            },
            ": cart:43210 (unknown) -> ",
        ),
        (
            Flow {
                source: named("", &["a", "b"]),
                ..base.clone()
            },
            ": a,b:43210 (unknown) -> ",
        ),
        (
            Flow {
                source: named("", &["a\n\x1b[2J"]),
                ..base.clone()
            },
            ": a\\n^[[2J:43210 (unknown) -> ",
        ),
        (
            Flow {
                is_reply: Some(true),
                ..base.clone()
            },
            ": 10.0.2.9:8080 (ID:11) <- 10.0.1.5:43210 (ID:12345) ",
        ),
        (
            Flow {
                ip: without_source,
                flow_type: FlowType::L7,
                ..base.clone()
            },
            ": :43210 (ID:12345) -> 10.0.0.2:8080 (ID:11) ",
        ),
    ];
    for (flow, expected) in cases {
        let line = line(&flow);
        assert!(line.contains(expected), "{expected} in {line}");
    }
}

#[test]
fn trace_id_and_authentication_surround_the_summary() {
    let base = samples::new_connection();
    let cases = [
        (
            Flow {
                ip_trace_id: 7,
                ..base.clone()
            },
            "(IP Trace ID: 7; TCP Flags: SYN)\n",
        ),
        (
            Flow {
                auth_type: AuthType(1),
                ..base.clone()
            },
            "(TCP Flags: SYN; Auth: SPIRE)\n",
        ),
        (
            Flow {
                auth_type: AuthType(9),
                ..base.clone()
            },
            "(TCP Flags: SYN; Auth: 9)\n",
        ),
    ];
    for (flow, expected) in cases {
        assert!(
            line(&flow).ends_with(expected),
            "{expected} in {}",
            line(&flow)
        );
    }
    assert!(line(&Flow::default()).starts_with("N/A: "));
}

#[test]
fn control_characters_of_a_peer_are_escaped() {
    let cases = [
        ("\x1b[31mred", "^[[31mred"),
        ("a\rb", "a\\rb"),
        ("a\nb", "a\\nb"),
        ("a\tb", "a\\tb"),
        ("\x07\x7f\u{9b}", "\\x07\\x7f\\x9b"),
        ("bücher", "bücher"),
    ];
    for (url, expected) in cases {
        let mut flow = samples::http(L7Type::Request);
        let L7Record::Http(http) = &mut flow.l7.as_mut().unwrap().record else {
            unreachable!()
        };
        http.url = url.to_owned();
        assert!(
            line(&flow).ends_with(&format!("(HTTP/1.1 GET {expected})\n")),
            "{}",
            line(&flow)
        );
    }
}

#[test]
fn colours_are_those_of_hubble() {
    let mut out = String::new();
    let flow = Flow {
        auth_type: AuthType(2),
        ..samples::policy_drop()
    };
    Compact::with_color(true).push_flow(&mut out, &flow);
    let expected = concat!(
        "Mar  1 10:00:00.123: ",
        "\x1b[36m10.0.1.5:\x1b[33m5353\x1b[0m\x1b[0m \x1b[35m(ID:12345)\x1b[0m <> ",
        "\x1b[36m10.0.3.3:\x1b[33m53\x1b[0m\x1b[0m \x1b[35m(ID:34567)\x1b[0m ",
        "Policy denied \x1b[31mDROPPED\x1b[0m (UDP; Auth: \x1b[31mTEST_ALWAYS_FAIL\x1b[0m)\n",
    );
    assert_eq!(out, expected);
    out.clear();
    Compact::with_color(true).push_flow(&mut out, &samples::redirected());
    assert!(out.contains("\x1b[32mALLOWED\x1b[0m"), "{out}");
}
