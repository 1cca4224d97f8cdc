//! Which policies a policy verdict is derived from.

use tidegate_model::Timestamp;
use tidegate_model::flow::{Direction, Endpoint, Flow, Ip, L4, PolicyMatch, Verdict, message_type};
use tidegate_model::names::{
    EndpointName, EndpointPolicy, FilterRules, NamesContent, NamesList, PolicyFilter, RuleLog,
};
use tidegate_model::record::{AgentEventType as Type, Notification, PolicyUpdate};
use tidegate_runtime::requests::{Request, RequestKind, RequestReader, Requests};
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;

use crate::support::{CART, Enrich, NODE, address};

const TCP: u8 = 6;

/// The kinds of matches, by their numbers.
const L3_ONLY: u8 = 1;
const L3_L4: u8 = 2;
const L4_ONLY: u8 = 3;
const ALL: u8 = 4;
const L3_PROTOCOL: u8 = 5;
const PROTOCOL: u8 = 6;

fn second(second: u64) -> Timestamp {
    Timestamp(second * 1_000_000_000)
}

fn labels(name: &str) -> Vec<String> {
    vec![
        "k8s:io.cilium.k8s.policy.derived-from=CiliumNetworkPolicy".to_owned(),
        format!("k8s:io.cilium.k8s.policy.name={name}"),
        "k8s:io.cilium.k8s.policy.namespace=shop".to_owned(),
    ]
}

/// A filter whose rules are those of certain peers, and allow.
fn filter(port: u16, protocol: u8, policies: &[&str]) -> PolicyFilter {
    PolicyFilter {
        port,
        protocol,
        rules: vec![FilterRules {
            labels: Some(policies.iter().map(|name| labels(name)).collect()),
            ..FilterRules::default()
        }],
        ..PolicyFilter::default()
    }
}

fn for_all(mut filter: PolicyFilter) -> PolicyFilter {
    filter.rules[0].is_for_all = true;
    filter
}

fn denying(mut filter: PolicyFilter) -> PolicyFilter {
    filter.rules[0].is_deny = true;
    filter
}

fn unclear(mut filter: PolicyFilter) -> PolicyFilter {
    filter.rules[0].labels = None;
    filter
}

/// A list with the endpoint 312, which has realized this revision.
fn listed(revision: u64, ingress: Vec<PolicyFilter>) -> NamesContent {
    NamesContent::Endpoints(vec![EndpointName {
        id: 312,
        identity: 4242,
        labels: CART.map(str::to_owned).to_vec(),
        namespace: "shop".to_owned(),
        pod_name: "cart-0".to_owned(),
        addresses: vec![address("10.0.1.5")],
        interface_name: "lxc1".to_owned(),
        interface_index: 17,
        policy: Some(Box::new(EndpointPolicy {
            revision,
            ingress: Some(ingress),
            egress: Some(Vec::new()),
        })),
        ..EndpointName::default()
    }])
}

/// A verdict on a packet of TCP to the port 80 of the endpoint 312.
fn verdict(verdict: Verdict, policy_match: u8) -> Flow {
    Flow {
        message_type: message_type::POLICY_VERDICT,
        verdict,
        policy_match: PolicyMatch(policy_match),
        direction: Direction::Ingress,
        ip: Some(Ip {
            source: address("10.0.9.9"),
            destination: address("10.0.1.5"),
            ..Ip::default()
        }),
        l4: L4::Tcp {
            source_port: 40_000,
            destination_port: 80,
            flags: None,
        },
        source: Endpoint {
            identity: 4300,
            ..Endpoint::default()
        },
        ..Flow::default()
    }
}

/// What a flow shows: the field, names and revisions of policies, and the log.
fn shown(flow: &Flow) -> String {
    let Some((effect, applied)) = flow.policies() else {
        return String::new();
    };
    let policies = applied.policies.iter();
    let policies: Vec<_> = policies
        .map(|policy| format!("{}@{}", policy.name, policy.revision))
        .collect();
    format!(
        "{} {} {:?}",
        effect.field(),
        policies.join(","),
        applied.log
    )
}

