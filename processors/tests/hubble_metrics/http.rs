//! `http` and `httpV2`, which count the same flows differently.

use tidegate_model::flow::{Direction, Flow, L7Type};

use crate::support::{counted, http, ip, pod, tcp};

/// A request from `web/client` to `shop/server` or its response, seen on the client's node.
fn seen_at_client(l7_type: L7Type, latency_ns: u64) -> Flow {
    let mut flow = http(l7_type, if l7_type == L7Type::Response { 200 } else { 0 });
    flow.direction = Direction::Egress;
    flow.l7.as_mut().unwrap().latency_ns = latency_ns;
    let client = pod("web", "client");
    let server = pod("shop", "server");
    let (source, destination, ip) = match l7_type {
        L7Type::Response => (server, client, ip("10.0.0.2", "10.0.0.1")),
        _ => (client, server, ip("10.0.0.1", "10.0.0.2")),
    };
    Flow {
        source,
        destination,
        ip: Some(ip),
        ..flow
    }
}

#[test]
fn http_counts_requests_and_responses_with_their_sender_as_the_source() {
    let flows = [
        seen_at_client(L7Type::Request, 0),
        seen_at_client(L7Type::Response, 30_000_000),
        seen_at_client(L7Type::Sample, 0),
        seen_at_client(L7Type::Unknown, 0),
    ];
    assert_eq!(
        counted(&["http:sourceContext=pod"], &flows),
        [
            r#"hubble_http_request_duration_seconds{source="shop/server",method="GET",reporter="client"} [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0] 0.03 1"#,
            r#"hubble_http_requests_total{source="web/client",method="GET",protocol="HTTP/1.1",reporter="client"} 1"#,
            r#"hubble_http_responses_total{source="shop/server",method="GET",protocol="HTTP/1.1",status="200",reporter="client"} 1"#,
        ]
    );
}

#[test]
fn http_v2_counts_only_responses_and_labels_them_like_their_requests() {
    let flows = [
        seen_at_client(L7Type::Request, 0),
        seen_at_client(L7Type::Response, 0),
        tcp(0),
    ];
    let item = "httpV2:labelsContext=source_ip,source_pod,destination_ip,\
                destination_workload,traffic_direction";
    let labels = r#"source_ip="10.0.0.1",source_pod="client",destination_ip="10.0.0.2",destination_workload="server-w",traffic_direction="egress""#;
    let duration = r#"method="GET",reporter="client"} [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] 0 1"#;
    let request = r#"method="GET",protocol="HTTP/1.1",status="200",reporter="client"} 1"#;
    assert_eq!(
        counted(&[item], &flows),
        [
            format!("hubble_http_request_duration_seconds{{{labels},{duration}"),
            format!("hubble_http_requests_total{{{labels},{request}"),
        ]
    );
}

#[test]
fn http_v2_resolves_both_sides_and_exchanges_the_results() {
    let labels_of = |item: &str| {
        let lines = counted(&[item], &[seen_at_client(L7Type::Response, 0)]);
        lines[1]
            .split_once('{')
            .unwrap()
            .1
            .split_once(",method")
            .unwrap()
            .0
            .to_owned()
    };
    let cases = [
        (
            "httpV2:sourceContext=pod;destinationContext=pod",
            r#"source="web/client",destination="shop/server""#,
        ),
        (
            "httpV2:sourceContext=pod;destinationContext=workload-name",
            r#"source="client-w",destination="shop/server""#,
        ),
        ("httpV2:sourceContext=pod", r#"source="""#),
        (
            "httpV2:sourceEgressContext=pod;destinationIngressContext=pod",
            r#"source="",destination="shop/server""#,
        ),
    ];
    for (item, expected) in cases {
        assert_eq!(labels_of(item), expected, "{item}");
    }
}

#[test]
fn the_upper_bounds_of_buckets_are_inclusive() {
    let at = [
        0,
        5_000_000,
        5_000_001,
        1_000_000_000,
        10_000_000_000,
        10_000_000_001,
    ];
    let flows = at.map(|nanos| seen_at_client(L7Type::Response, nanos));
    let duration = counted(&["httpV2"], &flows).remove(0);
    assert!(
        duration.ends_with("[2, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1] 21.010000001999998 6"),
        "{duration}"
    );
}
