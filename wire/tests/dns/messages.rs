//! Valid, truncated and malformed messages.

use tidegate_wire::dns::{Message, Reason, parse_tcp, parse_udp};

use crate::support::{
    QUERY, RESPONSE, SAME_NAME, header, name, qtypes, question, record, response, with_length,
};

#[test]
fn a_query_has_its_name_and_type() {
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
fn a_response_has_its_addresses_aliases_types_and_lowest_ttl() {
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
    let cases = [
        (nxdomain, 3, false, 0),
        (truncated, 0, true, 0),
        (notify, 0, false, 4),
        (bad_version, 16, false, 0),
    ];
    for (bytes, rcode, truncated, opcode) in cases {
        let message = parse_udp(&bytes).unwrap();
        assert_eq!(
            (message.rcode, message.truncated, message.opcode),
            (Some(rcode), truncated, opcode)
        );
        assert_eq!(message.ttl, None);
    }
}

#[test]
fn a_truncated_message_has_complete_records_or_is_refused() {
    let bytes = response();
    let whole = parse_udp(&bytes).unwrap();
    let question_end = question(RESPONSE, [1, 3, 0, 1], "WWW.example.com", 1).len();
    for len in 0..bytes.len() {
        for parsed in [
            parse_udp(&bytes[..len]),
            parse_tcp(&with_length(&bytes)[..len + 2]),
        ] {
            if len < question_end {
                assert_eq!(parsed, Err(Reason::Truncated), "{len}");
                continue;
            }
            let cut = parsed.unwrap();
            assert_eq!(
                (cut.complete, cut.query.as_str()),
                (false, "www.example.com.")
            );
            assert_eq!(
                (cut.rcode, cut.has_all_answers),
                (Some(0), cut.answer_types.len() == 3),
                "{len}"
            );
            assert!(whole.ips.starts_with(&cut.ips) && whole.cnames.starts_with(&cut.cnames));
            assert!(whole.answer_types.starts_with(&cut.answer_types));
            assert!(cut.ttl.is_some() == cut.has_all_answers, "{len}");
        }
    }
    assert_eq!(parse_tcp(&[0]), Err(Reason::Truncated));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn impossible_messages_are_refused() {
    let named = |bytes: &[u8]| [&header(QUERY, [1, 0, 0, 0])[..], bytes, &[0, 1, 0, 1]].concat();
    let answered = |owner: &[u8], kind, data: &[u8]| {
        let message = question(RESPONSE, [1, 1, 0, 0], "a.b", 1);
        [message, record(owner, kind, 1, data)].concat()
    };
    let long_name: Vec<u8> = (0..5)
        .flat_map(|_| [&[60][..], &[b'a'; 60]].concat())
        .collect();
    let cases: Vec<(Vec<u8>, Reason)> = vec![
        (header(QUERY, [0, 0, 0, 0]), Reason::BadCounts),
        (
            [&header([0x30, 0], [0, 0, 0, 0])[..], &[0, 1, 0, 0]].concat(),
            Reason::BadCounts,
        ),
        (
            [header(RESPONSE, [0, 0, 0, 0]), vec![0]].concat(),
            Reason::BadRecord,
        ),
        (header(RESPONSE, [0, 1, 0, 0]), Reason::Truncated),
        (vec![0; 40], Reason::BadCounts),
        (
            question(RESPONSE, [1, 9000, 0, 0], "a", 1),
            Reason::BadCounts,
        ),
        (
            question(QUERY, [20_000, 0, 0, 0], "a", 1),
            Reason::BadCounts,
        ),
        (question(QUERY, [1, 0, 0, 0], "a", 0), Reason::BadRecord),
        (
            [&header(QUERY, [1, 0, 0, 0])[..], &[0, 0, 1, 0, 7]].concat(),
            Reason::BadRecord,
        ),
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
        (
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
            Reason::BadCounts,
        ),
        (b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(), Reason::BadCounts),
    ];
    for (bytes, reason) in cases {
        assert_eq!(parse_udp(&bytes), Err(reason), "{bytes:02x?}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn uncommon_but_valid_messages_are_read() {
    let query = |flags, counts, name, qtype| question(flags, counts, name, qtype);
    let zone = query([0x28, 0], [1, 2, 1, 0], "zone.example", 6);
    // Prerequisites without data, of the classes ANY and NONE.
    let absent = [&SAME_NAME[..], &[0, 1, 0, 255, 0, 0, 0, 0, 0, 0]].concat();
    let update = [
        zone,
        absent.clone(),
        absent,
        record(&SAME_NAME, 1, 60, &[1, 2, 3, 4]),
    ]
    .concat();
    let cookie = record(&[0], 41, 0, &[0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
    let two = [
        query(QUERY, [2, 0, 0, 0], "a.b", 1),
        [&SAME_NAME[..], &[0, 28, 0, 1]].concat(),
    ]
    .concat();
    let chaos = [
        query(RESPONSE, [1, 1, 0, 0], "a.b", 1),
        [&SAME_NAME[..], &[0, 1, 0, 3, 0, 0, 0, 1, 0, 1, 7]].concat(),
    ]
    .concat();
    let any_class = [
        &header(QUERY, [1, 0, 0, 0])[..],
        &name("a.b"),
        &[0, 255, 0, 255],
    ]
    .concat();
    let ixfr = [
        query(QUERY, [1, 0, 1, 0], "a.b", 251),
        record(&SAME_NAME, 6, 0, &[0; 22]),
    ]
    .concat();
    let query_with_answers = [
        query(QUERY, [1, 1, 0, 4], "a.b", 1),
        record(&SAME_NAME, 1, 9, &[1, 2, 3, 4]),
        record(&[0], 41, 0, &[]).repeat(4),
    ]
    .concat();
    for (case, bytes, name, types, opcode) in [
        (
            "a reserved operation",
            query([0x19, 0], [1, 0, 0, 0], "a.b", 1),
            "a.b.",
            &[1][..],
            3,
        ),
        (
            "the last operation",
            query([0x79, 0], [1, 0, 0, 0], "a.b", 1),
            "a.b.",
            &[1],
            15,
        ),
        (
            "an inverse query",
            query([0x09, 0], [1, 0, 0, 0], "a.b", 1),
            "a.b.",
            &[1],
            1,
        ),
        (
            "a reserved bit",
            query([0x01, 0x40], [1, 0, 0, 0], "a.b", 1),
            "a.b.",
            &[1],
            0,
        ),
        (
            "authentic data and checking disabled",
            query([0x01, 0x30], [1, 0, 0, 0], "a.b", 1),
            "a.b.",
            &[1],
            0,
        ),
        (
            "a code in a query",
            query([0x01, 0x03], [1, 0, 0, 0], "a.b", 1),
            "a.b.",
            &[1],
            0,
        ),
        (
            "an authoritative, truncated query",
            query([0x07, 0], [1, 0, 0, 0], "a.b", 1),
            "a.b.",
            &[1],
            0,
        ),
        (
            "a code that is not assigned",
            query([0x81, 0x8c], [1, 0, 0, 0], "a.b", 1),
            "a.b.",
            &[1],
            0,
        ),
        (
            "a notification with the zone's state",
            [
                query([0x24, 0], [1, 1, 0, 0], "a.b", 6),
                record(&SAME_NAME, 6, 9, &[0; 22]),
            ]
            .concat(),
            "a.b.",
            &[6],
            4,
        ),
        ("an update", update, "zone.example.", &[6], 5),
        ("an incremental transfer", ixfr, "a.b.", &[251], 0),
        ("a query with answers", query_with_answers, "a.b.", &[1], 0),
        ("two questions", two, "a.b.", &[1, 28], 0),
        (
            "a query for a cookie",
            [header(QUERY, [0, 0, 0, 1]), cookie].concat(),
            "",
            &[],
            0,
        ),
        (
            "a format error without its question",
            header([0x80, 0x01], [0, 0, 0, 0]),
            "",
            &[],
            0,
        ),
        ("class CHAOS", chaos, "a.b.", &[1], 0),
        ("class ANY", any_class, "a.b.", &[255], 0),
        ("the root", query(QUERY, [1, 0, 0, 0], "", 2), ".", &[2], 0),
    ] {
        for message in [parse_udp(&bytes), parse_tcp(&with_length(&bytes))] {
            let message = message.unwrap_or_else(|reason| panic!("{case}: {reason}"));
            assert_eq!(
                (&*message.query, &*message.qtypes, message.opcode),
                (name, types, opcode),
                "{case}"
            );
            assert_eq!(
                (message.ips.len(), message.ttl, message.complete),
                (0, None, true),
                "{case}"
            );
        }
    }
}

#[test]
fn later_messages_of_a_zone_transfer_have_answers_and_no_question() {
    let bytes = [
        header(RESPONSE, [0, 1, 0, 0]),
        record(&name("a.b"), 1, 60, &[192, 0, 2, 1]),
    ]
    .concat();
    let message = parse_tcp(&with_length(&bytes)).unwrap();
    assert_eq!(
        (&*message.query, message.ips.len(), &*message.answer_types),
        ("", 1, &[1][..])
    );
    // Truncated bytes without a question could be anything.
    assert_eq!(parse_udp(&bytes[..bytes.len() - 1]), Err(Reason::Truncated));
}

#[test]
fn a_code_that_edns_may_extend_is_unknown_if_edns_was_not_captured() {
    let opt = |upper_bits: u32| record(&[0], 41, upper_bits << 24, &[]);
    let bad_version = [question(RESPONSE, [1, 0, 0, 1], "edns.name", 1), opt(1)].concat();
    let nxdomain = question([0x81, 0x83], [1, 0, 1, 1], "edns.name", 1);
    let nxdomain = [nxdomain, record(&SAME_NAME, 6, 60, &[0; 22]), opt(0)].concat();
    for (bytes, whole, cut) in [(bad_version, 16, None), (nxdomain, 3, Some(3))] {
        assert_eq!(parse_udp(&bytes).unwrap().rcode, Some(whole));
        let parsed = parse_udp(&bytes[..bytes.len() - 1]).unwrap();
        assert_eq!(
            (parsed.rcode, parsed.has_all_answers, parsed.complete),
            (cut, true, false)
        );
    }
}