/// An endpoint with these filters, and what it shows of a verdict.
fn decided(filters: Vec<PolicyFilter>, flow: Flow) -> String {
    let mut enrich = Enrich::with_cart();
    enrich.time = second(1);
    enrich.absorb(listed(7, filters));
    shown(&enrich.pass(flow))
}

/// A filter of each kind of match, and some that never count.
fn all_kinds() -> Vec<PolicyFilter> {
    vec![
        filter(0, 0, &["l3-only"]),
        filter(80, TCP, &["l3-l4"]),
        for_all(filter(80, TCP, &["l4-only"])),
        for_all(filter(0, 0, &["all"])),
        filter(0, TCP, &["l3-protocol"]),
        for_all(filter(0, TCP, &["protocol"])),
        filter(81, TCP, &["another-port"]),
        filter(80, 17, &["another-protocol"]),
        denying(filter(80, TCP, &["deny"])),
    ]
}

#[test]
fn the_kind_of_the_match_decides_which_filters_count() {
    let cases = [
        (
            Verdict::Forwarded,
            L3_ONLY,
            "ingress_allowed_by l3-only@7 []",
        ),
        (Verdict::Forwarded, L3_L4, "ingress_allowed_by l3-l4@7 []"),
        (
            Verdict::Redirected,
            L4_ONLY,
            "ingress_allowed_by l4-only@7 []",
        ),
        (Verdict::Forwarded, ALL, "ingress_allowed_by all@7 []"),
        (
            Verdict::Forwarded,
            L3_PROTOCOL,
            "ingress_allowed_by l3-protocol@7 []",
        ),
        (
            Verdict::Forwarded,
            PROTOCOL,
            "ingress_allowed_by protocol@7 []",
        ),
        (Verdict::Dropped, L3_L4, "ingress_denied_by deny@7 []"),
        (Verdict::Audit, L3_L4, "ingress_denied_by deny@7 []"),
        (Verdict::Dropped, 0, ""),
        (Verdict::Dropped, L4_ONLY, ""),
        (Verdict::Error, L3_L4, ""),
    ];
    for (of, policy_match, expected) in cases {
        let flow = verdict(of, policy_match);
        assert_eq!(
            decided(all_kinds(), flow),
            expected,
            "{of:?} {policy_match}"
        );
    }
}

#[test]
fn only_verdicts_show_policies() {
    let trace = Flow {
        message_type: message_type::TRACE,
        ..verdict(Verdict::Forwarded, L3_L4)
    };
    assert_eq!(decided(all_kinds(), trace), "");
}

#[test]
fn several_filters_count_if_their_rules_are_the_same_and_nothing_is_guessed_otherwise() {
    let range = PolicyFilter {
        end_port: 90,
        ..filter(70, TCP, &["web"])
    };
    let named = PolicyFilter {
        is_named: true,
        ..filter(0, TCP, &["web"])
    };
    let one = "ingress_allowed_by web@7 []";
    let cases = [
        (vec![filter(80, TCP, &["web"])], one),
        (vec![range.clone()], one),
        (vec![named.clone()], one),
        (vec![range.clone(), named, filter(80, TCP, &["web"])], one),
        (vec![range, filter(80, TCP, &["cart"])], ""),
        (
            vec![filter(80, TCP, &["cart", "web"])],
            "ingress_allowed_by cart@7,web@7 []",
        ),
        (vec![unclear(filter(80, TCP, &[]))], ""),
        (
            vec![filter(80, TCP, &["web"]), unclear(filter(80, TCP, &[]))],
            "",
        ),
        (vec![], ""),
    ];
    for (filters, expected) in cases {
        let context = format!("{filters:?}");
        let shown = decided(filters, verdict(Verdict::Forwarded, L3_L4));
        assert_eq!(shown, expected, "{context}");
    }
}

