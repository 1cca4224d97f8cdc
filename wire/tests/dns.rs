//! DNS messages: what whole ones say, what cut ones still say, and what is none.

use std::net::IpAddr;

use proptest::prelude::*;
use tidegate_wire::dns::{Message, Name, Qtypes, Reason, Segments, parse_tcp, parse_udp, question_udp};

const QUERY: [u8; 2] = [0x01, 0x00];
const RESPONSE: [u8; 2] = [0x81, 0x80];
/// A pointer to the question's name.
const SAME_NAME: [u8; 2] = [0xc0, 12];

fn name(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in text.split('.').filter(|label| !label.is_empty()) {
        bytes.push(label.len() as u8);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

fn header(flags: [u8; 2], counts: [u16; 4]) -> Vec<u8> {
    let mut message = vec![0x12, 0x34];
    message.extend(flags);
    for count in counts {
        message.extend(count.to_be_bytes());
    }
    message
}

fn question(flags: [u8; 2], counts: [u16; 4], query: &str, qtype: u16) -> Vec<u8> {
    let mut message = header(flags, counts);
    message.extend(name(query));
    message.extend(qtype.to_be_bytes());
    message.extend([0, 1]);
    message
}

fn record(owner: &[u8], kind: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let mut record = owner.to_vec();
    record.extend(kind.to_be_bytes());
    record.extend([0, 1]);
    record.extend(ttl.to_be_bytes());
    record.extend((data.len() as u16).to_be_bytes());
    record.extend(data);
    record
}

/// An alias, two addresses behind it, and EDNS.
fn response() -> Vec<u8> {
    let mut message = question(RESPONSE, [1, 3, 0, 1], "WWW.example.com", 1);
    let alias = [&[3][..], b"cdn", &[0xc0, 16]].concat();
    message.extend(record(&SAME_NAME, 5, 300, &alias));
    let owner = name("cdn.example.com");
    message.extend(record(&owner, 1, 60, &[192, 0, 2, 1]));
    message.extend(record(&owner, 28, 90, &[0xfd; 16]));
    message.extend(record(&[0], 41, 0, &[]));
    message
}

fn qtypes(qtype: u16) -> Qtypes {
    [qtype].as_slice().into()
}

fn with_length(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u16).to_be_bytes()[..], message].concat()
}

#[test]
fn a_query_gives_its_name_and_type() {
    let message = question(QUERY, [1, 0, 0, 1], "Api.Example.com", 28);
    let message = [message, record(&[0], 41, 0, &[])].concat();
    let expected = Message {
        id: 0x1234,
        query: "api.example.com.".to_owned(),
        qtypes: qtypes(28),
        rcode: Some(0),
        has_all_answers: true,
        complete: true,
        ..Message::default()
    };
    assert_eq!(parse_udp(&message), Ok(expected.clone()));
    assert_eq!(parse_tcp(&with_length(&message)), Ok(expected));
}

#[test]
fn a_response_gives_its_addresses_aliases_types_and_lowest_ttl() {
    let expected = Message {
        id: 0x1234,
        response: true,
        query: "www.example.com.".to_owned(),
        qtypes: qtypes(1),
        answer_types: vec![5, 1, 28].into(),
        ips: vec![[192, 0, 2, 1].into(), [0xfd; 16].into()].into(),
        cnames: vec!["cdn.example.com.".to_owned()],
        ttl: Some(60),
        rcode: Some(0),
        has_all_answers: true,
        complete: true,
        ..Message::default()
    };
    assert_eq!(parse_udp(&response()), Ok(expected));
}

