//! Context options: whose names become labels.

use tidegate_model::flow::{Direction, Endpoint, EndpointNames, Flow, Socket};

use crate::support::{counted, dropped, endpoint, ip, labelled, pod};

/// The labels that the options add to a dropped flow between the endpoints.
fn labels(options: &str, flow: &Flow) -> String {
    let lines = counted(&[&format!("drop:{options}")], std::slice::from_ref(flow));
    let inner = lines[0]
        .split_once('{')
        .unwrap()
        .1
        .split_once("reason=")
        .unwrap()
        .0;
    inner.trim_end_matches(',').to_owned()
}

fn from(source: Endpoint) -> Flow {
    Flow {
        source,
        direction: Direction::Egress,
        ..dropped(133)
    }
}

fn dns_names(names: &[&str]) -> Endpoint {
    let dns_names = names.iter().map(|name| (*name).to_owned()).collect();
    endpoint(EndpointNames {
        dns_names,
        ..EndpointNames::default()
    })
}

fn identity(identity: u32) -> Endpoint {
    Endpoint {
        identity,
        ..Endpoint::default()
    }
}

#[test]
fn an_address_is_named_in_the_form_in_which_its_flow_writes_it() {
    let known = Flow {
        ip: Some(ip("10.0.0.1", "10.0.0.2")),
        ..from(identity(0))
    };
    let socket = |keeps_mapped| {
        Some(Box::new(Socket {
            keeps_mapped,
            ..Socket::default()
        }))
    };
    let options = "sourceContext=ip;destinationContext=ip";
    assert_eq!(
        labels(options, &known),
        r#"source="10.0.0.1",destination="10.0.0.2""#
    );
    assert_eq!(
        labels(
            options,
            &Flow {
                socket: socket(false),
                ..known.clone()
            }
        ),
        labels(options, &known)
    );
    let mapped = Flow {
        socket: socket(true),
        ..known
    };
    assert_eq!(
        labels(options, &mapped),
        r#"source="::ffff:10.0.0.1",destination="::ffff:10.0.0.2""#
    );
}

#[test]
fn each_identifier_names_an_endpoint_its_way() {
    let app = |labels: &[&str]| labelled(labels);
    let bare = |name: &str| {
        endpoint(EndpointNames {
            workloads: vec![("Job".to_owned(), name.to_owned())],
            ..EndpointNames::default()
        })
    };
    let cases = [
        (
            "identity",
            labelled(&["k8s:a=b", "reserved:host"]),
            "k8s:a=b,reserved:host",
        ),
        ("identity", identity(2), "reserved:world"),
        (
            "identity",
            identity(7),
            "reserved:kube-apiserver,reserved:remote-node",
        ),
        ("identity", identity(70_000), ""),
        ("namespace", pod("ns", "p"), "ns"),
        ("pod", pod("ns", "p"), "ns/p"),
        ("pod", pod("", "p"), "p"),
        ("pod", pod("ns", ""), "ns/"),
        ("POD", pod("ns", "p"), "ns/p"),
        ("pod-name", pod("ns", "p"), "p"),
        ("dns", dns_names(&["a.b", "c.d"]), "a.b,c.d"),
        ("ip", identity(0), "10.0.0.1"),
        (
            "reserved-identity",
            labelled(&["k8s:x=y", "reserved:host", "reserved:world"]),
            "reserved:host",
        ),
        (
            "reserved-identity",
            labelled(&["reserved:host", "reserved:kube-apiserver"]),
            "reserved:kube-apiserver",
        ),
        ("reserved-identity", labelled(&["k8s:x=y"]), ""),
        ("reserved-identity", identity(7), "reserved:kube-apiserver"),
        ("reserved-identity", identity(0), "reserved:unknown"),
        (
            "reserved-identity",
            identity(33_554_433),
            "reserved:remote-node",
        ),
        ("reserved-identity", identity(16_777_217), ""),
        (
            "reserved-identity",
            labelled(&["cidr:1.1.1.1/32", "reserved:world-ipv4"]),
            "reserved:world-ipv4",
        ),
        ("reserved-identity", identity(4_242), ""),
        ("workload", pod("ns", "p"), "ns/p-w"),
        ("workload", bare("j"), "j"),
        ("workload", labelled(&[]), ""),
        ("workload-name", pod("ns", "p"), "p-w"),
        (
            "app",
            app(&["k8s:app.kubernetes.io/name=n", "k8s:app=a", "k8s:k8s-app=k"]),
            "n",
        ),
        (
            "app",
            app(&["k8s:app.kubernetes.io/name=", "k8s:app=a"]),
            "a",
        ),
        ("app", app(&["k8s:application=x", "k8s:k8s-app=k"]), "k"),
        ("app", app(&["app=x"]), ""),
    ];
    for (identifier, endpoint, expected) in cases {
        let flow = from(endpoint);
        assert_eq!(
            labels(&format!("sourceContext={identifier}"), &flow),
            format!("source={expected:?}"),
            "{flow:?}"
        );
    }
}

