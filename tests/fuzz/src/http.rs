//! The head of an HTTP/1 message of arbitrary bytes, whole and truncated.
//!
//! The input is a byte that says where the payload is truncated, then the payload.

use tidegate_wire::http::{Body, Chunks, Head, Reason, chunks, parse};
use tidegate_wire::packet::{self, Link};

use super::event::lies_in;
use super::memory::Bound;
use super::seeds;

/// The list of headers, which has at most a hundred entries.
const BOUND: Bound = Bound {
    each: 32,
    base: 512,
};

/// Reads a head, whole and truncated.
///
/// # Panics
/// If too much is allocated, if a view is not part of the input, or if the truncated head
/// contradicts the whole one.
pub fn run(data: &[u8]) {
    let Some((&cut, payload)) = data.split_first() else {
        return;
    };
    let Ok(whole) = BOUND.holds(payload.len(), || parse(payload)) else {
        return;
    };
    for header in &whole.headers {
        assert!(
            !header.name.is_empty()
                && lies_in(header.name.as_bytes(), payload)
                && lies_in(header.value, payload)
        );
    }
    assert!(whole.len.is_none_or(|len| len <= payload.len()));
    let bodies =
        [None, Some("GET"), Some("HEAD"), Some("CONNECT")].map(|method| whole.body(method));
    assert!(whole.is_complete() || bodies.iter().all(|body| *body == Body::Unknown));
    if usize::from(cut) < payload.len() {
        check_truncated(&payload[..cut.into()], &whole);
    }
    if let Chunks::End(len) = chunks(payload) {
        assert!(len <= payload.len());
        assert_eq!(chunks(&payload[..len]), Chunks::End(len));
    }
}

fn check_truncated(payload: &[u8], whole: &Head<'_>) {
    match parse(payload) {
        // A method that is not registered is accepted only in a complete line.
        Err(reason) => {
            let line = payload.trim_ascii_start();
            assert!(!line.contains(&b'\n'), "a complete line");
            assert!(
                reason == Reason::Truncated || !line.starts_with(b"GET "),
                "{}",
                line.escape_ascii()
            );
        }
        Ok(truncated) => {
            assert_eq!(truncated.start, whole.start);
            assert!(whole.headers.starts_with(&truncated.headers));
            assert!(truncated.len.is_none_or(|len| whole.len == Some(len)));
        }
    }
}

/// Unusual heads, and bodies in chunks.
const UNUSUAL: [&[u8]; 6] = [
    b"\r\nget /a b HTTP/1.0 \nHost : a\nX: 1\n 2\nHost: b\n\n",
    b"BREW /pot HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\nhello",
    b"HTTP/1.1  999 \x01\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204\r\n\r\n",
    b"CONNECT db:5432 HTTP/1.1\r\nHost: db\r\n\r\n",
    b"3;x=y\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
];

/// HTTP heads of simulated packets, and unusual ones.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let payload = |packet: &Vec<u8>| {
        packet::parse(packet, Link::Ethernet)
            .ok()
            .map(|packet| packet.payload.to_vec())
    };
    let payloads = seeds::packets()
        .iter()
        .filter_map(payload)
        .collect::<Vec<_>>();
    let heads = payloads.into_iter().filter(|it| parse(it).is_ok());
    heads
        .chain(UNUSUAL.map(<[u8]>::to_vec))
        .map(|head| [&[50], &*head].concat())
        .collect()
}
