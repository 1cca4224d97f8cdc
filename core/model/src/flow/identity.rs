//! Scopes of numeric security identities (`pkg/identity/numericidentity.go`, v1.19.4).

/// The scope in which an identity's number is allocated, encoded in its top byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityScope {
    /// 0x00: allocated for the cluster, or reserved.
    Global,
    /// 0x01: allocated by the node for prefixes outside the cluster that CIDR or FQDN policies
    /// select.
    Local,
    /// 0x02: allocated by the node for remote nodes that policies distinguish.
    RemoteNode,
    /// Not used by any known release.
    Unknown,
}

impl IdentityScope {
    /// The scope of an identity.
    #[must_use]
    pub fn of(identity: u32) -> Self {
        match identity >> 24 {
            0 => Self::Global,
            1 => Self::Local,
            2 => Self::RemoteNode,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::IdentityScope::{self, Global, Local, RemoteNode, Unknown};

    #[test]
    fn the_top_byte_is_the_scope() {
        for (identity, scope) in [
            (0, Global),
            (0x00ff_ffff, Global),
            (0x0100_0000, Local),
            (0x01ff_ffff, Local),
            (0x0200_0001, RemoteNode),
            (0x0300_0000, Unknown),
            (u32::MAX, Unknown),
        ] {
            assert_eq!(IdentityScope::of(identity), scope, "{identity:#x}");
        }
    }
}