#[test]
fn the_first_identifier_that_says_something_is_the_value() {
    let cases = [
        ("dns|ip", identity(0), "10.0.0.1"),
        ("dns|ip", dns_names(&["a.b"]), "a.b"),
        ("pod|ip", pod("ns", ""), "ns/"),
        (
            "workload-name|reserved-identity",
            identity(2),
            "reserved:world",
        ),
        ("workload-name,reserved-identity", pod("ns", "p"), "p-w"),
        ("workload-name|pod", identity(70_000), ""),
    ];
    for (list, endpoint, expected) in cases {
        assert_eq!(
            labels(&format!("sourceContext={list}"), &from(endpoint)),
            format!("source={expected:?}"),
            "{list}"
        );
    }
    let no_header = Flow {
        ip: None,
        ..from(identity(70_000))
    };
    assert_eq!(
        labels("destinationContext=ip", &no_header),
        r#"destination="""#
    );
}

#[test]
fn the_direction_chooses_the_list() {
    let flow = |direction| Flow {
        direction,
        destination: pod("d", "q"),
        ..from(pod("s", "p"))
    };
    let retina = "sourceEgressContext=pod;destinationIngressContext=pod";
    let with_default =
        "sourceContext=namespace;sourceIngressContext=pod;sourceEgressContext=pod-name";
    let cases = [
        (retina, Direction::Egress, r#"source="s/p",destination="""#),
        (retina, Direction::Ingress, r#"source="",destination="d/q""#),
        (retina, Direction::Unknown, r#"source="",destination="""#),
        (with_default, Direction::Egress, r#"source="p""#),
        (with_default, Direction::Ingress, r#"source="s/p""#),
        (with_default, Direction::Unknown, r#"source="s""#),
        (
            "sourceContext=pod;sourceEgressContext=",
            Direction::Egress,
            r#"source="s/p""#,
        ),
        (
            "sourceContext=;query;destinationContext=pod",
            Direction::Egress,
            r#"destination="d/q""#,
        ),
        (
            "sourceContext=pod;sourceContext=namespace",
            Direction::Egress,
            r#"source="s""#,
        ),
    ];
    for (options, direction, expected) in cases {
        assert_eq!(
            labels(options, &flow(direction)),
            expected,
            "{options} {direction:?}"
        );
    }
}

#[test]
fn labels_context_has_one_order_and_two_separators() {
    let mut source = pod("ns", "p");
    source.names = source.names.map(|names| {
        EndpointNames {
            labels: ["k8s:app=a".to_owned()].into(),
            ..(*names).clone()
        }
        .into()
    });
    let flow = Flow {
        destination: pod("", "q"),
        ip: Some(ip("fd00::1", "::ffff:1.2.3.4")),
        ..from(source)
    };
    let all = "traffic_direction,destination_app,destination_workload_kind,destination_workload,destination_namespace,\
        destination_pod,destination_ip,source_app,source_workload_kind,source_workload,source_namespace,source_pod,\
        source_ip";
    let in_order = r#"source_ip="fd00::1",source_pod="p",source_namespace="ns",source_workload="p-w",source_workload_kind="Deployment",source_app="a",destination_ip="1.2.3.4",destination_pod="q",destination_namespace="",destination_workload="q-w",destination_workload_kind="Deployment",destination_app="",traffic_direction="egress""#;
    let cases = [
        (format!("labelsContext={all}"), in_order.to_owned()),
        (
            format!("labelsContext={}", all.replace(',', "|")),
            in_order.to_owned(),
        ),
        (
            "labelsContext=destination_pod,source_pod".to_owned(),
            r#"source_pod="p",destination_pod="q""#.to_owned(),
        ),
        (
            "destinationContext=pod;sourceContext=ip;labelsContext=traffic_direction".to_owned(),
            r#"traffic_direction="egress",source="fd00::1",destination="q""#.to_owned(),
        ),
    ];
    for (options, expected) in cases {
        assert_eq!(labels(&options, &flow), expected, "{options}");
    }
    let directions = [Direction::Unknown, Direction::Ingress, Direction::Egress];
    let shown = directions.map(|direction| {
        labels(
            "labelsContext=traffic_direction",
            &Flow {
                direction,
                ..flow.clone()
            },
        )
    });
    assert_eq!(
        shown,
        ["unknown", "ingress", "egress"].map(|text| format!("traffic_direction={text:?}"))
    );
}

#[test]
fn context_labels_come_last_where_hubble_has_them_last() {
    let flow = from(pod("ns", "p"));
    assert_eq!(
        counted(
            &["tcp:sourceContext=pod", "flow:sourceContext=pod"],
            &[Flow {
                verdict: tidegate_model::flow::Verdict::Forwarded,
                ..flow
            }]
        ),
        [
            r#"hubble_flows_processed_total{protocol="TCP",type="Drop",subtype="",verdict="FORWARDED",source="ns/p"} 1"#,
            r#"hubble_tcp_flags_total{flag="SYN",family="IPv4",source="ns/p"} 1"#,
        ]
    );
}

#[test]
fn endpoints_with_equal_names_are_one_series() {
    let flows = [
        from(pod("ns", "p")),
        from(pod("ns", "p")),
        from(pod("ns", "q")),
        from(pod("ns", "p")),
    ];
    let line = |pod: &str, n| {
        format!(r#"hubble_drop_total{{source="{pod}",reason="POLICY_DENIED",protocol="TCP"}} {n}"#)
    };
    assert_eq!(
        counted(&["drop:sourceContext=pod"], &flows),
        [line("ns/p", 3), line("ns/q", 1)]
    );
}
