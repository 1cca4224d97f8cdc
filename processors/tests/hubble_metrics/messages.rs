//! The metrics about requests and responses: `dns` and `kafka`.

use std::net::IpAddr;

use tidegate_model::flow::{Dns, Flow, L7Type, MessageSource, TcpFlags, Verdict, message_type};

use crate::support::{counted, dns, each_counts, http, kafka, l7, tcp};

const SYN: u16 = TcpFlags::SYN;

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn dns_counts_queries_and_responses() {
    let a = || Dns {
        qtypes: vec![1].into(),
        ..Dns::default()
    };
    let answer = Dns {
        ips: vec![
            IpAddr::from([1, 2, 3, 4]).into(),
            IpAddr::from([5, 6, 7, 8]).into(),
        ]
        .into(),
        rrtypes: vec![5, 1, 1].into(),
        ..a()
    };
    let rcode = |rcode| {
        dns(
            L7Type::Response,
            Dns {
                rcode: Some(rcode),
                qtypes: vec![28, 1].into(),
                ..Dns::default()
            },
        )
    };
    let unknown_reply = Flow {
        is_reply: None,
        ..dns(L7Type::Request, a())
    };
    let mut on_the_wire = dns(
        L7Type::Request,
        Dns {
            qtypes: vec![65, 9999].into(),
            ..Dns::default()
        },
    );
    on_the_wire.message_type = message_type::TRACE;
    on_the_wire.l7.as_mut().unwrap().source = MessageSource::Wire;
    let denied = |l7_type| Flow {
        verdict: Verdict::Dropped,
        ..dns(
            l7_type,
            Dns {
                rrtypes: vec![1].into(),
                ..a()
            },
        )
    };
    let no_answer = |rcode: &str| {
        format!(
            r#"hubble_dns_responses_total{{rcode="{rcode}",qtypes="AAAA,A",ips_returned="0"}} 1"#
        )
    };
    let query = r#"hubble_dns_queries_total{rcode="",qtypes="A",ips_returned="0"} 1"#;
    let denied_query =
        r#"hubble_dns_queries_total{rcode="Policy denied",qtypes="A",ips_returned="0"} 1"#;
    each_counts(
        "dns",
        &[
            (dns(L7Type::Request, a()), &[query]),
            (unknown_reply, &[query]),
            (
                on_the_wire,
                &[
                    r#"tidegate_wire_dns_queries_total{rcode="",qtypes="HTTPS,Unknown",ips_returned="0"} 1"#,
                ],
            ),
            (
                dns(L7Type::Response, answer),
                &[
                    r#"hubble_dns_response_types_total{type="A",qtypes="A"} 2"#,
                    r#"hubble_dns_response_types_total{type="CNAME",qtypes="A"} 1"#,
                    r#"hubble_dns_responses_total{rcode="No Error",qtypes="A",ips_returned="2"} 1"#,
                ],
            ),
            (rcode(3), &[&no_answer("Non-Existent Domain")]),
            (rcode(12), &[&no_answer("")]),
            (denied(L7Type::Request), &[denied_query]),
            (denied(L7Type::Response), &[denied_query]),
            (http(L7Type::Request, 0), &[]),
            (tcp(SYN), &[]),
        ],
    );
}

#[test]
fn dns_options_add_the_queried_name_and_exclude_aaaa_queries() {
    let query = |qtypes: &[u16]| {
        dns(
            L7Type::Request,
            Dns {
                qtypes: qtypes.into(),
                ..Dns::default()
            },
        )
    };
    let response = dns(
        L7Type::Response,
        Dns {
            qtypes: vec![1].into(),
            rrtypes: vec![1].into(),
            ..Dns::default()
        },
    );
    let flows = [query(&[28]), query(&[1, 28]), response];
    assert_eq!(
        counted(&["dns:query=false;ignoreAAAA"], &flows),
        [
            r#"hubble_dns_queries_total{rcode="",qtypes="A,AAAA",ips_returned="0",query="cilium.io."} 1"#,
            r#"hubble_dns_response_types_total{type="A",qtypes="A",query="cilium.io."} 1"#,
            r#"hubble_dns_responses_total{rcode="No Error",qtypes="A",ips_returned="0",query="cilium.io."} 1"#,
        ]
    );
}

#[test]
fn kafka_counts_only_requests() {
    let flows =
        [L7Type::Request, L7Type::Response, L7Type::Sample].map(|l7_type| l7(l7_type, kafka()));
    assert_eq!(
        counted(&["kafka"], &flows),
        [
            r#"hubble_kafka_request_duration_seconds{topic="deathstar",api_key="produce",reporter="unknown"} [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] 0 1"#,
            r#"hubble_kafka_requests_total{topic="deathstar",api_key="produce",error_code="3",reporter="unknown"} 1"#,
        ]
    );
}

#[test]
fn a_message_in_a_packet_is_counted_only_by_message_metrics() {
    let mut query = dns(
        L7Type::Request,
        Dns {
            qtypes: vec![1].into(),
            ..Dns::default()
        },
    );
    query.message_type = message_type::TRACE;
    query.l7.as_mut().unwrap().source = MessageSource::Wire;
    let all = ["flow", "drop", "port-distribution", "policy", "dns"];
    let query_alone = r#"tidegate_wire_dns_queries_total{rcode="",qtypes="A",ips_returned="0"} 1"#;
    assert_eq!(counted(&all, std::slice::from_ref(&query)), [query_alone]);
}
