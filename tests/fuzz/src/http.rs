//! The head of an HTTP/1 message of any bytes, whole and cut.
//!
//! The input is a byte that says where the payload is cut, then the payload.

use tidegate_wire::http::{Head, Reason, parse};
use tidegate_wire::packet::{self, Link};

use super::event::lies_in;
use super::memory::Bound;
use super::seeds;

/// The list of headers, of which there are a hundred at most.
const BOUND: Bound = Bound { each: 32, base: 512 };

/// Reads a head, and one that was cut.
///
/// # Panics
/// If too much is allocated, if a view shows what was not sent, or if the cut head says what the whole one does not.
pub fn run(data: &[u8]) {
    let Some((&cut, payload)) = data.split_first() else { return };
    let Ok(whole) = BOUND.holds(payload.len(), || parse(payload)) else { return };
    for header in &whole.headers {
        assert!(!header.name.is_empty() && lies_in(header.name.as_bytes(), payload) && lies_in(header.value, payload));
    }
    if usize::from(cut) < payload.len() {
        check_cut(parse(&payload[..cut.into()]), &whole);
    }
}

fn check_cut(cut: Result<Head<'_>, Reason>, whole: &Head<'_>) {
    match cut {
        Err(reason) => assert_eq!(reason, Reason::Truncated),
        Ok(cut) => {
            assert_eq!(cut.start, whole.start);
            assert!(whole.headers.starts_with(&cut.headers));
            assert!(cut.len.is_none_or(|len| whole.len == Some(len)));
        }
    }
}

/// Payloads of simulated packets that are heads.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let payload = |packet: &Vec<u8>| packet::parse(packet, Link::Ethernet).ok().map(|packet| packet.payload.to_vec());
    let payloads = seeds::packets().iter().filter_map(payload).collect::<Vec<_>>();
    payloads.into_iter().filter(|it| parse(it).is_ok()).map(|head| [&[50], &*head].concat()).collect()
}
