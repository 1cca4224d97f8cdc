//! The releases that the agent of a connection can have, to disambiguate layouts that share a
//! version byte.

use crate::release::{Release, Releases};

/// The header of a version 1 `DropNotify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DropV1Header {
    /// The packet has to be inspected.
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
    /// The values have to be inspected.
    #[default]
    Unknown,
    /// 38 bytes without padding, through Cilium 1.18.
    Packed,
    /// 40 bytes in another order, since Cilium 1.19.
    Aligned,
}

/// The releases that the agent of a connection can have, by what it has sent and by what is
/// configured. A new connection needs new hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hints {
    configured: Releases,
    /// The releases that can have sent everything that was received.
    shown: Releases,
    /// The intersection of `shown` and `configured`; `shown` if it is empty.
    releases: Releases,
}

impl From<Releases> for Hints {
    /// Returns hints for an agent that certainly has one of these releases.
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
    /// The layout of these releases.
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
    /// The layout of these releases.
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
    /// Returns hints for an agent that is configured to have one of these releases. What it sends
    /// takes precedence.
    #[must_use]
    pub fn configured(releases: Releases) -> Self {
        Self {
            configured: releases,
            shown: Releases::ANY,
            releases,
        }
    }

    /// Replaces the configured releases, and keeps what was received.
    pub fn reconfigure(&mut self, configured: Releases) {
        self.configured = configured;
        self.releases = configured.and(self.shown).unwrap_or(self.shown);
    }

    /// Returns hints for an agent that certainly has a patch release of `major.minor`.
    #[must_use]
    pub fn for_release(major: u16, minor: u16) -> Self {
        Self::from(Releases::minor(major, minor))
    }

    /// The releases that the agent can have.
    #[must_use]
    pub fn releases(&self) -> Releases {
        self.releases
    }

    /// The releases that can have sent everything that was received, regardless of the
    /// configuration.
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

    /// Narrows the releases down to `senders`, which can have sent something that was received. If
    /// that contradicts everything before, `senders` replace it; both take precedence over the
    /// configuration.
    pub fn narrow_to(&mut self, senders: Releases) {
        if self.shown.within(senders) {
            return;
        }
        self.shown = self.shown.and(senders).unwrap_or(senders);
        self.releases = self.configured.and(self.shown).unwrap_or(self.shown);
    }

    /// Does the same for a number that later patch releases may use, too: it can narrow the
    /// releases down, but not contradict them.
    pub fn narrow_to_if_consistent(&mut self, senders: Releases) {
        if self.releases.and(senders).is_some() {
            self.narrow_to(senders);
        }
    }

    /// Whether what was received contradicts the configuration.
    #[must_use]
    pub fn are_contradicted(&self) -> bool {
        !self.releases.within(self.configured)
    }
}
