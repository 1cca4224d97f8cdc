//! The options of a simulation.

use tidegate_wire::access_log::Variant;
use tidegate_wire::event::Profile;
use tidegate_wire::gob::TypeId;

use crate::mix::Mix;

/// The options of a simulation. The same options give the same stream.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seed of the random numbers.
    pub seed: u64,
    /// The Cilium release whose layouts are used.
    pub release: Release,
    /// The weights of the kinds of conversations.
    pub mix: Mix,
    /// Whether the agent announces new peers even if the mix has no [`Scenario::Internal`](crate::Scenario::Internal), which
    /// includes them.
    pub announce: bool,
    /// Every `lost_every`th frame is a loss report; 0 for none.
    pub lost_every: u64,
    /// Maximum number of packet bytes in an event; Cilium's default is 128.
    pub capture: usize,
    /// Number of CPUs of the node.
    pub cpus: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            release: Release::V1_19,
            mix: Mix::default(),
            announce: false,
            lost_every: 10_000,
            capture: 128,
            cpus: 4,
        }
    }
}

/// Cilium releases between which something on the socket changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the variants are release numbers")]
pub enum Release {
    V1_12,
    V1_13,
    V1_16,
    V1_17,
    V1_18,
    V1_19,
    V1_20,
}

impl Release {
    /// All releases, oldest first.
    pub const ALL: [Self; 7] = [
        Self::V1_12,
        Self::V1_13,
        Self::V1_16,
        Self::V1_17,
        Self::V1_18,
        Self::V1_19,
        Self::V1_20,
    ];

    /// The release number, such as `1.19`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V1_12 => "1.12",
            Self::V1_13 => "1.13",
            Self::V1_16 => "1.16",
            Self::V1_17 => "1.17",
            Self::V1_18 => "1.18",
            Self::V1_19 => "1.19",
            Self::V1_20 => "1.20",
        }
    }

    /// The version that the agent reports, a patch release with the layouts of the release.
    #[must_use]
    pub(crate) fn agent_version(self) -> &'static str {
        match self {
            Self::V1_12 => "1.12.0",
            Self::V1_13 => "1.13.0",
            Self::V1_16 => "1.16.5",
            Self::V1_17 => "1.17.4",
            Self::V1_18 => "1.18.4",
            Self::V1_19 => "1.19.4",
            Self::V1_20 => "1.20.2",
        }
    }

    /// The layouts of the datapath's events. 1.17 is 1.17.4 and later.
    #[must_use]
    pub fn profile(self) -> Profile {
        match self {
            Self::V1_12 => Profile::V1_12,
            Self::V1_13 | Self::V1_16 => Profile::V1_13,
            Self::V1_17 => Profile::V1_17_4,
            Self::V1_18 => Profile::V1_18,
            Self::V1_19 | Self::V1_20 => Profile::V1_19,
        }
    }

    /// The variant of access-log records.
    #[must_use]
    pub fn access_log(self) -> Variant {
        match self {
            Self::V1_12 | Self::V1_13 => Variant::A,
            Self::V1_16 => Variant::B,
            Self::V1_17 | Self::V1_18 | Self::V1_19 => Variant::C,
            Self::V1_20 => Variant::D,
        }
    }

    /// The first type id of the gob streams, which depends on the Go release that built the agent.
    #[must_use]
    pub fn first_type_id(self) -> TypeId {
        if self <= Self::V1_13 {
            TypeId::FIRST_GO_1_20
        } else {
            TypeId::FIRST
        }
    }
}
