//! Names: their text, length and pointers.

use tidegate_wire::dns::{Name, Reason, parse_udp, question_udp};

use crate::support::{QUERY, RESPONSE, header, question, record};

#[test]
fn names_are_escaped_as_in_zone_files() {
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
fn names_have_at_most_255_bytes_and_labels_63() {
    let long = |last: usize| [63, 63, 63, last].map(|len| "x".repeat(len)).join(".");
    let parsed = |query: &str| {
        parse_udp(&question(QUERY, [1, 0, 0, 0], query, 1)).map(|message| message.query.len())
    };
    // With the lengths and the root, three labels of 63 leave 62 bytes for the fourth.
    assert_eq!(parsed(&long(61)), Ok(254));
    assert_eq!(parsed(&long(62)), Err(Reason::BadName));
    assert_eq!(parsed(&"y".repeat(63)), Ok(64));
    assert_eq!(parsed(&"y".repeat(64)), Err(Reason::BadName));
}

#[test]
fn a_name_is_replaced_by_the_next_question() {
    let names: [(&[u8], &str); 4] = [
        (b"\x03WWW\x01a\x00", "www.a."),
        (b"\x01b\x00", "b."),
        (b"\x03A.b\x00", "a\\.b."),
        (&[0], "."),
    ];
    let mut name = Name::default();
    for ((first, _), (second, text)) in names
        .iter()
        .flat_map(|first| names.map(|second| (first, second)))
    {
        for bytes in [*first, second] {
            let message = [&header(QUERY, [1, 0, 0, 0])[..], bytes, &[0, 28, 0, 1]].concat();
            let question = question_udp(&message, &mut name).unwrap();
            assert_eq!(
                (question.id(), question.is_response(), question.qtypes()),
                (0x1234, false, &[28][..])
            );
        }
        assert_eq!(name.as_bytes(), text.as_bytes());
    }
}

/// Two pointers that point to each other.
#[test]
fn pointers_in_a_loop_are_refused() {
    let message = question(RESPONSE, [1, 1, 0, 0], "a.b", 1);
    let position = message.len() as u8;
    let pointers = [0xc0, position + 2, 0xc0, position];
    let bytes = [message, record(&pointers, 1, 1, &[1, 2, 3, 4])].concat();
    assert_eq!(parse_udp(&bytes), Err(Reason::BadName));
}

/// An answer whose owner is a chain of pointers, the last one to the question's name.
fn owned_by_pointers(pointers: usize) -> Vec<u8> {
    let mut message = question(RESPONSE, [1, 2, 0, 0], "a.b", 1);
    // The chain is in a text record, whose data is not parsed.
    let start = message.len() + 11;
    let positions = std::iter::once(12).chain((0..).map(|link| start + 2 * link));
    let chain: Vec<_> = positions
        .take(pointers)
        .map(|position| (0xc000 | position as u16).to_be_bytes())
        .collect();
    message.extend(record(&[0], 16, 1, chain[..pointers - 1].as_flattened()));
    message.extend(record(&chain[pointers - 1], 1, 1, &[1, 2, 3, 4]));
    message
}

#[test]
fn names_with_more_pointers_than_cilium_follows_are_refused() {
    assert_eq!(
        parse_udp(&owned_by_pointers(126)).map(|message| message.ips.len()),
        Ok(1)
    );
    assert_eq!(parse_udp(&owned_by_pointers(127)), Err(Reason::BadName));
}
