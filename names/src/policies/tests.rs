//! How much the policies of endpoints take.

use std::time::Duration;

use tidegate_model::Timestamp;
use tidegate_model::flow::{Direction, Endpoint, Flow, L4, PolicyMatch, Verdict, message_type};
use tidegate_model::names::{EndpointPolicy, FilterRules, PolicyFilter};

use super::{Applied, MAX_BYTES, Policies, PolicyVerdict};

/// An endpoint's policy with this many filters, each from a policy of its own.
fn policy(filters: u16) -> EndpointPolicy {
    let rules = |port: u16| FilterRules {
        labels: Some(vec![vec![
            "k8s:io.cilium.k8s.policy.derived-from=CiliumNetworkPolicy".to_owned(),
            format!("k8s:io.cilium.k8s.policy.name=policy-{port:05}"),
            "k8s:io.cilium.k8s.policy.namespace=shop".to_owned(),
            "k8s:io.cilium.k8s.policy.uid=01234567-89ab-cdef-0123-456789abcdef".to_owned(),
        ]]),
        ..FilterRules::default()
    };
    let filter = |port| PolicyFilter {
        port,
        protocol: 6,
        rules: vec![rules(port)],
        ..PolicyFilter::default()
    };
    EndpointPolicy {
        revision: 7,
        ingress: Some((1..=filters).map(filter).collect()),
        egress: Some(Vec::new()),
    }
}

/// What is known of a verdict on a packet to the port 1 of an endpoint.
fn applied(policies: &Policies, endpoint: u32) -> Applied {
    let flow = Flow {
        message_type: message_type::POLICY_VERDICT,
        verdict: Verdict::Forwarded,
        direction: Direction::Ingress,
        policy_match: PolicyMatch(2),
        destination: Endpoint {
            id: endpoint,
            ..Endpoint::default()
        },
        l4: L4::Tcp {
            source_port: 2,
            destination_port: 1,
            flags: None,
        },
        ..Flow::default()
    };
    policies.applied(PolicyVerdict::of(&flow).expect("a verdict"))
}

#[test]
fn policies_take_no_more_than_their_bound_and_those_beyond_are_unknown() {
    let mut policies = Policies::default();
    for endpoint in 1..=200 {
        policies.list(endpoint, Some(&policy(100)), Timestamp(1));
        assert!(
            policies.bytes <= MAX_BYTES + (64 << 10),
            "{}",
            policies.bytes
        );
    }
    assert!(matches!(applied(&policies, 1), Applied::Policies(_)));
    assert!(matches!(applied(&policies, 200), Applied::Unknown));
    assert!(matches!(applied(&policies, 201), Applied::Outdated { .. }));
    for endpoint in 1..=199 {
        policies.remove(endpoint);
    }
    policies.list(200, Some(&policy(100)), Timestamp(2));
    assert!(matches!(applied(&policies, 200), Applied::Policies(_)));
    policies.remove(200);
    assert_eq!(policies.bytes, 0);
}

#[test]
fn twenty_policies_of_250_endpoints_take_less_than_documented() {
    let mut policies = Policies::default();
    for endpoint in 1..=250 {
        policies.list(endpoint, Some(&policy(20)), Timestamp(1));
    }
    assert!(policies.bytes < 5 << 20, "{}", policies.bytes);
}

#[test]
fn a_list_counts_after_the_clock_was_set_back() {
    let hour = Duration::from_secs(3600);
    let mut policies = Policies::default();
    let before = Timestamp(0) + hour;
    policies.list(1, Some(&policy(1)), before);
    policies.regenerated(1, before + Duration::from_secs(1));
    assert!(matches!(applied(&policies, 1), Applied::Outdated { .. }));
    policies.set_back(hour);
    policies.list(1, Some(&policy(1)), Timestamp(0) + Duration::from_secs(2));
    assert!(matches!(applied(&policies, 1), Applied::Policies(_)));
}
