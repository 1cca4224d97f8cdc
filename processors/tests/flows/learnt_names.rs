//! Names that DNS answers teach: records of names in front of those that the answers are in.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::events::{CLIENT, SERVER, access_log, dns, drop, logged, tcp, trace, udp};
use crate::support::{NOON, TestChain};
use tidegate_model::flow::Address;
use tidegate_model::names::{DnsName, Names, NamesContent, NamesSource};
use tidegate_model::{Kind, Kinds, Record};
use tidegate_wire::access_log::{AnswerAddress, Dns, LogRecord};
use tidegate_wire::event::observation_point::{TO_ENDPOINT, TO_OVERLAY};

/// 10.1.1.1, which the answers of `events::dns` have.
const FOUND: Ipv4Addr = Ipv4Addr::new(10, 1, 1, 1);

/// The TTL of those answers.
const TTL: Duration = Duration::from_secs(30);

/// A chain in front of a processor that absorbs names.
fn chain(config: &str) -> TestChain {
    TestChain::in_front_of(
        Kinds::of(&[Kind::Names]),
        &[
            ("cilium_decode", "{}"),
            ("l34_flow", "{}"),
            ("dns_flow", config),
        ],
    )
}

fn answer(message: &[u8]) -> Vec<u8> {
    trace(TO_ENDPOINT, &udp((SERVER, 53), (CLIENT, 4000), message))
}

fn segment(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).expect("short").to_be_bytes();
    let payload = [&length, message].concat();
    trace(TO_ENDPOINT, &tcp((SERVER, 53), (CLIENT, 4000), 1, &payload))
}

fn learnt(chain: &mut TestChain, data: &[Vec<u8>]) -> Vec<DnsName> {
    let batch = chain.run(data);
    let names = |record: &Record| match record {
        Record::Names(names) => Some((**names).clone()),
        _ => None,
    };
    let dns = |names| match names {
        Names {
            source: NamesSource::Dns,
            content: NamesContent::Dns(names),
            ..
        } => names,
        other => panic!("{other:?}"),
    };
    let all = batch.records().iter().filter_map(names);
    all.flat_map(dns).collect()
}

fn name(text: &str, addresses: &[Ipv4Addr], ttl: Duration) -> DnsName {
    DnsName {
        endpoint: 0,
        asker: Some(CLIENT.into()),
        name: text.to_owned(),
        addresses: addresses.iter().copied().map(Address::from).collect(),
        seen: NOON,
        expires: NOON + ttl,
    }
}

/// An answer for `www.example.com.` with these records of the given types, TTLs and data.
fn records(rcode: u8, records: &[(u16, u32, &[u8])]) -> Vec<u8> {
    let mut message = dns(9, "www.example.com.", false);
    message[2] |= 0x80;
    message[3] |= rcode;
    message[7] = u8::try_from(records.len()).expect("few");
    for (kind, ttl, data) in records {
        message.extend([0xc0, 12]);
        message.extend(kind.to_be_bytes());
        message.extend([0, 1]);
        message.extend(ttl.to_be_bytes());
        message.extend(u16::try_from(data.len()).expect("short").to_be_bytes());
        message.extend(*data);
    }
    message
}

