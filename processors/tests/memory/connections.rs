//! The memory of the connections that `http_flow` remembers is bounded by its key `connections`.

use std::ops::Range;

use stats_alloc::Region;
use tidegate_wire::event::observation_point::TO_OVERLAY;

use crate::events::{CLIENT, SERVER, tcp, trace};
use crate::support::TestChain;
use crate::{ALLOCATOR, OVERHEAD, exclusive, growth};

const CONNECTIONS: u16 = 2_000;
/// The documented bytes of a connection.
const PER_CONNECTION: usize = 600;

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
    let _only = exclusive();
    let config = format!("{{ connections = {CONNECTIONS}, hold = '0s' }}");
    let mut chain = TestChain::of(&[
        ("cilium_decode", "{}"),
        ("l34_flow", "{}"),
        ("http_flow", &config),
    ]);
    // Allocates what does not depend on the number of connections.
    play(&mut chain, 0..1);
    let region = Region::new(ALLOCATOR);
    play(&mut chain, 1..CONNECTIONS);
    let full = growth(&region);
    let allowed = usize::from(CONNECTIONS) * PER_CONNECTION + OVERHEAD;
    assert!(
        (usize::from(CONNECTIONS) * PER_CONNECTION / 3..allowed).contains(&full),
        "{full} bytes of {allowed}"
    );
    assert_eq!(chain.step(2).tally.notes(), [], "none was evicted");
    play(&mut chain, CONNECTIONS..2 * CONNECTIONS);
    let twice = growth(&region);
    assert!(
        twice < allowed,
        "{twice} bytes of {allowed}, {full} with half as many connections"
    );
    assert_eq!(
        chain.step(2).tally.notes(),
        [("http_connections_full", u64::from(CONNECTIONS))]
    );
}
