//! What a connection has shown about the agent behind it, for the layouts that share a version byte.

use super::drop::DropNotify;
use super::policy::{HEADER_1_12, HEADER_1_19};
use super::sample::PacketEvent;
use super::{Event, PolicyVerdictNotify};

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

/// What is known about one connection's agent. A new connection starts with new hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hints {
    /// The header of a version 1 `DropNotify`.
    pub drop_v1: DropV1Header,
    /// The layout of `TraceSockNotify`.
    pub sock: SockLayout,
}

impl Hints {
    /// What a configured Cilium release settles at once.
    #[must_use]
    pub fn for_release(major: u16, minor: u16) -> Self {
        let drop_v1 = if (major, minor) < (1, 13) { DropV1Header::Len32 } else { DropV1Header::Len36 };
        let sock = if (major, minor) < (1, 19) { SockLayout::Packed } else { SockLayout::Aligned };
        Self { drop_v1, sock }
    }

    /// Learns from an event whose own layout leaves no doubt; from any other nothing.
    pub fn observe(&mut self, event: &Event<'_>) {
        match event {
            Event::Drop(drop) => self.observe_drop(drop),
            Event::Trace(trace) => match trace.version() {
                1 => self.sock = SockLayout::Packed,
                2 => self.sock = SockLayout::Aligned,
                _ => {}
            },
            Event::PolicyVerdict(verdict) => self.observe_verdict(verdict),
            Event::Recorder(_) => self.sock = SockLayout::Packed,
            // 1.12, the only release with the short drop, does not send these.
            Event::TraceSock(_) => self.drop_v1 = DropV1Header::Len36,
            _ => {}
        }
    }

    fn observe_drop(&mut self, drop: &DropNotify<'_>) {
        match drop.version() {
            1 | 2 => self.sock = SockLayout::Packed,
            3 => self.sock = SockLayout::Aligned,
            _ => {}
        }
        match drop.proven_v1_header() {
            DropV1Header::Unknown => {}
            proven => self.drop_v1 = proven,
        }
    }

    fn observe_verdict(&mut self, verdict: &PolicyVerdictNotify<'_>) {
        // An event that claims more than it has says nothing about its header.
        if verdict.packet().len() < usize::from(verdict.len_cap()) {
            return;
        }
        match verdict.header_len() {
            HEADER_1_12 => self.sock = SockLayout::Packed,
            HEADER_1_19 => self.sock = SockLayout::Aligned,
            _ => {}
        }
    }
}
