//! The memory of the connections that `http_flow` remembers is bounded by its key `connections`.

use std::alloc::System;
use std::ops::Range;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[expect(dead_code, reason = "shared with the tests of flows")]
#[path = "flows/events.rs"]
mod events;
#[expect(dead_code, reason = "shared with the tests of flows")]
#[path = "flows/support.rs"]
mod support;

use events::{CLIENT, SERVER, tcp, trace};
use support::TestChain;
use tidegate_wire::event::observation_point::TO_OVERLAY;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const CONNECTIONS: u16 = 2_000;
/// The documented bytes of a connection.
const PER_CONNECTION: usize = 600;
/// Flows that are released at a time, and memory that grows by doubling, such as the table's index.
const OVERHEAD: usize = 256 << 10;

/// Sends requests without responses, each on a connection of its own.
fn play(chain: &mut TestChain, ports: Range<u16>) {
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
fn the_memory_of_connections_is_bounded() {
    let config = format!("{{ connections = {CONNECTIONS}, hold = '0s' }}");
    let mut chain = TestChain::of(&[
        ("cilium_decode", "{}"),
        ("l34_flow", "{}"),
        ("http_flow", &config),
    ]);
    // Allocates what does not depend on the number of connections.
    play(&mut chain, 0..1);
    let region = Region::new(ALLOCATOR);
    let held = |region: &Region<'_, System>| {
        let change = region.change();
        change.bytes_allocated - change.bytes_deallocated
    };
    play(&mut chain, 1..CONNECTIONS);
    let full = held(&region);
    let allowed = usize::from(CONNECTIONS) * PER_CONNECTION + OVERHEAD;
    assert!(
        (usize::from(CONNECTIONS) * PER_CONNECTION / 3..allowed).contains(&full),
        "{full} bytes of {allowed}"
    );
    assert_eq!(chain.step(2).tally.notes(), [], "none was evicted");
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
