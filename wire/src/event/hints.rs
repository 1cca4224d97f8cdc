//! What is known about the agent behind a connection, for the layouts that share a version byte.

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
