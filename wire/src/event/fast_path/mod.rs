//! Fast path for traces and policy verdicts as Cilium writes them since 1.19, on a connection that
//! is known to be of such a release. Their layout reveals nothing more about the release.
//!
//! Everything else is parsed by [`parse`](super::parse). A property test checks that both agree.

use super::hints::Hints;
use super::message_type::{POLICY_VERDICT, TRACE};
use super::sample::{Sample, beside_packet, offset};
use super::{TraceNotify, policy, trace};
use crate::release::Release;

/// Length of the common header of all events with a packet, in bytes.
const COMMON: usize = 16;

/// The length of an event's header, which its packet follows; `None` leaves the event to
/// [`parse`](super::parse).
///
/// Events that are accepted here need not be passed to [`Hints::observe`], which would not change.
#[must_use]
#[inline]
pub fn header_len(data: &[u8], hints: &Hints) -> Option<usize> {
    let common: &[u8; COMMON] = data.first_chunk()?;
    let kind = common[0];
    let version = common[offset::VERSION];
    let is_release_known = (hints.shown().first >= Release::V1_19) & !hints.are_contradicted();
    // Traces and verdicts alternate unpredictably, so the two are not told apart by a branch.
    let is_trace = (kind == TRACE) & (version == 2);
    let is_verdict = (kind == POLICY_VERDICT) & !policy::is_before_1_19(beside_packet(data));
    let len = if kind == TRACE {
        trace::HEADER_V2
    } else {
        policy::HEADER_1_19
    };
    let is_listed = (is_trace | is_verdict) & (common[offset::EXT_VERSION] == 0);
    (is_release_known & is_listed & (data.len() >= len)).then_some(len)
}

/// Reads a trace again that was found to have the layout of 1.19, with its packet at
/// `packet_offset`; `None` leaves the event to [`reparse`](super::reparse). The header's length is
/// a constant here, so that the compiler omits the bounds checks of its fields.
#[must_use]
#[inline(always)]
pub fn trace(data: &[u8], packet_offset: usize) -> Option<TraceNotify<'_>> {
    let (header, _) = data.split_first_chunk::<{ trace::HEADER_V2 }>()?;
    let is_1_19 = (packet_offset == trace::HEADER_V2)
        & (header[0] == TRACE)
        & (header[offset::EXT_VERSION] == 0);
    let sample = Sample::cut(data, trace::HEADER_V2)?;
    is_1_19.then(|| TraceNotify::of(sample))
}

#[cfg(test)]
mod tests;
