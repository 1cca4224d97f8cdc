//! Messages in TCP segments: several in one segment, one in several segments, and segments that
//! start inside a message.

use tidegate_wire::dns::{Name, Reason, Segments, parse_tcp, parse_udp};

use crate::support::{QUERY, RESPONSE, SAME_NAME, question, record, response, with_length};

#[test]
fn all_messages_of_a_segment_are_read() {
    let query = |id: u8| {
        [
            &[0, id][..],
            &question(QUERY, [1, 0, 0, 0], &format!("q{id}.example"), 1)[2..],
        ]
        .concat()
    };
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
    assert_eq!(
        read(&payload[..2 * length + 1]),
        [Ok(1), Ok(2), Err(Reason::Truncated)]
    );
    assert_eq!(
        read(&payload[..3 * length - 1]),
        [Ok(1), Ok(2), Err(Reason::Truncated)]
    );
    assert_eq!(read(&[]), []);
}

#[test]
fn a_message_that_continues_in_the_next_segment_is_incomplete_and_the_rest_is_refused() {
    let bytes = with_length(&response());
    for at in 2..bytes.len() {
        let start = parse_tcp(&bytes[..at]);
        assert!(
            start.is_err() || start.is_ok_and(|start| !start.complete),
            "{at}"
        );
        assert!(parse_tcp(&bytes[at..]).is_err(), "{at}");
    }
    // With uncommon flags, an incomplete message could be the middle of another one.
    let mut uncommon = bytes.clone();
    uncommon[5] |= 0x40;
    assert!(parse_tcp(&uncommon).is_ok());
    assert_eq!(
        parse_tcp(&uncommon[..uncommon.len() - 1]),
        Err(Reason::BadFlags)
    );
}

#[test]
fn a_message_in_a_stream_ends_with_its_length() {
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

/// A response with many records, like one of a zone transfer, after its length.
fn transfer(ttl: u32, data: impl Fn(u8) -> (u16, Vec<u8>)) -> Vec<u8> {
    let mut message = question(RESPONSE, [1, 250, 0, 0], "db.example.com", 252);
    for n in 0..250 {
        let (kind, data) = data(n);
        message.extend(record(&SAME_NAME, kind, ttl, &data));
    }
    with_length(&message)
}

/// A segment can start anywhere in a stream.
#[test]
fn no_position_inside_a_message_is_mistaken_for_its_start() {
    let mut addresses: Vec<[u8; 3]> = vec![
        [10, 0, 0],
        [10, 0, 1],
        [10, 0, 3],
        [10, 0, 4],
        [192, 168, 0],
        [192, 168, 1],
    ];
    addresses.extend([[172, 16, 0], [127, 0, 0], [1, 0, 1], [0, 1, 0], [128, 0, 0]]);
    for ttl in [0, 5, 60, 3600] {
        for [a, b, c] in &addresses {
            let bytes = transfer(ttl, |n| (1, vec![*a, *b, *c, n]));
            for at in 1..bytes.len() {
                assert!(
                    parse_tcp(&bytes[at..]).is_err(),
                    "at {at} of {a}.{b}.{c}.0/24 with TTL {ttl}"
                );
                let cut = (at + 86).min(bytes.len());
                assert!(
                    parse_tcp(&bytes[at..cut]).is_err(),
                    "cut, at {at} of {a}.{b}.{c}.0/24 with TTL {ttl}"
                );
            }
        }
        let bytes = transfer(ttl, |n| {
            (
                28,
                [&[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &[n]].concat(),
            )
        });
        for at in 1..bytes.len() {
            assert!(
                parse_tcp(&bytes[at..]).is_err(),
                "at {at} of fd00::/120 with TTL {ttl}"
            );
        }
    }
}
