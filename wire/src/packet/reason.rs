//! Reasons to refuse a packet.

use crate::label::labels;

/// A header that Hubble decodes is malformed, so Hubble has no flow for the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Fewer than 14 bytes.
    #[error("Ethernet header is cut short")]
    EthernetTooShort,
    /// Fewer than 20 bytes, or fewer than the header's own length.
    #[error("IPv4 header is cut short")]
    Ipv4TooShort,
    /// A total length or header length below the header's.
    #[error("IPv4 length is impossible")]
    Ipv4BadLength,
    /// An option with a length below 3 or beyond the header.
    #[error("IPv4 option is malformed")]
    Ipv4BadOption,
    /// Fewer than 40 bytes.
    #[error("IPv6 header is cut short")]
    Ipv6TooShort,
    /// A payload length of 0 without a jumbogram option.
    #[error("IPv6 length is 0 without a jumbogram option")]
    Ipv6BadLength,
    /// Hop-by-hop options that are malformed or cut short.
    #[error("IPv6 hop-by-hop options are malformed")]
    Ipv6BadHopByHop,
    /// A jumbogram option of the wrong size, with a small length or beside a payload length.
    #[error("IPv6 jumbogram option is malformed")]
    Ipv6BadJumbogram,
    /// Fewer than 20 bytes, or fewer than the data offset.
    #[error("TCP header is cut short")]
    TcpTooShort,
    /// A data offset below the header's length.
    #[error("TCP data offset is impossible")]
    TcpBadOffset,
    /// An option with an impossible length.
    #[error("TCP option is malformed")]
    TcpBadOption,
    /// A multipath option whose length does not fit its kind.
    #[error("MPTCP option is malformed")]
    TcpBadMptcpOption,
    /// Fewer than 8 bytes.
    #[error("UDP header is cut short")]
    UdpTooShort,
    /// A length of 1 to 7.
    #[error("UDP length is impossible")]
    UdpBadLength,
    /// Fewer than 12 bytes.
    #[error("SCTP header is cut short")]
    SctpTooShort,
    /// Fewer than 8 bytes.
    #[error("ICMPv4 header is cut short")]
    Icmpv4TooShort,
    /// Fewer than 4 bytes.
    #[error("ICMPv6 header is cut short")]
    Icmpv6TooShort,
    /// Fewer than 8 bytes, or fewer than the addresses need.
    #[error("VRRP message is cut short")]
    VrrpTooShort,
    /// Not an advertisement, or one without an address.
    #[error("VRRP message is no advertisement of an address")]
    VrrpBadMessage,
    /// Fewer than 8 bytes.
    #[error("IGMP message is cut short")]
    IgmpTooShort,
    /// No VXLAN header in the outer packet.
    #[error("VXLAN header is cut short")]
    VxlanTooShort,
    /// No Geneve header, or not all of its options, in the outer packet.
    #[error("Geneve header is cut short")]
    GeneveTooShort,
}

labels! {
    Reason {
        Reason::EthernetTooShort => "ethernet_too_short",
        Reason::Ipv4TooShort => "ipv4_too_short",
        Reason::Ipv4BadLength => "ipv4_bad_length",
        Reason::Ipv4BadOption => "ipv4_bad_option",
        Reason::Ipv6TooShort => "ipv6_too_short",
        Reason::Ipv6BadLength => "ipv6_bad_length",
        Reason::Ipv6BadHopByHop => "ipv6_bad_hop_by_hop",
        Reason::Ipv6BadJumbogram => "ipv6_bad_jumbogram",
        Reason::TcpTooShort => "tcp_too_short",
        Reason::TcpBadOffset => "tcp_bad_offset",
        Reason::TcpBadOption => "tcp_bad_option",
        Reason::TcpBadMptcpOption => "tcp_bad_mptcp_option",
        Reason::UdpTooShort => "udp_too_short",
        Reason::UdpBadLength => "udp_bad_length",
        Reason::SctpTooShort => "sctp_too_short",
        Reason::Icmpv4TooShort => "icmpv4_too_short",
        Reason::Icmpv6TooShort => "icmpv6_too_short",
        Reason::VrrpTooShort => "vrrp_too_short",
        Reason::VrrpBadMessage => "vrrp_bad_message",
        Reason::IgmpTooShort => "igmp_too_short",
        Reason::VxlanTooShort => "vxlan_too_short",
        Reason::GeneveTooShort => "geneve_too_short",
    }
}
