//! A DNS message of arbitrary bytes, whole and truncated.
//!
//! The input is a byte that says where the message is truncated, then the message.

use tidegate_wire::dns::{Message, Name, Reason, parse_tcp, parse_udp, question_udp};
use tidegate_wire::packet::{Link, parse};

use super::memory::Bound;
use super::seeds;

/// Names need the most: an alias of fourteen bytes may point to one of 255, each byte escaped as four.
const BOUND: Bound = Bound {
    each: 96,
    base: 2048,
};

/// Reads a message from UDP and from TCP, and truncated.
///
/// # Panics
/// If too much is allocated, if the message over TCP, where trailing bytes are an error, differs, or
/// if the truncated message or the question alone contradicts the whole message.
pub fn run(data: &[u8]) {
    let Some((&cut, message)) = data.split_first() else {
        return;
    };
    let whole = BOUND.holds(message.len(), || parse_udp(message));
    let length = u16::try_from(message.len())
        .unwrap_or(u16::MAX)
        .to_be_bytes();
    let over_tcp = parse_tcp(&[&length, message].concat());
    let is_stricter = matches!(
        over_tcp,
        Err(Reason::BadCounts | Reason::BadRecord | Reason::Truncated)
    );
    assert!(
        over_tcp == whole || is_stricter,
        "{over_tcp:?}, not {whole:?}"
    );
    let Ok(whole) = whole else { return };
    check_message(&whole);
    check_question(message, &whole);
    if usize::from(cut) < message.len() {
        check_truncated(parse_udp(&message[..cut.into()]), &whole);
    }
}

fn check_message(message: &Message) {
    assert!(message.query.is_ascii() && message.query.ends_with('.') != message.qtypes.is_empty());
    assert!(
        message
            .cnames
            .iter()
            .all(|name| name.is_ascii() && name.ends_with('.'))
    );
    assert!(message.ips.len() + message.cnames.len() <= message.answer_types.len());
}

fn check_question(message: &[u8], whole: &Message) {
    let mut name = Name::default();
    // The buffer holds an earlier name.
    question_udp(
        b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x03a.b\0\0\x01\0\x01",
        &mut name,
    )
    .expect("a valid question");
    let question = question_udp(message, &mut name).expect("the whole message is valid");
    assert_eq!(
        (question.id(), question.is_response()),
        (whole.id, whole.response)
    );
    assert_eq!(
        (question.qtypes(), name.as_bytes()),
        (&*whole.qtypes, whole.query.as_bytes())
    );
    assert_eq!(question.message(&name).as_ref(), Ok(whole));
}

fn check_truncated(truncated: Result<Message, Reason>, whole: &Message) {
    let Ok(truncated) = truncated else { return };
    assert_eq!(
        (truncated.id, &truncated.query, &truncated.qtypes),
        (whole.id, &whole.query, &whole.qtypes)
    );
    assert!(whole.ips.starts_with(&truncated.ips));
    assert!(whole.cnames.starts_with(&truncated.cnames));
    assert!(whole.answer_types.starts_with(&truncated.answer_types));
    assert!(whole.complete || !truncated.complete);
    assert!(whole.has_all_answers || !truncated.has_all_answers);
    assert!(truncated.rcode.is_none() || truncated.rcode == whole.rcode || !truncated.complete);
}

/// DNS messages of simulated packets.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let payload = |packet: &Vec<u8>| {
        parse(packet, Link::Ethernet)
            .ok()
            .map(|packet| packet.udp_payload().to_vec())
    };
    let payloads = seeds::packets()
        .iter()
        .filter_map(payload)
        .collect::<Vec<_>>();
    payloads
        .into_iter()
        .filter(|it| parse_udp(it).is_ok())
        .map(|message| [&[40], &*message].concat())
        .collect()
}
