//! Transport headers and tunnels.

use super::{Address, Ip};

/// `flow.Layer4`.
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
        /// The flags; `None` for L7 flows, whose records carry none.
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
    /// VRRP version 2.
    Vrrp {
        /// Message type.
        vrrp_type: u8,
        /// Virtual router id.
        vrid: u8,
        /// Priority.
        priority: u8,
    },
    /// IGMP version 1 or 2.
    Igmp {
        /// Message type.
        igmp_type: u8,
        /// The group, IPv4.
        group: Address,
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

/// `flow.SCTPChunkType` (v1.20.2): the chunks that open and close associations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "the variants are Hubble's own names")]
pub enum SctpChunk {
    /// Any other chunk, and none.
    #[default]
    Unsupported = 0,
    Init = 1,
    InitAck = 2,
    Shutdown = 3,
    ShutdownAck = 4,
    ShutdownComplete = 5,
    Abort = 6,
}

impl SctpChunk {
    /// All of them, by number.
    pub const ALL: [Self; 7] = [
        Self::Unsupported,
        Self::Init,
        Self::InitAck,
        Self::Shutdown,
        Self::ShutdownAck,
        Self::ShutdownComplete,
        Self::Abort,
    ];

    /// By the type in the packet (RFC 9260, section 3.2).
    #[must_use]
    pub fn from_packet(chunk: Option<u8>) -> Self {
        match chunk {
            Some(1) => Self::Init,
            Some(2) => Self::InitAck,
            Some(6) => Self::Abort,
            Some(7) => Self::Shutdown,
            Some(8) => Self::ShutdownAck,
            Some(14) => Self::ShutdownComplete,
            _ => Self::Unsupported,
        }
    }

    /// The protobuf enum's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unsupported => "UNSUPPORTED",
            Self::Init => "INIT",
            Self::InitAck => "INIT_ACK",
            Self::Shutdown => "SHUTDOWN",
            Self::ShutdownAck => "SHUTDOWN_ACK",
            Self::ShutdownComplete => "SHUTDOWN_COMPLETE",
            Self::Abort => "ABORT",
        }
    }
}

/// `flow.TCPFlags`, in the bits of bytes 12 and 13 of the TCP header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpFlags(pub u16);

impl TcpFlags {
    /// FIN
    pub const FIN: u16 = 0x001;
    /// SYN
    pub const SYN: u16 = 0x002;
    /// RST
    pub const RST: u16 = 0x004;
    /// PSH
    pub const PSH: u16 = 0x008;
    /// ACK
    pub const ACK: u16 = 0x010;
    /// URG
    pub const URG: u16 = 0x020;
    /// ECE
    pub const ECE: u16 = 0x040;
    /// CWR
    pub const CWR: u16 = 0x080;
    /// NS
    pub const NS: u16 = 0x100;

    /// In the order of Hubble's summary.
    pub const NAMES: [(u16, &str); 9] = [
        (Self::SYN, "SYN"),
        (Self::ACK, "ACK"),
        (Self::RST, "RST"),
        (Self::FIN, "FIN"),
        (Self::PSH, "PSH"),
        (Self::URG, "URG"),
        (Self::ECE, "ECE"),
        (Self::CWR, "CWR"),
        (Self::NS, "NS"),
    ];

    /// Whether every bit of `flag` is set.
    #[must_use]
    pub fn has(self, flag: u16) -> bool {
        self.0 & flag == flag
    }
}

/// The innermost layer that was read of a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the layers' own names")]
pub enum LastLayer {
    #[default]
    None,
    Ethernet,
    Ipv4,
    Ipv6,
    Tcp,
    Udp,
    Sctp,
    Icmpv4,
    Icmpv6,
    Vrrp,
    Igmp,
    Vxlan,
    Geneve,
}

/// `flow.Tunnel`: what is around the packet that the flow is about.
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

/// `flow.Tunnel.Protocol`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the protocols' own names")]
pub enum TunnelProtocol {
    Vxlan,
    Geneve,
}

impl TunnelProtocol {
    /// The protobuf enum's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Vxlan => "VXLAN",
            Self::Geneve => "GENEVE",
        }
    }
}