#[test]
fn an_answer_is_learnt_in_front_of_its_packet_while_its_flow_is_held() {
    let mut chain = chain("{}");
    let other = || trace(TO_OVERLAY, &tcp((CLIENT, 5000), (FOUND, 443), 1, b""));
    let answers = [1, 2].map(|id| answer(&dns(id, "example.com.", true)));
    let [first, second] = answers;
    let batch = chain.run([other(), first, other(), other(), second, other()]);
    let kinds: String = batch
        .records()
        .iter()
        .map(|record| match record.kind() {
            Kind::Names => 'n',
            Kind::Flow => 'f',
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, "fnfffnff");
    let stage = chain.step(2);
    assert_eq!((stage.entered, stage.left), (6, 8));
    assert_eq!(chain.finish(NOON).len(), 2);
}

#[test]
fn answers_over_udp_and_tcp_give_the_queried_name_to_all_of_their_addresses() {
    let [other, canonical] = [[10, 1, 1, 2], [3, b'c', b'd', b'n']];
    let chained = records(
        0,
        &[
            (5, 300, &[&canonical[..], &[0]].concat()),
            (1, 20, &other),
            (1, 60, &FOUND.octets()),
            (1, 60, &FOUND.octets()),
        ],
    );
    let both = [FOUND, other.into()];
    let v6 = records(0, &[(28, 5, &[0xfd; 16])]);
    let of_v6 = DnsName {
        addresses: vec![IpAddr::from([0xfd; 16]).into()],
        ..name("www.example.com", &[], Duration::from_secs(5))
    };
    for (case, data, expected) in [
        (
            "UDP",
            answer(&dns(7, "Example.com.", true)),
            name("example.com", &[FOUND], TTL),
        ),
        (
            "TCP",
            segment(&dns(7, "example.com.", true)),
            name("example.com", &[FOUND], TTL),
        ),
        (
            "a chain of CNAMEs",
            answer(&chained),
            name("www.example.com", &both, Duration::from_secs(20)),
        ),
        ("IPv6", answer(&v6), of_v6),
    ] {
        assert_eq!(learnt(&mut chain("{}"), &[data]), [expected], "{case}");
    }
}

#[test]
fn messages_that_name_no_address_teach_nothing() {
    let address: &[(u16, u32, &[u8])] = &[(1, 30, &[10, 1, 1, 1])];
    let answered = dns(7, "example.com.", true);
    for (case, data) in [
        ("a question", answer(&dns(7, "example.com.", false))),
        ("a failure", answer(&records(2, address))),
        (
            "an alias alone",
            answer(&records(0, &[(5, 30, &[1, b'x', 0])])),
        ),
        ("no records", answer(&records(0, &[]))),
        ("the root", answer(&dns(7, ".", true))),
        (
            "a dropped answer",
            drop(133, &udp((SERVER, 53), (CLIENT, 4000), &answered)),
        ),
    ] {
        assert_eq!(learnt(&mut chain("{}"), &[data]), [], "{case}");
    }
}

#[test]
fn answers_teach_nothing_if_that_is_switched_off_or_no_stage_absorbs_names() {
    let data = [answer(&dns(7, "example.com.", true))];
    let mut alone = TestChain::of(&[
        ("cilium_decode", "{}"),
        ("l34_flow", "{}"),
        ("dns_flow", "{}"),
    ]);
    assert_eq!(learnt(&mut alone, &data), []);
}

#[test]
fn a_packet_that_is_reported_again_teaches_once() {
    let data = answer(&dns(7, "example.com.", true));
    let mut chain = chain("{}");
    assert_eq!(learnt(&mut chain, &[data.clone(), data.clone()]).len(), 1);
    assert_eq!(learnt(&mut chain, &[data]), []);
}

fn logged_answer(kind: &str, verdict: &str, answered: Dns) -> Vec<u8> {
    let mut record = LogRecord {
        dns: Some(answered),
        verdict: verdict.into(),
        ..logged(kind, 17, 4000, 53)
    };
    record.destination.id = 77;
    access_log(&record)
}

#[test]
fn a_proxys_record_of_an_answer_teaches_with_the_id_of_the_endpoint() {
    let answered = || Dns {
        query: "Example.com.".into(),
        ips: vec![AnswerAddress::Ip(FOUND.into())],
        ttl: 30,
        qtypes: vec![1],
        answer_types: vec![1],
        ..Dns::default()
    };
    let expected = DnsName {
        endpoint: 77,
        ..name("example.com", &[FOUND], TTL)
    };
    for config in ["{}", "{ wire = false }"] {
        let data = [logged_answer("Response", "Forwarded", answered())];
        assert_eq!(
            learnt(&mut chain(config), &data),
            std::slice::from_ref(&expected),
            "{config}"
        );
    }
    for (case, data) in [
        (
            "a request",
            logged_answer("Request", "Forwarded", answered()),
        ),
        ("denied", logged_answer("Response", "Denied", answered())),
        (
            "a failure",
            logged_answer(
                "Response",
                "Forwarded",
                Dns {
                    rcode: 3,
                    ..answered()
                },
            ),
        ),
    ] {
        assert_eq!(learnt(&mut chain("{}"), &[data]), [], "{case}");
    }
}

#[test]
fn a_batch_teaches_a_bounded_number_of_answers_and_counts_the_others() {
    let mut chain = chain("{}");
    let data: Vec<_> = (0..515)
        .map(|id| answer(&dns(id, &format!("n{id}.example."), true)))
        .collect();
    assert_eq!(learnt(&mut chain, &data).len(), 512);
    let notes = chain.step(2).tally.notes();
    assert!(notes.contains(&("dns_names_full", 3)), "{notes:?}");
    assert_eq!(
        learnt(&mut chain, &[answer(&dns(600, "later.", true))]).len(),
        1
    );
}
