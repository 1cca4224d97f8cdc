//! The layers that Hubble's packet decoder knows.

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

    /// The layer that an EtherType announces; gopacket takes 0xffff for raw IPv4.
    pub(super) fn of_ether_type(ether_type: u16) -> Option<Self> {
        match ether_type {
            0x0800 | 0xffff => Some(Self::Ipv4),
            0x86dd => Some(Self::Ipv6),
            0x6558 => Some(Self::Ethernet),
            _ => None,
        }
    }

    /// The layer that an IP protocol announces, whichever IP version carries it.
    pub(super) fn of_ip_protocol(protocol: u8) -> Option<Self> {
        match protocol {
            1 => Some(Self::Icmpv4),
            2 => Some(Self::Igmp),
            4 | 94 => Some(Self::Ipv4),
            6 => Some(Self::Tcp),
            17 => Some(Self::Udp),
            41 => Some(Self::Ipv6),
            58 => Some(Self::Icmpv6),
            112 => Some(Self::Vrrp),
            132 => Some(Self::Sctp),
            _ => None,
        }
    }
}