#[test]
fn codes_and_flags_are_read_and_edns_extends_the_code() {
    let nxdomain = question([0x81, 0x83], [1, 0, 0, 0], "no.such.name", 1);
    let truncated = question([0x83, 0x80], [1, 0, 0, 0], "big.name", 16);
    let notify = question([0x24, 0x00], [1, 0, 0, 0], "zone", 6);
    let bad_version = question(RESPONSE, [1, 0, 0, 1], "edns.name", 1);
    let bad_version = [bad_version, record(&[0], 41, 0x0100_0000, &[])].concat();
    let cases = [(nxdomain, 3, false, 0), (truncated, 0, true, 0), (notify, 0, false, 4), (bad_version, 16, false, 0)];
    for (bytes, rcode, truncated, opcode) in cases {
        let message = parse_udp(&bytes).unwrap();
        assert_eq!((message.rcode, message.truncated, message.opcode), (Some(rcode), truncated, opcode));
        assert_eq!(message.ttl, None);
    }
}

#[test]
fn a_message_cut_anywhere_gives_whole_records_or_nothing() {
    let bytes = response();
    let whole = parse_udp(&bytes).unwrap();
    let question_end = question(RESPONSE, [1, 3, 0, 1], "WWW.example.com", 1).len();
    for len in 0..bytes.len() {
        for parsed in [parse_udp(&bytes[..len]), parse_tcp(&with_length(&bytes)[..len + 2])] {
            if len < question_end {
                assert_eq!(parsed, Err(Reason::Truncated), "{len}");
                continue;
            }
            let cut = parsed.unwrap();
            assert_eq!((cut.complete, cut.query.as_str()), (false, "www.example.com."));
            assert_eq!((cut.rcode, cut.has_all_answers), (Some(0), cut.answer_types.len() == 3), "{len}");
            assert!(whole.ips.starts_with(&cut.ips) && whole.cnames.starts_with(&cut.cnames));
            assert!(whole.answer_types.starts_with(&cut.answer_types));
            assert!(cut.ttl.is_some() == cut.has_all_answers, "{len}");
        }
    }
    assert_eq!(parse_tcp(&[0]), Err(Reason::Truncated));
}

#[test]
fn a_name_prints_as_a_zone_file_escapes_it() {
    let cases: [(&[u8], &str); 9] = [
        (b"\x06redis\n\x07example\x00", "redis\\010.example."),
        (b"\x03a\0b\x00", "a\\000b."),
        (b"\x02\t\x7f\x00", "\\009\\127."),
        (b"\x09.'@;() \"\\\x00", "\\.\\'\\@\\;\\(\\)\\ \\\"\\\\."),
        (b"\x08$!#%/:<~\x01\xff\x00", "$!#%/:<~.\\255."),
        (&[0], "."),
        (b"\x05_http\x04_tcp\x00", "_http._tcp."),
        (b"\x0bmy printer.\x02it\x00", "my\\ printer\\..it."),
        (b"\x02\xc3\xbc\x00", "\\195\\188."),
    ];
    for (bytes, text) in cases {
        let message = [&header(QUERY, [1, 0, 0, 0])[..], bytes, &[0, 1, 0, 1]].concat();
        assert_eq!(parse_udp(&message).unwrap().query, text);
    }
}

#[test]
fn a_name_is_at_most_255_bytes_and_a_label_63() {
    let long = |last: usize| [63, 63, 63, last].map(|len| "x".repeat(len)).join(".");
    let parsed = |query: &str| parse_udp(&question(QUERY, [1, 0, 0, 0], query, 1)).map(|message| message.query.len());
    // With the lengths and the root, three labels of 63 leave 62 bytes for the fourth.
    assert_eq!(parsed(&long(61)), Ok(254));
    assert_eq!(parsed(&long(62)), Err(Reason::BadName));
    assert_eq!(parsed(&"y".repeat(63)), Ok(64));
    assert_eq!(parsed(&"y".repeat(64)), Err(Reason::BadName));
}

