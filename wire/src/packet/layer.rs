//! The layers that Hubble's packet decoder decodes.

use super::ip_protocol;

/// A layer of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// Ethernet.
    Ethernet,
    /// IPv4.
    Ipv4,
    /// IPv6 with its hop-by-hop options.
    Ipv6,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP's common header.
    Sctp,
    /// ICMP of IPv4.
    Icmpv4,
    /// ICMP of IPv6.
    Icmpv6,
    /// VRRP.
    Vrrp,
    /// IGMP.
    Igmp,
    /// VXLAN, in overlays only.
    Vxlan,
    /// Geneve, in overlays only.
    Geneve,
}

impl Layer {
    /// The name that gopacket, and so Hubble's summary, gives the layer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ethernet => "Ethernet",
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
            Self::Icmpv4 => "ICMPv4",
            Self::Icmpv6 => "ICMPv6",
            Self::Vrrp => "VRRP",
            Self::Igmp => "IGMP",
            Self::Vxlan => "VXLAN",
            Self::Geneve => "Geneve",
        }
    }

    /// The layer of an EtherType; gopacket interprets 0xffff as raw IPv4.
    pub(super) fn of_ether_type(ether_type: u16) -> Option<Self> {
        match ether_type {
            0x0800 | 0xffff => Some(Self::Ipv4),
            0x86dd => Some(Self::Ipv6),
            0x6558 => Some(Self::Ethernet),
            _ => None,
        }
    }

    /// The layer of an IP protocol, in both IP versions.
    pub(super) fn of_ip_protocol(protocol: u8) -> Option<Self> {
        const IPV4: u8 = 4;
        const IPV6: u8 = 41;
        const IPIP: u8 = 94;
        match protocol {
            ip_protocol::ICMP => Some(Self::Icmpv4),
            ip_protocol::IGMP => Some(Self::Igmp),
            IPV4 | IPIP => Some(Self::Ipv4),
            ip_protocol::TCP => Some(Self::Tcp),
            ip_protocol::UDP => Some(Self::Udp),
            IPV6 => Some(Self::Ipv6),
            ip_protocol::ICMPV6 => Some(Self::Icmpv6),
            ip_protocol::VRRP => Some(Self::Vrrp),
            ip_protocol::SCTP => Some(Self::Sctp),
            _ => None,
        }
    }
}