#[test]
fn logs_of_rules_are_shown_as_hubble_does_once_they_are_listed() {
    let log = |name: &str, log: &str| RuleLog {
        labels: labels(name),
        log: log.to_owned(),
    };
    let mut enrich = Enrich::with_cart();
    enrich.time = second(1);
    enrich.absorb(listed(7, vec![filter(80, TCP, &["a", "b", "c"])]));
    let logs = |enrich: &mut Enrich, at, rules: Vec<RuleLog>| {
        enrich.time = second(at);
        enrich.absorb(NamesContent::RuleLogs(rules));
        enrich.absorb(NamesContent::Complete(NamesList::RuleLogs));
        let flow = enrich.pass(verdict(Verdict::Forwarded, L3_L4));
        flow.policies().unwrap().1.log.clone()
    };
    let none = [log("a", ""), log("b", ""), log("c", ""), log("c", "")];
    assert_eq!(logs(&mut enrich, 2, none.to_vec()), [""]);
    let some = [log("a", "x"), log("b", ""), log("c", "u")];
    assert_eq!(logs(&mut enrich, 3, some.to_vec()), ["u", "x"]);
    let different = [log("a", "x"), log("b", ""), log("c", "u"), log("c", "v")];
    assert_eq!(logs(&mut enrich, 4, different.to_vec()), [""; 0]);
    let missing = [log("a", "x"), log("b", "")];
    assert_eq!(logs(&mut enrich, 5, missing.to_vec()), [""; 0]);
}

/// A processor, and the end of a receiver that reads its requests.
fn connected() -> (Enrich, Requests, RequestReader) {
    let takes = &[RequestKind::EndpointWanted, RequestKind::RuleLogsWanted];
    let receiver = Requests::new(&StageId::receiver("api"), &[], takes, &Telemetry::default());
    let reader = receiver.reader();
    let requests = Requests::default();
    requests.connect([&receiver]);
    let mut enrich = Enrich::with_requests("{}", requests);
    enrich.created(312, "shop/cart-0");
    enrich.upserted("10.0.1.5/32", 4242, "shop/cart-0", NODE);
    (enrich, receiver, reader)
}

fn updated(enrich: &mut Enrich, revision: u64) {
    let update = PolicyUpdate {
        revision,
        ..PolicyUpdate::default()
    };
    enrich.announce(Type::PolicyUpdated, Notification::PolicyUpdate(update));
}

/// What a verdict shows, and what is asked for.
fn decided_at(enrich: &mut Enrich, reader: &mut RequestReader, at: u64) -> (String, Vec<Request>) {
    enrich.time = second(at);
    let shown = shown(&enrich.pass(verdict(Verdict::Forwarded, L3_L4)));
    (shown, std::iter::from_fn(|| reader.try_recv()).collect())
}

#[test]
fn a_list_that_is_older_than_the_endpoints_policy_shows_nothing_and_is_asked_for() {
    let (mut enrich, _receiver, mut reader) = connected();
    while reader.try_recv().is_some() {}
    let wanted = || vec![Request::EndpointWanted(312)];
    let web = || vec![filter(80, TCP, &["web"])];
    assert_eq!(
        decided_at(&mut enrich, &mut reader, 1),
        (String::new(), wanted())
    );
    enrich.absorb(listed(7, web()));
    let allowed = |revision| format!("ingress_allowed_by web@{revision} []");
    assert_eq!(
        decided_at(&mut enrich, &mut reader, 2),
        (allowed(7), vec![])
    );
    // The agent has another policy, which the endpoint realizes some time later.
    enrich.time = second(10);
    updated(&mut enrich, 8);
    for (at, asks) in [
        (10, true),
        (10, false),
        (11, true),
        (12, false),
        (13, true),
        (16, false),
    ] {
        let expected = (String::new(), if asks { wanted() } else { Vec::new() });
        assert_eq!(decided_at(&mut enrich, &mut reader, at), expected, "{at}");
        enrich.absorb(listed(7, web()));
    }
    enrich.absorb(listed(8, web()));
    assert_eq!(
        decided_at(&mut enrich, &mut reader, 17),
        (allowed(8), vec![])
    );
}

