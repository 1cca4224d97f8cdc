//! The memory of messages that wait for other reports is bounded by the key `pending` of `dns_flow`
//! and `http_flow`.

use std::ops::Range;

use stats_alloc::Region;
use tidegate_wire::event::observation_point::TO_OVERLAY;

use crate::events::{CLIENT, SERVER, dns, tcp, trace, udp};
use crate::support::TestChain;
use crate::{ALLOCATOR, OVERHEAD, exclusive, growth};

const PENDING: u16 = 2_000;
/// The documented bytes of a message.
const PER_MESSAGE: usize = 800;
/// The documented bytes of a DNS message over TCP, besides.
const PER_TCP_MESSAGE: usize = 100;

/// The documented bytes of a connection.
const PER_CONNECTION: usize = 600;

/// The event of a message with this number.
type Message = fn(u16) -> Vec<u8>;

fn query(number: u16) -> Vec<u8> {
    dns(
        number,
        &format!("service-{number}.shop.svc.cluster.local"),
        false,
    )
}

fn query_over_udp(number: u16) -> Vec<u8> {
    trace(
        TO_OVERLAY,
        &udp((CLIENT, 10_000 + number), (SERVER, 53), &query(number)),
    )
}

fn query_over_tcp(number: u16) -> Vec<u8> {
    let message = query(number);
    let length = u16::try_from(message.len()).expect("a short message");
    let stream = [length.to_be_bytes().to_vec(), message].concat();
    trace(
        TO_OVERLAY,
        &tcp((CLIENT, 10_000 + number), (SERVER, 53), 7, &stream),
    )
}

fn request(number: u16) -> Vec<u8> {
    let head = format!("GET /items/{number}?limit=20 HTTP/1.1\r\nHost: shop.default.svc\r\n\r\n");
    trace(
        TO_OVERLAY,
        &tcp((CLIENT, 10_000 + number), (SERVER, 80), 7, head.as_bytes()),
    )
}

fn play(chain: &mut TestChain, message: Message, numbers: Range<u16>) {
    for first in numbers.clone().step_by(100) {
        let some = first..numbers.end.min(first + 100);
        chain.run(some.map(message));
    }
}

/// Has more messages wait than may, and returns what stays allocated with the first half.
fn check(kind: &str, keys: &str, message: Message, per_message: usize) {
    let _only = exclusive();
    let config = format!("{{ pending = {PENDING}, hold = '1h'{keys} }}");
    let mut chain = TestChain::of(&[("cilium_decode", "{}"), ("l34_flow", "{}"), (kind, &config)]);
    // Allocates what does not depend on the number of messages.
    play(&mut chain, message, 0..1);
    let region = Region::new(ALLOCATOR);
    let allowed = usize::from(PENDING) * per_message + OVERHEAD;
    play(&mut chain, message, 1..PENDING);
    let full = growth(&region);
    let least = usize::from(PENDING) * per_message / 4;
    assert!(
        (least..allowed).contains(&full),
        "{kind}: {full} bytes of {allowed}"
    );
    assert_eq!(chain.step(2).tally.notes(), [], "none was released early");
    play(&mut chain, message, PENDING..2 * PENDING);
    let twice = growth(&region);
    assert!(
        twice < allowed,
        "{kind}: {twice} bytes of {allowed}, {full} with half as many"
    );
    let released = chain.step(2).tally.notes().iter();
    let released = released.filter(|(note, _)| *note == "wire_table_full");
    assert_eq!(
        released.map(|(_, count)| *count).sum::<u64>(),
        u64::from(PENDING)
    );
}

#[test]
fn the_memory_of_waiting_dns_messages_is_bounded() {
    check("dns_flow", "", query_over_udp, PER_MESSAGE);
}

#[test]
fn the_memory_of_waiting_dns_messages_over_tcp_is_bounded() {
    check(
        "dns_flow",
        "",
        query_over_tcp,
        PER_MESSAGE + PER_TCP_MESSAGE,
    );
}

/// Each is on a connection of its own, whose memory is a row of its own.
#[test]
fn the_memory_of_waiting_http_requests_is_bounded() {
    let keys = format!(", connections = {PENDING}");
    check("http_flow", &keys, request, PER_MESSAGE + PER_CONNECTION);
}
