//! Context options: which names of the endpoints become labels.

use tidegate_model::flow::{Direction, Endpoint, EndpointNames, Flow, Socket};

use crate::support::{counted, dropped, endpoint, ip, labelled, pod};

/// The labels that the options add to a dropped flow.
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
fn an_address_is_written_like_in_its_flow() {
    let flow = Flow {
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
        labels(options, &flow),
        r#"source="10.0.0.1",destination="10.0.0.2""#
    );
    assert_eq!(
        labels(
            options,
            &Flow {
                socket: socket(false),
                ..flow.clone()
            }
        ),
        labels(options, &flow)
    );
    let mapped = Flow {
        socket: socket(true),
        ..flow
    };
    assert_eq!(
        labels(options, &mapped),
        r#"source="::ffff:10.0.0.1",destination="::ffff:10.0.0.2""#
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn each_identifier_shows_a_property_of_the_endpoint() {
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
fn the_first_identifier_with_a_value_is_used() {
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
fn the_identifiers_depend_on_the_direction() {
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

/// A flow whose endpoints have a value for most labels.
fn labelled_flow() -> Flow {
    let source = endpoint(EndpointNames {
        namespace: "ns".to_owned(),
        pod_name: "p".to_owned(),
        workloads: vec![("Deployment".to_owned(), "p-w".to_owned())],
        labels: ["k8s:app=a".to_owned()].into(),
        ..EndpointNames::default()
    });
    Flow {
        destination: pod("", "q"),
        ip: Some(ip("fd00::1", "::ffff:1.2.3.4")),
        ..from(source)
    }
}

#[test]
fn the_labels_of_labels_context_have_a_fixed_order() {
    let reversed = [
        "traffic_direction",
        "destination_app",
        "destination_workload_kind",
        "destination_workload",
        "destination_namespace",
        "destination_pod",
        "destination_ip",
        "source_app",
        "source_workload_kind",
        "source_workload",
        "source_namespace",
        "source_pod",
        "source_ip",
    ];
    let in_order = [
        r#"source_ip="fd00::1""#,
        r#"source_pod="p""#,
        r#"source_namespace="ns""#,
        r#"source_workload="p-w""#,
        r#"source_workload_kind="Deployment""#,
        r#"source_app="a""#,
        r#"destination_ip="1.2.3.4""#,
        r#"destination_pod="q""#,
        r#"destination_namespace="""#,
        r#"destination_workload="q-w""#,
        r#"destination_workload_kind="Deployment""#,
        r#"destination_app="""#,
        r#"traffic_direction="egress""#,
    ]
    .join(",");
    for separator in [",", "|"] {
        let options = format!("labelsContext={}", reversed.join(separator));
        assert_eq!(labels(&options, &labelled_flow()), in_order, "{separator}");
    }
}

#[test]
fn labels_context_can_select_labels_and_be_combined_with_other_options() {
    for (options, expected) in [
        (
            "labelsContext=destination_pod,source_pod",
            r#"source_pod="p",destination_pod="q""#,
        ),
        (
            "destinationContext=pod;sourceContext=ip;labelsContext=traffic_direction",
            r#"traffic_direction="egress",source="fd00::1",destination="q""#,
        ),
    ] {
        assert_eq!(labels(options, &labelled_flow()), expected, "{options}");
    }
}

#[test]
fn labels_context_shows_the_direction() {
    for (direction, expected) in [
        (Direction::Unknown, r#"traffic_direction="unknown""#),
        (Direction::Ingress, r#"traffic_direction="ingress""#),
        (Direction::Egress, r#"traffic_direction="egress""#),
    ] {
        let flow = Flow {
            direction,
            ..labelled_flow()
        };
        assert_eq!(labels("labelsContext=traffic_direction", &flow), expected);
    }
}

#[test]
fn context_labels_are_last_where_they_are_last_in_hubble() {
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
fn endpoints_with_equal_names_share_a_series() {
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
