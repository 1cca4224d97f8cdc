//! What is known about the agent behind a connection, for the layouts that share a version byte.

use super::drop::DropNotify;
use super::policy::{HEADER_1_12, HEADER_1_19};
use super::sample::PacketEvent;
use super::{Event, PolicyVerdictNotify, TraceNotify, flags};
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

/// The releases that the agent behind one connection can be of: those that it was said to be of, narrowed down by
/// what it has sent. A new connection starts with new hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hints {
    said: Releases,
    releases: Releases,
}

impl From<Releases> for Hints {
    /// The agent is said to be of one of these releases.
    fn from(said: Releases) -> Self {
        Self { said, releases: said }
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

impl Hints {
    /// The agent is said to be of some patch release of `major.minor`.
    #[must_use]
    pub fn for_release(major: u16, minor: u16) -> Self {
        Self::from(Releases::minor(major, minor))
    }

    /// The releases that the agent can be of.
    #[must_use]
    pub fn releases(&self) -> Releases {
        self.releases
    }

    /// The header of a version 1 `DropNotify`.
    #[must_use]
    pub fn drop_v1(&self) -> DropV1Header {
        if self.releases.last < Release::V1_13 {
            DropV1Header::Len32
        } else if self.releases.first >= Release::V1_13 {
            DropV1Header::Len36
        } else {
            DropV1Header::Unknown
        }
    }

    /// The layout of `TraceSockNotify`.
    #[must_use]
    pub fn sock(&self) -> SockLayout {
        if self.releases.last < Release::V1_19 {
            SockLayout::Packed
        } else if self.releases.first >= Release::V1_19 {
            SockLayout::Aligned
        } else {
            SockLayout::Unknown
        }
    }

    /// Learns from an event which releases can have sent it. What the agent's own two types say takes reading their
    /// content; see [`Self::learn`].
    pub fn observe(&mut self, event: &Event<'_>) {
        self.learn(senders(event));
    }

    /// Learns that one of `senders` has sent something. What contradicts all that is known outweighs what was learnt
    /// before, and only then what was said.
    pub fn learn(&mut self, senders: Releases) {
        if self.releases.within(senders) {
            return;
        }
        self.releases = self.releases.and(senders).or_else(|| self.said.and(senders)).unwrap_or(senders);
    }

    /// Whether what was sent contradicts what was said.
    #[must_use]
    pub fn are_contradicted(&self) -> bool {
        !self.releases.within(self.said)
    }
}

/// The releases that can have sent an event.
fn senders(event: &Event<'_>) -> Releases {
    match event {
        Event::Drop(drop) => senders_of_drop(drop),
        Event::Trace(trace) => senders_of_trace(trace),
        Event::PolicyVerdict(verdict) => senders_of_verdict(verdict),
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
    let is_new_in_1_17_4 = trace.is_l3_device() || matches!(trace.subtype(), FROM_CRYPTO | TO_CRYPTO);
    match trace.version() {
        1 if has_tunnel(trace.flags()) => Releases::minor(1, 18),
        1 if is_new_in_1_17_4 => Releases::between(Release::V1_17_4, Release::V1_19),
        1 => Releases::before(Release::V1_19),
        2 => Releases::since(Release::V1_19),
        _ => Releases::ANY,
    }
}

fn senders_of_verdict(verdict: &PolicyVerdictNotify<'_>) -> Releases {
    // Neither an event that claims more than it has says anything about its header, nor one with an unknown extension.
    if verdict.packet().len() < usize::from(verdict.len_cap()) || verdict.ext_version() != 0 {
        return Releases::ANY;
    }
    match verdict.header_len() {
        HEADER_1_12 => Releases::before(Release::V1_19),
        HEADER_1_19 => Releases::since(Release::V1_19),
        _ => Releases::ANY,
    }
}

fn has_tunnel(flags: u8) -> bool {
    flags & (flags::VXLAN | flags::GENEVE) != 0
}
