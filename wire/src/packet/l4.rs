//! The header above IP, as packets and flows have it.

use std::net::Ipv4Addr;

use super::{SctpChunk, TcpFlags};

/// A transport header: Hubble's `flow.Layer4`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum L4 {
    /// No transport header was read.
    #[default]
    None,
    /// TCP.
    Tcp {
        /// Source port.
        source_port: u16,
        /// Destination port.
        destination_port: u16,
        /// The flags; `None` where only the ports are known, as in an access-log record.
        flags: Option<TcpFlags>,
    },
    /// UDP.
    Udp {
        /// Source port.
        source_port: u16,
        /// Destination port.
        destination_port: u16,
    },
    /// SCTP.
    Sctp {
        /// Source port.
        source_port: u16,
        /// Destination port.
        destination_port: u16,
        /// The first chunk.
        chunk_type: SctpChunk,
    },
    /// ICMP for IPv4.
    Icmpv4 {
        /// Message type.
        icmp_type: u8,
        /// Message code.
        code: u8,
    },
    /// ICMP for IPv6.
    Icmpv6 {
        /// Message type.
        icmp_type: u8,
        /// Message code.
        code: u8,
    },
    /// VRRP, read as version 2.
    Vrrp {
        /// Message type, always 1 in a packet.
        vrrp_type: u8,
        /// Virtual router id.
        vrid: u8,
        /// Priority.
        priority: u8,
    },
    /// IGMP, read as version 1 or 2.
    Igmp {
        /// Message type.
        igmp_type: u8,
        /// The group.
        group: Ipv4Addr,
    },
}

impl L4 {
    /// The name of the protocol as Hubble writes it in labels and JSON; `None` without a header.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        Some(match self {
            Self::None => return None,
            Self::Tcp { .. } => "TCP",
            Self::Udp { .. } => "UDP",
            Self::Sctp { .. } => "SCTP",
            Self::Icmpv4 { .. } => "ICMPv4",
            Self::Icmpv6 { .. } => "ICMPv6",
            Self::Vrrp { .. } => "VRRP",
            Self::Igmp { .. } => "IGMP",
        })
    }

    /// The IP protocol number; 0 without a header.
    #[must_use]
    #[inline]
    pub const fn protocol(&self) -> u8 {
        match self {
            Self::None => 0,
            Self::Icmpv4 { .. } => 1,
            Self::Igmp { .. } => 2,
            Self::Tcp { .. } => 6,
            Self::Udp { .. } => 17,
            Self::Icmpv6 { .. } => 58,
            Self::Vrrp { .. } => 112,
            Self::Sctp { .. } => 132,
        }
    }

    /// Source and destination port of the protocols that have ports.
    #[must_use]
    pub fn ports(&self) -> Option<(u16, u16)> {
        match *self {
            Self::Tcp {
                source_port,
                destination_port,
                ..
            }
            | Self::Udp {
                source_port,
                destination_port,
            }
            | Self::Sctp {
                source_port,
                destination_port,
                ..
            } => Some((source_port, destination_port)),
            _ => None,
        }
    }
}