#[test]
fn a_question_is_read_in_place_of_the_one_before() {
    let names: [(&[u8], &str); 4] =
        [(b"\x03WWW\x01a\x00", "www.a."), (b"\x01b\x00", "b."), (b"\x03A.b\x00", "a\\.b."), (&[0], ".")];
    let mut name = Name::default();
    for ((first, _), (second, text)) in names.iter().flat_map(|first| names.map(|second| (first, second))) {
        for bytes in [*first, second] {
            let message = [&header(QUERY, [1, 0, 0, 0])[..], bytes, &[0, 28, 0, 1]].concat();
            let question = question_udp(&message, &mut name).unwrap();
            assert_eq!((question.id(), question.is_response(), question.qtypes()), (0x1234, false, &[28][..]));
        }
        assert_eq!(name.as_bytes(), text.as_bytes());
    }
}

#[test]
fn what_cannot_be_a_message_is_refused() {
    let named = |bytes: &[u8]| [&header(QUERY, [1, 0, 0, 0])[..], bytes, &[0, 1, 0, 1]].concat();
    let answered = |owner: &[u8], kind, data: &[u8]| {
        let message = question(RESPONSE, [1, 1, 0, 0], "a.b", 1);
        [message, record(owner, kind, 1, data)].concat()
    };
    let long_name: Vec<u8> = (0..5).flat_map(|_| [&[60][..], &[b'a'; 60]].concat()).collect();
    let cases: Vec<(Vec<u8>, Reason)> = vec![
        (header(QUERY, [0, 0, 0, 0]), Reason::BadCounts),
        ([&header([0x30, 0], [0, 0, 0, 0])[..], &[0, 1, 0, 0]].concat(), Reason::BadCounts),
        ([header(RESPONSE, [0, 0, 0, 0]), vec![0]].concat(), Reason::BadRecord),
        (header(RESPONSE, [0, 1, 0, 0]), Reason::Truncated),
        (vec![0; 40], Reason::BadCounts),
        (question(RESPONSE, [1, 9000, 0, 0], "a", 1), Reason::BadCounts),
        (question(QUERY, [20_000, 0, 0, 0], "a", 1), Reason::BadCounts),
        (question(QUERY, [1, 0, 0, 0], "a", 0), Reason::BadRecord),
        ([&header(QUERY, [1, 0, 0, 0])[..], &[0, 0, 1, 0, 7]].concat(), Reason::BadRecord),
        (named(&[0x40, 1, 0]), Reason::BadName),
        (named(&[64, b'a', 0]), Reason::BadName),
        (named(&[0xc0, 12]), Reason::BadName),
        (named(&[0xc0, 0]), Reason::BadName),
        (named(&[0xc0, 40]), Reason::BadName),
        (named(&[&long_name[..], &[0]].concat()), Reason::BadName),
        (answered(&SAME_NAME, 1, &[1, 2, 3]), Reason::BadRecord),
        (answered(&SAME_NAME, 28, &[1, 2, 3, 4]), Reason::BadRecord),
        (answered(&SAME_NAME, 5, &[1, b'c', 0, 0]), Reason::BadRecord),
        (answered(&SAME_NAME, 5, &[9, b'c', 0]), Reason::BadName),
        (answered(&[0xc0, 0xff], 1, &[1, 2, 3, 4]), Reason::BadName),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), Reason::BadCounts),
        (b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(), Reason::BadCounts),
    ];
    for (bytes, reason) in cases {
        assert_eq!(parse_udp(&bytes), Err(reason), "{bytes:02x?}");
    }
}