#[test]
fn a_list_that_was_requested_before_the_endpoint_was_regenerated_shows_nothing() {
    let (mut enrich, _receiver, mut reader) = connected();
    let web = || vec![filter(80, TCP, &["web"])];
    enrich.time = second(16);
    enrich.absorb(listed(8, web()));
    let (shown, _) = decided_at(&mut enrich, &mut reader, 17);
    assert_eq!(shown, "ingress_allowed_by web@8 []");
    enrich.time = second(20);
    enrich.regenerated(312, &CART);
    enrich.absorb(listed(8, web()));
    let (shown, asked) = decided_at(&mut enrich, &mut reader, 21);
    assert_eq!(shown, "");
    assert!(asked.contains(&Request::EndpointWanted(312)));
    enrich.absorb(listed(8, vec![filter(80, TCP, &["cart"])]));
    let (shown, _) = decided_at(&mut enrich, &mut reader, 22);
    assert_eq!(shown, "ingress_allowed_by cart@8 []");
}

#[test]
fn an_endpoint_without_a_policy_is_asked_for_once_it_is_regenerated() {
    let (mut enrich, _receiver, mut reader) = connected();
    enrich.time = second(1);
    let NamesContent::Endpoints(mut endpoints) = listed(7, Vec::new()) else {
        panic!("no endpoints");
    };
    endpoints[0].policy = None;
    enrich.absorb(NamesContent::Endpoints(endpoints));
    // The announced endpoint is asked for, whatever its verdicts.
    decided_at(&mut enrich, &mut reader, 2);
    for at in [30, 60] {
        let (shown, asked) = decided_at(&mut enrich, &mut reader, at);
        assert!(shown.is_empty());
        assert!(!asked.contains(&Request::EndpointWanted(312)), "{asked:?}");
    }
    enrich.regenerated(312, &CART);
    let (_, asked) = decided_at(&mut enrich, &mut reader, 61);
    assert!(asked.contains(&Request::EndpointWanted(312)));
}

#[test]
fn the_policies_of_an_agent_that_has_restarted_are_not_used() {
    let (mut enrich, _receiver, mut reader) = connected();
    enrich.time = second(1);
    enrich.absorb(listed(7, vec![filter(80, TCP, &["web"])]));
    enrich.time = second(5);
    enrich.regenerated(7, &CART);
    enrich.stream += 1;
    enrich.time = second(6);
    updated(&mut enrich, 2);
    assert_eq!(decided_at(&mut enrich, &mut reader, 6).0, "");
    enrich.absorb(listed(2, vec![filter(80, TCP, &["web"])]));
    let (shown, _) = decided_at(&mut enrich, &mut reader, 7);
    assert_eq!(shown, "ingress_allowed_by web@2 []");
}

#[test]
fn logs_that_are_older_than_the_policy_are_asked_for() {
    let (mut enrich, _receiver, mut reader) = connected();
    enrich.time = second(1);
    enrich.absorb(NamesContent::RuleLogs(vec![RuleLog {
        labels: labels("web"),
        log: String::new(),
    }]));
    enrich.absorb(NamesContent::Complete(NamesList::RuleLogs));
    enrich.absorb(listed(7, vec![filter(80, TCP, &["web"])]));
    let (shown, _) = decided_at(&mut enrich, &mut reader, 2);
    assert_eq!(shown, "ingress_allowed_by web@7 [\"\"]");
    enrich.time = second(3);
    updated(&mut enrich, 8);
    enrich.time = second(4);
    enrich.absorb(listed(8, vec![filter(80, TCP, &["web"])]));
    let expected = "ingress_allowed_by web@8 []".to_owned();
    let wanted = vec![Request::RuleLogsWanted];
    assert_eq!(decided_at(&mut enrich, &mut reader, 4), (expected, wanted));
}
