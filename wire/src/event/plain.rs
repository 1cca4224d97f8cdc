//! Most events of a connection, told by some bytes: traces and policy verdicts as Cilium writes
//! them since 1.19, on a connection that has shown to be of such a release. There is nothing more
//! to learn from their layout.

use super::hints::Hints;
use super::message_type::{POLICY_VERDICT, TRACE};
use super::sample::{Sample, beside_packet, offset};
use super::{TraceNotify, policy, trace};
use crate::release::Release;

/// Bytes that all events with a packet begin alike.
const COMMON: usize = 16;

/// The length of the header of such an event, behind which its packet is; `None` for any other.
///
/// What is told here, [`parse`](super::parse) finds, too, and [`Hints::observe`] learns nothing
/// from it.
#[must_use]
#[inline]
pub fn plain_header(data: &[u8], hints: &Hints) -> Option<usize> {
    let common: &[u8; COMMON] = data.first_chunk()?;
    let (kind, version) = (common[0], common[offset::VERSION]);
    let known = (hints.shown().first >= Release::V1_19) & !hints.are_contradicted();
    // No branch between the two: which one comes next, nobody can guess.
    let is_trace = (kind == TRACE) & (version == 2);
    let is_verdict = (kind == POLICY_VERDICT) & !policy::is_of_1_12(beside_packet(data));
    let len = if kind == TRACE {
        trace::HEADER_V2
    } else {
        policy::HEADER_1_19
    };
    let is_plain = (is_trace | is_verdict) & (common[offset::EXT_VERSION] == 0);
    (known & is_plain & (data.len() >= len)).then_some(len)
}

/// Reads a trace again whose layout was settled as that of 1.19, with its packet at
/// `packet_offset`; `None` for any other event. What its fields lie in has a known length here, so
/// that reading one takes no question whether it is there.
#[must_use]
#[inline(always)]
pub fn plain_trace(data: &[u8], packet_offset: usize) -> Option<TraceNotify<'_>> {
    let (header, _) = data.split_first_chunk::<{ trace::HEADER_V2 }>()?;
    let is_plain = (packet_offset == trace::HEADER_V2)
        & (header[0] == TRACE)
        & (header[offset::EXT_VERSION] == 0);
    let sample = Sample::cut(data, trace::HEADER_V2)?;
    is_plain.then(|| TraceNotify::of(sample))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::{Event, PacketEvent, parse};
    use crate::release::Releases;

    fn event(kind: u8, len: usize, captured: u16, version: u8, extension: u8) -> Vec<u8> {
        let mut data = vec![0; len.max(16)];
        data[0] = kind;
        data[12..14].copy_from_slice(&captured.to_le_bytes());
        (data[14], data[15]) = (version, extension);
        data.truncate(len);
        data
    }

    #[test]
    fn what_1_19_writes_is_plain_on_a_connection_of_1_19() {
        let (new, old) = (Hints::for_release(1, 19), Hints::for_release(1, 18));
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
                (plain_header(&data, &new), plain_header(&data, &old)),
                (expected, None),
                "{data:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_plain_is_parsed_alike_and_teaches_nothing(
            (kind, version, extension) in (prop::sample::select(vec![1_u8, 3, TRACE, POLICY_VERDICT]), 0_u8..4, 0_u8..2),
            (len, captured) in (0_usize..140, 0_u16..140),
            said in prop::sample::select(vec![Releases::ANY, Releases::minor(1, 18), Releases::since(Release::V1_19)]),
            first in prop::sample::select(vec![event(TRACE, 64, 8, 2, 0), event(TRACE, 64, 8, 1, 0)]),
        ) {
            let mut hints = Hints::from(said);
            hints.observe(&parse(&first, &hints).unwrap());
            let data = event(kind, len, captured, version, extension);
            let Some(header) = plain_header(&data, &hints) else { return Ok(()) };
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
}
