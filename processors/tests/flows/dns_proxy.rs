//! DNS through Cilium's proxy: the messages in its packets are those of its records.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::events::{CLIENT, SERVER, access_log, dns, logged, trace_between, udp};
use crate::support::{NOON, TestChain, flows};
use tidegate_model::flow::{FlowType, L7Record, MessageSource};
use tidegate_wire::access_log::Dns;
use tidegate_wire::event::observation_point::{FROM_ENDPOINT, TO_ENDPOINT, TO_OVERLAY};

/// An address of the node, a replica of the client, and identities.
const NODE: Ipv4Addr = Ipv4Addr::new(192, 168, 99, 1);
const REPLICA: Ipv4Addr = Ipv4Addr::new(10, 0, 7, 5);
const CLIENTS: u32 = 490_000;
const SERVERS: u32 = 22_222;
const HOST: u32 = 1;

const CLIENT_PORT: u16 = 4000;
const PROXY_PORT: u16 = 50_123;

fn record(kind: &str, verdict: &str) -> Vec<u8> {
    let dns = Dns {
        query: "Example.com.".into(),
        qtypes: vec![1],
        ..Dns::default()
    };
    let mut record = logged(kind, 17, CLIENT_PORT, 53);
    record.verdict = verdict.into();
    let client = if kind == "Response" {
        &mut record.destination
    } else {
        &mut record.source
    };
    client.identity = CLIENTS.into();
    record.dns = Some(dns);
    access_log(&record)
}

fn query(from: (Ipv4Addr, u16), identity: u32, id: u16) -> Vec<u8> {
    trace_between(
        TO_OVERLAY,
        (identity, SERVERS),
        &udp(from, (SERVER, 53), &dns(id, "example.com.", false)),
    )
}

fn answer(to: (Ipv4Addr, u16), identity: u32, id: u16) -> Vec<u8> {
    let point = if identity == HOST {
        FROM_ENDPOINT
    } else {
        TO_ENDPOINT
    };
    trace_between(
        point,
        (SERVERS, identity),
        &udp((SERVER, 53), to, &dns(id, "example.com.", true)),
    )
}

/// Describes the messages that become flows of their packets, by addresses and ports.
fn captured(data: &[Vec<u8>]) -> Vec<String> {
    let mut chain = TestChain::of(&[
        ("cilium_decode", "{}"),
        ("l34_flow", "{}"),
        ("dns_flow", "{}"),
    ]);
    let batch = chain.run(data);
    let l7 = flows(&batch)
        .into_iter()
        .chain(chain.finish(NOON))
        .filter(|flow| flow.flow_type == FlowType::L7);
    l7.filter_map(|flow| {
        let l7 = flow.l7.as_deref().expect("an L7 flow");
        let (from, to) = flow.l4.ports().expect("ports");
        let L7Record::Dns(_) = l7.record else {
            panic!("no DNS")
        };
        let ip = flow.ip.expect("addresses");
        (l7.source == MessageSource::Wire)
            .then(|| format!("{}:{from} > {}:{to}", ip.source, ip.destination))
    })
    .collect()
}

