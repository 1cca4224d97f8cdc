//! The small enumerations of `flow.proto` (v1.19.4).

/// `flow.FlowType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "the variants are Hubble's own names")]
pub enum FlowType {
    #[default]
    Unknown = 0,
    L34 = 1,
    L7 = 2,
    Sock = 3,
}

impl FlowType {
    /// The protobuf enum's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN_TYPE",
            Self::L34 => "L3_L4",
            Self::L7 => "L7",
            Self::Sock => "SOCK",
        }
    }
}

/// `flow.Verdict`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "the variants are Hubble's own names")]
pub enum Verdict {
    #[default]
    Unknown = 0,
    Forwarded = 1,
    Dropped = 2,
    Error = 3,
    Audit = 4,
    Redirected = 5,
    Traced = 6,
    Translated = 7,
}

impl Verdict {
    /// All verdicts, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Unknown,
        Self::Forwarded,
        Self::Dropped,
        Self::Error,
        Self::Audit,
        Self::Redirected,
        Self::Traced,
        Self::Translated,
    ];

    /// The protobuf enum's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "VERDICT_UNKNOWN",
            Self::Forwarded => "FORWARDED",
            Self::Dropped => "DROPPED",
            Self::Error => "ERROR",
            Self::Audit => "AUDIT",
            Self::Redirected => "REDIRECTED",
            Self::Traced => "TRACED",
            Self::Translated => "TRANSLATED",
        }
    }
}

/// `flow.TrafficDirection`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "the variants are Hubble's own names")]
pub enum Direction {
    #[default]
    Unknown = 0,
    Ingress = 1,
    Egress = 2,
}

impl Direction {
    /// The protobuf enum's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "TRAFFIC_DIRECTION_UNKNOWN",
            Self::Ingress => "INGRESS",
            Self::Egress => "EGRESS",
        }
    }
}

/// `flow.IPVersion`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "the variants are Hubble's own names")]
pub enum IpVersion {
    #[default]
    NotUsed = 0,
    V4 = 1,
    V6 = 2,
}

impl IpVersion {
    /// The protobuf enum's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotUsed => "IP_NOT_USED",
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        }
    }
}

/// `flow.AuthType`: the authentication that a policy verdict requires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuthType(pub u8);

impl AuthType {
    /// The protobuf enum's name; `None` for other numbers.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        match self.0 {
            0 => Some("DISABLED"),
            1 => Some("SPIRE"),
            2 => Some("TEST_ALWAYS_FAIL"),
            _ => None,
        }
    }
}

/// `policy_match_type`: the part of a rule that matched (`pkg/monitor/api`, v1.19.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyMatch(pub u8);

impl PolicyMatch {
    /// The name as `hubble observe` prints it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            0 => "none",
            1 => "L3-Only",
            2 => "L3-L4",
            3 => "L4-Only",
            4 => "all",
            5 => "L3-Proto",
            6 => "Proto-Only",
            _ => "unknown",
        }
    }

    /// Returns whether the number has a name.
    #[must_use]
    pub fn is_known(self) -> bool {
        self.0 <= 6
    }
}

/// Name of a reserved security identity (`pkg/identity`, v1.19.4); `None` for other identities.
/// Identity 11 has a label but no name upstream, so it has none here.
#[must_use]
pub fn reserved_identity(identity: u32) -> Option<&'static str> {
    const NAMES: [&str; 11] = [
        "unknown",
        "host",
        "world",
        "unmanaged",
        "health",
        "init",
        "remote-node",
        "kube-apiserver",
        "ingress",
        "world-ipv4",
        "world-ipv6",
    ];
    NAMES.get(usize::try_from(identity).ok()?).copied()
}
