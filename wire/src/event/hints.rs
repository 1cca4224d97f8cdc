//! What is known about the agent behind a connection, for the layouts that share a version byte.

use super::drop::DropNotify;
use super::policy::{HEADER_1_12, HEADER_1_19};
use super::sample::PacketEvent;
use super::{DebugMsg, Event, PolicyVerdictNotify, TraceNotify, flags, trace_reason};
use crate::release::{Release, Releases};

/// The header of a version 1 `DropNotify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DropV1Header {
    /// Ask the packet.
    #[default]
    Unknown,
    /// 32 bytes, as Cilium 1.12 writes it.
    Len32,
    /// 36 bytes, as Cilium 1.13 to 1.17.3 write it.
    Len36,
}

/// The layout of `TraceSockNotify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SockLayout {
    /// Ask the values.
    #[default]
    Unknown,
    /// 38 bytes without padding, through Cilium 1.18.
    Packed,
    /// 40 bytes in another order, since Cilium 1.19.
    Aligned,
}

/// The releases that the agent behind one connection can be of: what it has sent, and within that
/// what its configuration says. A new connection starts with new hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hints {
    configured: Releases,
    shown: Releases,
    /// Those of `shown` that are configured; all of `shown` if none is.
    releases: Releases,
}

impl From<Releases> for Hints {
    /// The agent is known to be of one of these releases.
    fn from(releases: Releases) -> Self {
        Self {
            configured: releases,
            shown: releases,
            releases,
        }
    }
}

impl From<DropV1Header> for Hints {
    fn from(header: DropV1Header) -> Self {
        Self::from(match header {
            DropV1Header::Unknown => Releases::ANY,
            DropV1Header::Len32 => Releases::before(Release::V1_13),
            DropV1Header::Len36 => Releases::since(Release::V1_13),
        })
    }
}

impl From<SockLayout> for Hints {
    fn from(layout: SockLayout) -> Self {
        Self::from(match layout {
            SockLayout::Unknown => Releases::ANY,
            SockLayout::Packed => Releases::before(Release::V1_19),
            SockLayout::Aligned => Releases::since(Release::V1_19),
        })
    }
}

impl DropV1Header {
    /// What these releases write.
    #[must_use]
    pub fn of(releases: Releases) -> Self {
        if releases.last < Release::V1_13 {
            Self::Len32
        } else if releases.first >= Release::V1_13 {
            Self::Len36
        } else {
            Self::Unknown
        }
    }
}

impl SockLayout {
    /// What these releases write.
    #[must_use]
    pub fn of(releases: Releases) -> Self {
        if releases.last < Release::V1_19 {
            Self::Packed
        } else if releases.first >= Release::V1_19 {
            Self::Aligned
        } else {
            Self::Unknown
        }
    }
}

impl Hints {
    /// The agent is configured to be of one of these releases, which holds until it sends what none
    /// of them does.
    #[must_use]
    pub fn configured(releases: Releases) -> Self {
        Self {
            configured: releases,
            shown: Releases::ANY,
            releases,
        }
    }

    /// The agent is known to be of some patch release of `major.minor`.
    #[must_use]
    pub fn for_release(major: u16, minor: u16) -> Self {
        Self::from(Releases::minor(major, minor))
    }

    /// The releases that the agent can be of.
    #[must_use]
    pub fn releases(&self) -> Releases {
        self.releases
    }

    /// The releases that can have sent what the connection has shown, whatever is configured.
    #[must_use]
    pub fn shown(&self) -> Releases {
        self.shown
    }

    /// The header of a version 1 `DropNotify`.
    #[must_use]
    pub fn drop_v1(&self) -> DropV1Header {
        DropV1Header::of(self.releases)
    }

    /// The layout of `TraceSockNotify`.
    #[must_use]
    pub fn sock(&self) -> SockLayout {
        SockLayout::of(self.releases)
    }

    /// Learns from an event which releases can have sent it. What the agent's own two types say
    /// takes reading their content; see [`Self::learn`].
    pub fn observe(&mut self, event: &Event<'_>) {
        self.learn(senders(event));
    }

    /// Learns that one of `senders` has sent something. What contradicts all that was shown before
    /// outweighs it, and what is shown outweighs what is configured.
    pub fn learn(&mut self, senders: Releases) {
        if self.shown.within(senders) {
            return;
        }
        self.shown = self.shown.and(senders).unwrap_or(senders);
        self.releases = self.configured.and(self.shown).unwrap_or(self.shown);
    }

    /// Learns the same from a number that a later patch release may use, too: it narrows down what
    /// is known, and never contradicts it.
    pub fn learn_from_number(&mut self, senders: Releases) {
        if self.releases.and(senders).is_some() {
            self.learn(senders);
        }
    }

    /// Whether what was sent contradicts what is configured.
    #[must_use]
    pub fn are_contradicted(&self) -> bool {
        !self.releases.within(self.configured)
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
    const FROM_CRYPTO: u8 = 12;
    const TO_CRYPTO: u8 = 13;
    let is_new_in_1_17_4 =
        trace.is_l3_device() || matches!(trace.subtype(), FROM_CRYPTO | TO_CRYPTO);
    match trace.version() {
        1 if has_tunnel(trace.flags()) => Releases::minor(1, 18),
        1 if is_new_in_1_17_4 => Releases::between(Release::V1_17_4, Release::V1_19),
        1 => senders_of_reason(trace.reason()),
        2 => Releases::since(Release::V1_19),
        _ => Releases::ANY,
    }
}

/// Of a trace before 1.19, by the reasons that came and went until then (`bpf/lib/trace.h`).
fn senders_of_reason(reason: u8) -> Releases {
    const SRV6_ENCAP: u8 = 6;
    const SRV6_DECAP: u8 = 7;
    match reason {
        trace_reason::CT_REOPENED => Releases::before(Release::V1_16),
        SRV6_ENCAP | SRV6_DECAP => Releases::between(Release::V1_14, Release::V1_19),
        trace_reason::ENCRYPT_OVERLAY => Releases::between(Release::V1_16, Release::V1_19),
        _ => Releases::before(Release::V1_19),
    }
}

fn senders_of_verdict(verdict: &PolicyVerdictNotify<'_>) -> Releases {
    const L3_PROTO: u8 = 5;
    const PROTO_ONLY: u8 = 6;
    // Neither an event that claims more than it has says anything about its header, nor one with an
    // unknown extension.
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

/// By the messages that are new, and by arguments that were not set or are not set any more
/// (`bpf/lib/conntrack.h`).
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