#[test]
fn a_valid_message_is_read_however_unusual_it_is() {
    let asked = |flags, counts, query, qtype| question(flags, counts, query, qtype);
    let zone = asked([0x28, 0], [1, 2, 1, 0], "zone.example", 6);
    // Prerequisites without data, of the classes ANY and NONE.
    let absent = [&SAME_NAME[..], &[0, 1, 0, 255, 0, 0, 0, 0, 0, 0]].concat();
    let update = [zone, absent.clone(), absent, record(&SAME_NAME, 1, 60, &[1, 2, 3, 4])].concat();
    let cookie = record(&[0], 41, 0, &[0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
    let two = [asked(QUERY, [2, 0, 0, 0], "a.b", 1), [&SAME_NAME[..], &[0, 28, 0, 1]].concat()].concat();
    let chaos =
        [asked(RESPONSE, [1, 1, 0, 0], "a.b", 1), [&SAME_NAME[..], &[0, 1, 0, 3, 0, 0, 0, 1, 0, 1, 7]].concat()]
            .concat();
    let any_class = [&header(QUERY, [1, 0, 0, 0])[..], &name("a.b"), &[0, 255, 0, 255]].concat();
    let ixfr = [asked(QUERY, [1, 0, 1, 0], "a.b", 251), record(&SAME_NAME, 6, 0, &[0; 22])].concat();
    let asked_with_answers = [
        asked(QUERY, [1, 1, 0, 4], "a.b", 1),
        record(&SAME_NAME, 1, 9, &[1, 2, 3, 4]),
        record(&[0], 41, 0, &[]).repeat(4),
    ]
    .concat();
    for (case, bytes, query, types, opcode) in [
        ("a reserved operation", asked([0x19, 0], [1, 0, 0, 0], "a.b", 1), "a.b.", &[1][..], 3),
        ("the last operation", asked([0x79, 0], [1, 0, 0, 0], "a.b", 1), "a.b.", &[1], 15),
        ("an inverse query", asked([0x09, 0], [1, 0, 0, 0], "a.b", 1), "a.b.", &[1], 1),
        ("a reserved bit", asked([0x01, 0x40], [1, 0, 0, 0], "a.b", 1), "a.b.", &[1], 0),
        ("authentic data and checking disabled", asked([0x01, 0x30], [1, 0, 0, 0], "a.b", 1), "a.b.", &[1], 0),
        ("a code in a query", asked([0x01, 0x03], [1, 0, 0, 0], "a.b", 1), "a.b.", &[1], 0),
        ("an authoritative, truncated query", asked([0x07, 0], [1, 0, 0, 0], "a.b", 1), "a.b.", &[1], 0),
        ("a code that is not assigned", asked([0x81, 0x8c], [1, 0, 0, 0], "a.b", 1), "a.b.", &[1], 0),
        (
            "a notification with the zone's state",
            [asked([0x24, 0], [1, 1, 0, 0], "a.b", 6), record(&SAME_NAME, 6, 9, &[0; 22])].concat(),
            "a.b.",
            &[6],
            4,
        ),
        ("an update", update, "zone.example.", &[6], 5),
        ("an incremental transfer", ixfr, "a.b.", &[251], 0),
        ("a query with answers", asked_with_answers, "a.b.", &[1], 0),
        ("two questions", two, "a.b.", &[1, 28], 0),
        ("a query for a cookie", [header(QUERY, [0, 0, 0, 1]), cookie].concat(), "", &[], 0),
        ("a format error without its question", header([0x80, 0x01], [0, 0, 0, 0]), "", &[], 0),
        ("class CHAOS", chaos, "a.b.", &[1], 0),
        ("class ANY", any_class, "a.b.", &[255], 0),
        ("the root", asked(QUERY, [1, 0, 0, 0], "", 2), ".", &[2], 0),
    ] {
        for message in [parse_udp(&bytes), parse_tcp(&with_length(&bytes))] {
            let message = message.unwrap_or_else(|reason| panic!("{case}: {reason}"));
            assert_eq!((&*message.query, &*message.qtypes, message.opcode), (query, types, opcode), "{case}");
            assert_eq!((message.ips.len(), message.ttl, message.complete), (0, None, true), "{case}");
        }
    }
}

#[test]
fn what_a_zone_transfer_sends_behind_its_first_message_has_answers_and_no_question() {
    let bytes = [header(RESPONSE, [0, 1, 0, 0]), record(&name("a.b"), 1, 60, &[192, 0, 2, 1])].concat();
    let message = parse_tcp(&with_length(&bytes)).unwrap();
    assert_eq!((&*message.query, message.ips.len(), &*message.answer_types), ("", 1, &[1][..]));
    // Cut, it could be anything.
    assert_eq!(parse_udp(&bytes[..bytes.len() - 1]), Err(Reason::Truncated));
}

#[test]
fn a_code_of_which_edns_may_hold_more_is_not_known_where_edns_is_missing() {
    let opt = |upper_bits: u32| record(&[0], 41, upper_bits << 24, &[]);
    let bad_version = [question(RESPONSE, [1, 0, 0, 1], "edns.name", 1), opt(1)].concat();
    let nxdomain = question([0x81, 0x83], [1, 0, 1, 1], "edns.name", 1);
    let nxdomain = [nxdomain, record(&SAME_NAME, 6, 60, &[0; 22]), opt(0)].concat();
    for (bytes, whole, cut) in [(bad_version, 16, None), (nxdomain, 3, Some(3))] {
        assert_eq!(parse_udp(&bytes).unwrap().rcode, Some(whole));
        let parsed = parse_udp(&bytes[..bytes.len() - 1]).unwrap();
        assert_eq!((parsed.rcode, parsed.has_all_answers, parsed.complete), (cut, true, false));
    }
}

#[test]
fn a_segment_holds_as_many_messages_as_follow_each_other() {
    let query = |id: u8| [&[0, id][..], &question(QUERY, [1, 0, 0, 0], &format!("q{id}.example"), 1)[2..]].concat();
    let payload: Vec<u8> = (1..=3).flat_map(|id| with_length(&query(id))).collect();
    let mut name = Name::default();
    let mut read = |payload: &[u8]| {
        Segments::new(payload)
            .map(|segment| segment?.question(&mut name).map(|question| question.id()))
            .collect::<Vec<_>>()
    };
    let length = with_length(&query(1)).len();
    assert_eq!(read(&payload), [Ok(1), Ok(2), Ok(3)]);
    assert_eq!(read(&payload[..2 * length]), [Ok(1), Ok(2)]);
    assert_eq!(read(&payload[..2 * length + 1]), [Ok(1), Ok(2), Err(Reason::Truncated)]);
    assert_eq!(read(&payload[..3 * length - 1]), [Ok(1), Ok(2), Err(Reason::Truncated)]);
    assert_eq!(read(&[]), []);
}

#[test]
fn a_message_that_goes_on_in_another_segment_is_incomplete_and_the_rest_is_none() {
    let bytes = with_length(&response());
    for at in 2..bytes.len() {
        let begin = parse_tcp(&bytes[..at]);
        assert!(begin.is_err() || begin.is_ok_and(|begin| !begin.complete), "{at}");
        assert!(parse_tcp(&bytes[at..]).is_err(), "{at}");
    }
    // Of which the flags are unusual besides: it could be the middle of another one.
    let mut unusual = bytes.clone();
    unusual[5] |= 0x40;
    assert!(parse_tcp(&unusual).is_ok());
    assert_eq!(parse_tcp(&unusual[..unusual.len() - 1]), Err(Reason::BadFlags));
}

#[test]
fn a_message_of_a_stream_ends_where_its_length_says() {
    let message = question(QUERY, [1, 0, 0, 0], "a.b", 1);
    let longer = with_length(&[message.clone(), vec![0; 4]].concat());
    assert_eq!(parse_tcp(&longer), Err(Reason::BadRecord));
    // A datagram may be padded.
    assert!(parse_udp(&[message, vec![0; 4]].concat()).is_ok());
}

#[test]
fn a_tcp_length_too_small_for_its_records_is_refused() {
    let message = question(RESPONSE, [1, 9, 0, 0], "a.b", 1);
    assert_eq!(parse_tcp(&with_length(&message)), Err(Reason::BadCounts));
}

/// Two pointers that lead to each other.
#[test]
fn pointers_in_a_circle_are_refused() {
    let message = question(RESPONSE, [1, 1, 0, 0], "a.b", 1);
    let place = message.len() as u8;
    let circle = [0xc0, place + 2, 0xc0, place];
    let bytes = [message, record(&circle, 1, 1, &[1, 2, 3, 4])].concat();
    assert_eq!(parse_udp(&bytes), Err(Reason::BadName));
}

/// An answer whose owner is so many pointers to pointers, the last one to the question's name.
fn owned_by_pointers(pointers: usize) -> Vec<u8> {
    let mut message = question(RESPONSE, [1, 2, 0, 0], "a.b", 1);
    // The data of a text record is not looked into, so that the chain can stand there.
    let start = message.len() + 11;
    let places = std::iter::once(12).chain((0..).map(|link| start + 2 * link));
    let chain: Vec<_> = places.take(pointers).map(|place| (0xc000 | place as u16).to_be_bytes()).collect();
    message.extend(record(&[0], 16, 1, chain[..pointers - 1].as_flattened()));
    message.extend(record(&chain[pointers - 1], 1, 1, &[1, 2, 3, 4]));
    message
}

#[test]
fn a_name_of_more_pointers_than_cilium_follows_is_refused() {
    assert_eq!(parse_udp(&owned_by_pointers(126)).map(|message| message.ips.len()), Ok(1));
    assert_eq!(parse_udp(&owned_by_pointers(127)), Err(Reason::BadName));
}

/// Addresses and aliases in the order of their records.
fn answers() -> impl Strategy<Value = Vec<(Answer, u32)>> {
    let answer = prop_oneof![any::<IpAddr>().prop_map(Answer::Ip), NAME.prop_map(Answer::Alias)];
    proptest::collection::vec((answer, any::<u32>()), 0..8)
}

#[derive(Debug, Clone)]
enum Answer {
    Ip(IpAddr),
    Alias(String),
}

impl Answer {
    fn kind(&self) -> u16 {
        match self {
            Self::Ip(IpAddr::V4(_)) => 1,
            Self::Ip(IpAddr::V6(_)) => 28,
            Self::Alias(_) => 5,
        }
    }

    fn data(&self) -> Vec<u8> {
        match self {
            Self::Ip(IpAddr::V4(ip)) => ip.octets().to_vec(),
            Self::Ip(IpAddr::V6(ip)) => ip.octets().to_vec(),
            Self::Alias(target) => name(target),
        }
    }
}

const NAME: &str = "([a-z0-9_-]{1,63}\\.){1,3}";

proptest! {
    #[test]
    fn what_a_message_is_made_of_is_read_from_it(query in NAME, qtype in 1_u16.., answers in answers()) {
        let mut message = question(RESPONSE, [1, answers.len() as u16, 0, 0], &query, qtype);
        for (answer, ttl) in &answers {
            message.extend(record(&SAME_NAME, answer.kind(), *ttl, &answer.data()));
        }
        let mut expected = Message { id: 0x1234, response: true, rcode: Some(0), has_all_answers: true, complete: true, ..Message::default() };
        expected.query = query;
        expected.qtypes = qtypes(qtype);
        expected.ttl = answers.iter().map(|(_, ttl)| *ttl).min();
        for (answer, _) in answers {
            expected.answer_types.push(answer.kind());
            match answer {
                Answer::Ip(ip) => expected.ips.push(ip),
                Answer::Alias(target) => expected.cnames.push(target),
            }
        }
        prop_assert_eq!(parse_tcp(&with_length(&message)), Ok(expected.clone()));
        prop_assert_eq!(parse_udp(&message), Ok(expected));
    }

    #[test]
    fn any_bytes_make_a_message_or_a_reason(
        flags in prop_oneof![Just(QUERY), Just(RESPONSE)],
        counts in [1_u16..2, 0..4, 0..2, 0..2],
        body in proptest::collection::vec(prop_oneof![any::<u8>(), 0_u8..4, Just(0xc0)], 0..120),
        free in proptest::collection::vec(any::<u8>(), 0..120),
    ) {
        let message = [header(flags, counts), body].concat();
        for bytes in [message, free] {
            for message in [parse_udp(&bytes), parse_tcp(&bytes)].into_iter().flatten() {
                prop_assert!(message.query.ends_with('.') || message.qtypes.is_empty());
            }
        }
    }
}
