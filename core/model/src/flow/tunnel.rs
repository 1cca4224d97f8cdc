//! Tunnels.

use super::{Ip, L4, TunnelProtocol};

/// `flow.Tunnel`: the encapsulation of the flow's packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tunnel {
    /// The encapsulation.
    pub protocol: TunnelProtocol,
    /// The outer IP header.
    pub ip: Option<Ip>,
    /// The outer transport header.
    pub l4: L4,
    /// Virtual network identifier.
    pub vni: u32,
}
