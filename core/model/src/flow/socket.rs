//! Fields of socket flows.

/// Hubble's `socket_cookie` and `cgroup_id` of a flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Socket {
    /// The kernel's cookie of the socket.
    pub cookie: u64,
    /// Cgroup of the process, which identifies its pod; 0 on kernels that do not report it.
    pub cgroup_id: u64,
    /// Whether the peer's address is IPv4-mapped and displayed as IPv6 (`::ffff:192.0.2.1`), as in
    /// Hubble since 1.20. IPv4-mapped addresses of packets are displayed as IPv4.
    pub keeps_mapped: bool,
}

/// `flow.SocketTranslationPoint` (v1.19.4), the `sub_type` of a socket flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct XlatePoint(pub u8);

impl XlatePoint {
    /// Before the translation of a request.
    pub const PRE_FWD: Self = Self(1);
    /// After the translation of a request.
    pub const POST_FWD: Self = Self(2);
    /// Before the translation of a reply.
    pub const PRE_REV: Self = Self(3);
    /// After the translation of a reply.
    pub const POST_REV: Self = Self(4);

    /// Whether it is in the direction from the peer to the pod.
    #[must_use]
    pub fn is_reverse(self) -> bool {
        matches!(self, Self::PRE_REV | Self::POST_REV)
    }

    /// The protobuf enum's name; `None` for other numbers.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        const NAMES: [&str; 5] = [
            "SOCK_XLATE_POINT_UNKNOWN",
            "SOCK_XLATE_POINT_PRE_DIRECTION_FWD",
            "SOCK_XLATE_POINT_POST_DIRECTION_FWD",
            "SOCK_XLATE_POINT_PRE_DIRECTION_REV",
            "SOCK_XLATE_POINT_POST_DIRECTION_REV",
        ];
        NAMES.get(usize::from(self.0)).copied()
    }

    /// The name in the output of `hubble observe`; `None` for other numbers.
    #[must_use]
    pub fn short_name(self) -> Option<&'static str> {
        const NAMES: [&str; 5] = [
            "SOCK_XLATE_POINT_UNKNOWN",
            "pre-xlate-fwd",
            "post-xlate-fwd",
            "pre-xlate-rev",
            "post-xlate-rev",
        ];
        NAMES.get(usize::from(self.0)).copied()
    }
}
