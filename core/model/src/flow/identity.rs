//! What the number of a security identity says about it (`pkg/identity/numericidentity.go`,
//! v1.19.4).

/// Who gives out an identity's number: its top byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityScope {
    /// The cluster, or a fixed table: 0x00.
    Global,
    /// The node, for prefixes outside of the cluster that a CIDR or FQDN policy names: 0x01.
    Local,
    /// The node, for other nodes of the cluster that a policy tells apart: 0x02.
    RemoteNode,
    /// No release that is known.
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
