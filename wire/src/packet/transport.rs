//! The short headers above IP: UDP, SCTP, ICMP, VRRP and IGMP.

use std::net::Ipv4Addr;

use super::decoded::{DecodedLayer, Decoders};
use super::{L4, Layer, Packet, Reason, SctpChunk, overlay};

pub(super) fn decode_udp(
    data: &[u8],
    decoders: Decoders,
    packet: &mut Packet<'_>,
) -> Result<DecodedLayer, Reason> {
    let [s0, s1, d0, d1, l0, l1, _, _] = *data.first_chunk().ok_or(Reason::UdpTooShort)?;
    let source_port = u16::from_be_bytes([s0, s1]);
    let destination_port = u16::from_be_bytes([d0, d1]);
    let end = match u16::from_be_bytes([l0, l1]) {
        0 => data.len(),
        1..8 => return Err(Reason::UdpBadLength),
        len => len.into(),
    };
    if end > data.len() {
        packet.truncated = true;
    }
    packet.l4 = L4::Udp {
        source_port,
        destination_port,
    };
    Ok(DecodedLayer {
        next: match decoders {
            Decoders::Outer => None,
            Decoders::Overlay => overlay::of_ports(source_port, destination_port),
        },
        start: 8,
        end: end.min(data.len()),
        is_transport: true,
    })
}

pub(super) fn decode_sctp(data: &[u8], packet: &mut Packet<'_>) -> Result<DecodedLayer, Reason> {
    let header: &[u8; 12] = data.first_chunk().ok_or(Reason::SctpTooShort)?;
    packet.l4 = L4::Sctp {
        source_port: u16::from_be_bytes([header[0], header[1]]),
        destination_port: u16::from_be_bytes([header[2], header[3]]),
        chunk_type: SctpChunk::from_packet(data.get(header.len()).copied()),
    };
    Ok(last(12, data))
}

pub(super) fn decode_icmpv4(data: &[u8], packet: &mut Packet<'_>) -> Result<DecodedLayer, Reason> {
    let [icmp_type, code, ..]: [u8; 8] = *data.first_chunk().ok_or(Reason::Icmpv4TooShort)?;
    packet.l4 = L4::Icmpv4 { icmp_type, code };
    Ok(last(8, data))
}

pub(super) fn decode_icmpv6(data: &[u8], packet: &mut Packet<'_>) -> Result<DecodedLayer, Reason> {
    let [icmp_type, code, ..]: [u8; 4] = *data.first_chunk().ok_or(Reason::Icmpv6TooShort)?;
    packet.l4 = L4::Icmpv6 { icmp_type, code };
    Ok(last(4, data))
}

/// Assumes version 2; version 3 has the same first fields.
pub(super) fn decode_vrrp(data: &[u8], packet: &mut Packet<'_>) -> Result<DecodedLayer, Reason> {
    const ADVERTISEMENT: u8 = 1;
    let ([version, vrid, priority, addresses, ..], rest) =
        data.split_first_chunk::<8>().ok_or(Reason::VrrpTooShort)?;
    let vrrp_type = version & 0x0f;
    if vrrp_type != ADVERTISEMENT || *addresses == 0 {
        return Err(Reason::VrrpBadMessage);
    }
    if rest.len() < usize::from(*addresses) * 4 {
        return Err(Reason::VrrpTooShort);
    }
    packet.l4 = L4::Vrrp {
        vrrp_type,
        vrid: *vrid,
        priority: *priority,
    };
    Ok(nothing_follows())
}

/// Reads versions 1 and 2, and version 3 as if it were one of them, like Hubble.
pub(super) fn decode_igmp(data: &[u8], packet: &mut Packet<'_>) -> Result<DecodedLayer, Reason> {
    let [igmp_type, _, _, _, g0, g1, g2, g3] = *data.first_chunk().ok_or(Reason::IgmpTooShort)?;
    let group = Ipv4Addr::new(g0, g1, g2, g3);
    packet.l4 = L4::Igmp { igmp_type, group };
    Ok(nothing_follows())
}

fn last(start: usize, data: &[u8]) -> DecodedLayer {
    DecodedLayer {
        next: None,
        start,
        end: data.len(),
        is_transport: true,
    }
}

fn nothing_follows() -> DecodedLayer {
    DecodedLayer {
        next: None::<Layer>,
        start: 0,
        end: 0,
        is_transport: false,
    }
}
