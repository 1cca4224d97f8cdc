//! Holds the fast path to the general parser.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::event::{Event, PacketEvent, parse};
use crate::release::Releases;

fn event(kind: u8, len: usize, captured: u16, version: u8, extension: u8) -> Vec<u8> {
    let mut data = vec![0; len.max(16)];
    data[0] = kind;
    data[12..14].copy_from_slice(&captured.to_le_bytes());
    data[14] = version;
    data[15] = extension;
    data.truncate(len);
    data
}

#[test]
fn events_of_1_19_take_the_fast_path_on_a_connection_of_1_19() {
    let new = Hints::for_release(1, 19);
    let old = Hints::for_release(1, 18);
    for (data, expected) in [
        (event(TRACE, 120, 64, 2, 0), Some(56)),
        (event(TRACE, 120, 64, 1, 0), None),
        (event(TRACE, 120, 64, 2, 1), None),
        (event(TRACE, 55, 0, 2, 0), None),
        (event(POLICY_VERDICT, 104, 64, 1, 0), Some(40)),
        (event(POLICY_VERDICT, 96, 64, 1, 0), None),
        (event(1, 120, 64, 3, 0), None),
        (vec![], None),
    ] {
        assert_eq!(
            (header_len(&data, &new), header_len(&data, &old)),
            (expected, None),
            "{data:?}"
        );
    }
}

proptest! {
    #[test]
    fn the_fast_path_and_the_parser_agree_and_hints_do_not_change(
        kind in select(vec![1_u8, 3, TRACE, POLICY_VERDICT]),
        (version, extension) in (0_u8..4, 0_u8..2),
        (len, captured) in (0_usize..140, 0_u16..140),
        known in select(vec![
            Releases::ANY,
            Releases::minor(1, 18),
            Releases::since(Release::V1_19),
        ]),
        first in select(vec![event(TRACE, 64, 8, 2, 0), event(TRACE, 64, 8, 1, 0)]),
    ) {
        let mut hints = Hints::from(known);
        hints.observe(&parse(&first, &hints).unwrap());
        let data = event(kind, len, captured, version, extension);
        let Some(header) = header_len(&data, &hints) else { return Ok(()) };
        let parsed = parse(&data, &hints).unwrap();
        let found = match &parsed {
            Event::Trace(trace) => (trace.header_len(), trace.packet_offset()),
            Event::PolicyVerdict(verdict) => (verdict.header_len(), verdict.packet_offset()),
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(found, (header, header));
        let before = hints;
        hints.observe(&parsed);
        prop_assert_eq!(hints, before);
    }
}
