//! What `http_flow` holds of connections: no more than what its key allows, however many there are.

use std::alloc::System;
use std::ops::Range;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[expect(dead_code, reason = "shared with the tests of flows")]
#[path = "flows/support.rs"]
mod support;
#[expect(dead_code, reason = "shared with the tests of flows")]
#[path = "flows/wire.rs"]
mod wire;

use support::Chain;
use wire::{CLIENT, SERVER, TO_OVERLAY, tcp, trace};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const CONNECTIONS: u16 = 2_000;
/// What the documentation says of one.
const EACH: usize = 600;
/// Requests that are handed on at a time, and what grows by doubling, such as the index of the
/// table.
const BESIDE: usize = 256 << 10;

/// Requests that nothing answers, each on a connection of its own.
fn play(chain: &mut Chain, ports: Range<u16>) {
    for from in ports.clone().step_by(100) {
        let some = from..ports.end.min(from + 100);
        let head =
            |port| format!("GET /items/{port}?limit=20 HTTP/1.1\r\nHost: shop.default.svc\r\n\r\n");
        chain.run(some.map(|port| {
            trace(
                TO_OVERLAY,
                &tcp((CLIENT, port), (SERVER, 80), 7, head(port).as_bytes()),
            )
        }));
    }
}

#[test]
fn twice_as_many_connections_take_the_memory_that_their_number_is_allowed() {
    let config = format!("{{ connections = {CONNECTIONS}, hold = '0s' }}");
    let mut chain = Chain::of(&[
        ("cilium_decode", "{}"),
        ("l34_flow", "{}"),
        ("http_flow", &config),
    ]);
    // What there is once, whatever comes.
    play(&mut chain, 0..1);
    let region = Region::new(ALLOCATOR);
    let held = |region: &Region<'_, System>| {
        let change = region.change();
        change.bytes_allocated - change.bytes_deallocated
    };
    play(&mut chain, 1..CONNECTIONS);
    let full = held(&region);
    let allowed = usize::from(CONNECTIONS) * EACH + BESIDE;
    assert!(
        (usize::from(CONNECTIONS) * EACH / 3..allowed).contains(&full),
        "{full} bytes of {allowed}"
    );
    assert_eq!(chain.step(2).tally.notes(), [], "none was forgotten");
    play(&mut chain, CONNECTIONS..2 * CONNECTIONS);
    let twice = held(&region);
    assert!(
        twice < allowed,
        "{twice} bytes of {allowed}, {full} with half as many connections"
    );
    assert_eq!(
        chain.step(2).tally.notes(),
        [("http_connections_full", u64::from(CONNECTIONS))]
    );
}