fn recorded() -> [Vec<u8>; 2] {
    [
        record("Request", "Forwarded"),
        record("Response", "Forwarded"),
    ]
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn packets_that_a_proxy_sends_from_a_node_address_make_no_flows() {
    let upstream = [
        query((NODE, PROXY_PORT), CLIENTS, 99),
        answer((NODE, PROXY_PORT), HOST, 99),
    ];
    let own = trace_between(
        FROM_ENDPOINT,
        (CLIENTS, SERVERS),
        &udp(
            (CLIENT, CLIENT_PORT),
            (SERVER, 53),
            &dns(7, "example.com.", false),
        ),
    );
    let own = [own, answer((CLIENT, CLIENT_PORT), CLIENTS, 7)];
    for (case, data) in [
        (
            "records first",
            [recorded(), upstream.clone(), own.clone()].concat(),
        ),
        (
            "records last",
            [own.clone(), upstream.clone(), recorded()].concat(),
        ),
        (
            "in between",
            vec![
                own[0].clone(),
                recorded()[0].clone(),
                upstream[0].clone(),
                upstream[1].clone(),
                recorded()[1].clone(),
                own[1].clone(),
            ],
        ),
        (
            "the request is not reported",
            [&recorded()[..], &upstream[1..]].concat(),
        ),
        (
            "the response is not reported",
            [&recorded()[..], &upstream[..1]].concat(),
        ),
    ] {
        assert_eq!(captured(&data), Vec::<String>::new(), "{case}");
    }
}

#[test]
fn the_same_query_from_another_client_becomes_a_flow() {
    let from_the_node = query((NODE, 40_000), HOST, 1);
    assert_eq!(
        captured(&[&recorded()[..], &[from_the_node]].concat()),
        ["192.168.99.1:40000 > 10.0.2.9:53"]
    );
    let another_name = udp(
        (NODE, PROXY_PORT),
        (SERVER, 53),
        &dns(99, "example.org.", false),
    );
    let another_name = trace_between(TO_OVERLAY, (CLIENTS, SERVERS), &another_name);
    assert_eq!(
        captured(&[&recorded()[..], &[another_name]].concat()).len(),
        1
    );
    // A pod of the same identity on another node has its own proxy there: a record accounts for one
    // message.
    let replica = query((REPLICA, 4001), CLIENTS, 5);
    let proxied = [
        &recorded()[..],
        &[query((NODE, PROXY_PORT), CLIENTS, 99), replica.clone()],
    ]
    .concat();
    assert_eq!(captured(&proxied), ["10.0.7.5:4001 > 10.0.2.9:53"]);
    let to_the_replica = answer((REPLICA, 4001), CLIENTS, 5);
    assert_eq!(
        captured(&[&recorded()[..], &[to_the_replica]].concat()),
        ["10.0.2.9:53 > 10.0.7.5:4001"]
    );
}

#[test]
fn a_transparent_proxy_uses_up_its_record_with_the_clients_address() {
    let client = (CLIENT, CLIENT_PORT);
    let own = trace_between(
        FROM_ENDPOINT,
        (CLIENTS, SERVERS),
        &udp(client, (SERVER, 53), &dns(7, "example.com.", false)),
    );
    let from_server = udp((SERVER, 53), client, &dns(7, "example.com.", true));
    let transparent = [
        query(client, CLIENTS, 7),
        trace_between(FROM_ENDPOINT, (SERVERS, CLIENTS), &from_server),
    ];
    let to_client = answer(client, CLIENTS, 7);
    let replica = query((REPLICA, 4001), CLIENTS, 5);
    let data = [
        &recorded()[..],
        std::slice::from_ref(&own),
        &transparent[..],
        &[to_client.clone(), replica],
    ]
    .concat();
    assert_eq!(captured(&data), ["10.0.7.5:4001 > 10.0.2.9:53"]);
    let node = answer((NODE, 40_000), HOST, 6);
    let data = [
        &recorded()[..],
        &[own],
        &transparent[..],
        &[to_client, node],
    ]
    .concat();
    assert_eq!(captured(&data), ["10.0.2.9:53 > 192.168.99.1:40000"]);
}

#[test]
fn each_record_accounts_for_one_message() {
    let upstream: Vec<_> = (1..=3)
        .map(|id| query((NODE, PROXY_PORT + id), CLIENTS, id))
        .collect();
    let records = vec![record("Request", "Forwarded"); 3];
    assert_eq!(
        captured(&[records.clone(), upstream.clone()].concat()),
        Vec::<String>::new()
    );
    assert_eq!(
        captured(&[records[..2].to_vec(), upstream].concat()).len(),
        1
    );
}

#[test]
fn the_answer_of_a_proxy_to_a_refused_request_makes_no_flow() {
    let refused = answer((CLIENT, CLIENT_PORT), CLIENTS, 7);
    for verdict in ["Denied", "Error"] {
        for data in [
            [record("Request", verdict), refused.clone()],
            [refused.clone(), record("Request", verdict)],
        ] {
            assert_eq!(captured(&data), Vec::<String>::new(), "{verdict}");
        }
    }
    // The proxy sends no query for a refused request.
    let upstream = query((NODE, PROXY_PORT), CLIENTS, 99);
    assert_eq!(captured(&[record("Request", "Denied"), upstream]).len(), 1);
}

#[test]
fn a_record_matches_packets_within_the_hold_time_only() {
    let second = Duration::from_secs(1);
    let upstream = || [query((NODE, PROXY_PORT), CLIENTS, 99)];
    for (later, expected) in [(second / 2, 0), (second * 3, 1)] {
        let mut chain = TestChain::of(&[
            ("cilium_decode", "{}"),
            ("l34_flow", "{}"),
            ("dns_flow", "{}"),
        ]);
        chain.run([record("Request", "Forwarded")]);
        let mut l7: Vec<_> = flows(&chain.run_at(NOON + later, upstream()));
        l7.extend(chain.finish(NOON + later));
        l7.retain(|flow| flow.flow_type == FlowType::L7);
        assert_eq!(l7.len(), expected, "{later:?}");
    }
}

#[test]
fn the_zone_of_a_logged_address_is_ignored() {
    let mut record = logged("Request", 17, CLIENT_PORT, 53);
    record.ip_version = 1;
    record.source.ipv6 = "fd00:11::101".into();
    record.destination.ipv6 = "fd99::2%0".into();
    record.dns = Some(Dns {
        query: "example.com.".into(),
        qtypes: vec![1],
        ..Dns::default()
    });
    let mut chain = TestChain::of(&[
        ("cilium_decode", "{}"),
        ("l34_flow", "{}"),
        ("dns_flow", "{}"),
    ]);
    let flows = flows(&chain.run([access_log(&record)]));
    let ip = flows[0].ip.expect("addresses");
    assert_eq!(
        (ip.source.to_string(), ip.destination.to_string()),
        ("fd00:11::101".to_owned(), "fd99::2".to_owned())
    );
}
