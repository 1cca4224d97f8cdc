//! The releases that can have sent an event, by its layout and its numbers.

use super::drop::DropNotify;
use super::hints::{DropV1Header, Hints};
use super::policy::{HEADER_1_12, HEADER_1_19};
use super::sample::PacketEvent;
use super::{
    DebugMsg, Event, PolicyVerdictNotify, TraceNotify, flags, observation_point, trace_reason,
};
use crate::release::{Release, Releases};

impl Hints {
    /// Narrows the releases down to those that can have sent an event. The agent's two event types
    /// have to be decoded first; see [`Self::narrow_to`].
    pub fn observe(&mut self, event: &Event<'_>) {
        self.narrow_to(senders(event));
    }
}

/// The releases that can have sent an event.
fn senders(event: &Event<'_>) -> Releases {
    match event {
        Event::Drop(drop) => senders_of_drop(drop),
        Event::Trace(trace) => senders_of_trace(trace),
        Event::PolicyVerdict(verdict) => senders_of_verdict(verdict),
        Event::Debug(message) => senders_of_debug_message(message),
        Event::Recorder(_) => Releases::before(Release::V1_19),
        Event::TraceSock(_) => Releases::since(Release::V1_13),
        _ => Releases::ANY,
    }
}

fn senders_of_drop(drop: &DropNotify<'_>) -> Releases {
    match drop.version() {
        1 if drop.proven_v1_header() == DropV1Header::Unknown => Releases::before(Release::V1_17_4),
        2 if has_tunnel(drop.flags()) => Releases::minor(1, 18),
        _ => drop.senders(),
    }
}

fn senders_of_trace(trace: &TraceNotify<'_>) -> Releases {
    let is_new_in_1_17_4 = trace.is_l3_device()
        || matches!(
            trace.subtype(),
            observation_point::FROM_CRYPTO | observation_point::TO_CRYPTO
        );
    match trace.version() {
        1 if has_tunnel(trace.flags()) => Releases::minor(1, 18),
        1 if is_new_in_1_17_4 => Releases::between(Release::V1_17_4, Release::V1_19),
        1 => senders_of_reason(trace.reason()),
        2 => Releases::since(Release::V1_19),
        _ => Releases::ANY,
    }
}

/// The releases before 1.19 that send a trace with this reason (`bpf/lib/trace.h`).
fn senders_of_reason(reason: u8) -> Releases {
    match reason {
        trace_reason::CT_REOPENED => Releases::before(Release::V1_16),
        trace_reason::SRV6_ENCAP | trace_reason::SRV6_DECAP => {
            Releases::between(Release::V1_14, Release::V1_19)
        }
        trace_reason::ENCRYPT_OVERLAY => Releases::between(Release::V1_16, Release::V1_19),
        _ => Releases::before(Release::V1_19),
    }
}

fn senders_of_verdict(verdict: &PolicyVerdictNotify<'_>) -> Releases {
    const L3_PROTO: u8 = 5;
    const PROTO_ONLY: u8 = 6;
    // The header of an event whose packet is incomplete, or that has an extension, proves nothing.
    if verdict.packet().len() < usize::from(verdict.len_cap()) || verdict.ext_version() != 0 {
        return Releases::ANY;
    }
    match verdict.header_len() {
        HEADER_1_12 if verdict.auth_type() != 0 => {
            Releases::between(Release::V1_14, Release::V1_19)
        }
        HEADER_1_12 if matches!(verdict.match_type(), L3_PROTO | PROTO_ONLY) => {
            Releases::between(Release::V1_13, Release::V1_19)
        }
        HEADER_1_12 => Releases::before(Release::V1_19),
        HEADER_1_19 => Releases::since(Release::V1_19),
        _ => Releases::ANY,
    }
}

/// The releases that send a debug message, by messages that were added and by arguments that some
/// releases do not set (`bpf/lib/conntrack.h`).
fn senders_of_debug_message(message: &DebugMsg<'_>) -> Releases {
    const CT_LOOKUP4_2: u8 = 49;
    const CT_CREATED4: u8 = 50;
    const CT_LOOKUP6_2: u8 = 52;
    const SKIP_POLICY: u8 = 66;
    const LB6_LOOPBACK_SNAT: u8 = 67;
    const LB6_LOOPBACK_SNAT_REV: u8 = 68;
    let [_, second, third] = message.args();
    match message.subtype() {
        CT_LOOKUP4_2 | CT_LOOKUP6_2 if (second, third) != (0, 0) => Releases::since(Release::V1_14),
        CT_CREATED4 if third != 0 => Releases::before(Release::V1_14),
        SKIP_POLICY => Releases::since(Release::V1_15),
        LB6_LOOPBACK_SNAT | LB6_LOOPBACK_SNAT_REV => Releases::since(Release::V1_18),
        _ => Releases::ANY,
    }
}

fn has_tunnel(flags: u8) -> bool {
    flags & (flags::VXLAN | flags::GENEVE) != 0
}
