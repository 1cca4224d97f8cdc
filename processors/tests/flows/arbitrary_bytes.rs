//! Arbitrary bytes from the socket: nothing panics, and every record is accounted for.

use crate::events::{CLIENT, SERVER, dns, tcp, trace, udp};
use crate::support::{NOON, TestChain, golden};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tidegate_model::record::Frame;
use tidegate_wire::event::observation_point::TO_OVERLAY;

/// Recorded events of every type, and packets with messages in them.
fn seeds() -> Vec<Vec<u8>> {
    let http = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    let recorded = ["perf", "logrecord", "agent"]
        .into_iter()
        .flat_map(golden)
        .map(|(_, data)| data);
    let generated = [
        trace(
            TO_OVERLAY,
            &udp((SERVER, 53), (CLIENT, 4000), &dns(7, "a.example.", true)),
        ),
        trace(TO_OVERLAY, &tcp((CLIENT, 4000), (SERVER, 80), 1, http)),
    ];
    recorded.chain(generated).collect()
}

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let changes = vec((any::<Index>(), any::<u8>()), 0..6);
    (select(seeds()), changes, any::<Index>(), any::<bool>()).prop_map(
        |(mut data, changes, cut, whole)| {
            for (at, byte) in changes {
                let at = at.index(data.len());
                data[at] = byte;
            }
            if !whole {
                data.truncate(cut.index(data.len() + 1));
            }
            data
        },
    )
}

fn data() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => mutated(), 1 => vec(any::<u8>(), 0..200)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_frame_is_kept_or_dropped_with_a_reason(
        frames in vec((prop_oneof![9 => Just(9), 1 => -1..11], data()), 1..40),
    ) {
        let mut chain = TestChain::of(&[
            ("cilium_decode", "{}"),
            ("l34_flow", "{}"),
            ("sock_flow", "{}"),
            ("dns_flow", "{ pending = 3 }"),
            ("http_flow", "{ pending = 3 }"),
            ("l7_flow", "{}"),
        ]);
        chain.run_frames(frames.into_iter().map(|(payload_type, data)| {
            let frame = Frame { time: NOON, payload_type, ..Frame::default() };
            (frame, data)
        }));
        for (at, step) in chain.steps().iter().enumerate() {
            let lost = usize::try_from(step.dropped()).expect("a count");
            // The L7 stages release additional flows.
            let added = if (3..5).contains(&at) { step.left + lost - step.entered } else { 0 };
            prop_assert_eq!(step.entered + added, step.left + lost, "step {}", at);
            let mut notes = step.tally.notes().iter();
            let evicted = notes.find(|(note, _)| *note == "wire_table_full");
            let evicted = evicted.map_or(0, |(_, count)| *count);
            prop_assert!(added as u64 <= evicted, "step {}", at);
        }
        chain.finish(NOON);
    }
}
