//! A DNS message of any bytes, whole and cut.
//!
//! The input is a byte that says where the message is cut, then the message.

use tidegate_wire::dns::{Message, Name, Reason, parse_tcp, parse_udp, question_udp};
use tidegate_wire::packet::{Link, parse};

use super::memory::Bound;
use super::seeds;

/// Names take most: an alias of fourteen bytes may point to one of 255, each byte written as four.
const BOUND: Bound = Bound {
    each: 96,
    base: 2048,
};

/// Reads a message from UDP and from TCP, and one that was cut.
///
/// # Panics
/// If too much is allocated, if it is another message over TCP, where it has to end at its end, or
/// if the cut message says what the whole one does not, or the question alone what the whole does
/// not.
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
    check(&whole);
    check_question(message, &whole);
    if usize::from(cut) < message.len() {
        check_cut(parse_udp(&message[..cut.into()]), &whole);
    }
}

fn check(message: &Message) {
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
    // What was read before.
    question_udp(
        b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x03a.b\0\0\x01\0\x01",
        &mut name,
    )
    .expect("a name with a dot");
    let question = question_udp(message, &mut name).expect("the whole was read");
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

fn check_cut(cut: Result<Message, Reason>, whole: &Message) {
    let Ok(cut) = cut else { return };
    assert_eq!(
        (cut.id, &cut.query, &cut.qtypes),
        (whole.id, &whole.query, &whole.qtypes)
    );
    assert!(whole.ips.starts_with(&cut.ips));
    assert!(whole.cnames.starts_with(&cut.cnames));
    assert!(whole.answer_types.starts_with(&cut.answer_types));
    assert!(whole.complete || !cut.complete);
    assert!(whole.has_all_answers || !cut.has_all_answers);
    assert!(cut.rcode.is_none() || cut.rcode == whole.rcode || !cut.complete);
}

/// Payloads of simulated packets that are messages.
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
