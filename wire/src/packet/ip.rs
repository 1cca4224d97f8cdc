//! IPv4 and IPv6 headers. The version nibble is not checked, as in gopacket.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::decoded::DecodedLayer;
use super::hop_by_hop::{self, HopByHop};
use super::{Ip, Layer, Packet, Reason};

const V4_HEADER: usize = 20;
const V6_HEADER: usize = 40;
const HOP_BY_HOP: u8 = 0;
/// More fragments follow, or the offset is not 0: gopacket decodes no transport header in either
/// case.
const FRAGMENT: u16 = 0x3fff;

pub(super) fn decode_v4(data: &[u8], packet: &mut Packet<'_>) -> Result<DecodedLayer, Reason> {
    let header: &[u8; V4_HEADER] = data.first_chunk().ok_or(Reason::Ipv4TooShort)?;
    let header_len = usize::from(header[0] & 0x0f) * 4;
    let total = match u16::from_be_bytes([header[2], header[3]]) {
        // Segmentation offload leaves the length to the device: all bytes count, modulo 16 bits.
        0 => data.len() & 0xffff,
        total => total.into(),
    };
    if total < V4_HEADER || header_len < V4_HEADER || header_len > total {
        return Err(Reason::Ipv4BadLength);
    }
    if total > data.len() {
        packet.truncated = true;
    }
    let options = data.get(V4_HEADER..header_len);
    check_v4_options(options.ok_or(Reason::Ipv4TooShort)?)?;

    let [s0, s1, s2, s3, d0, d1, d2, d3] = *header.last_chunk().ok_or(Reason::Ipv4TooShort)?;
    packet.ip = Some(Ip {
        source: IpAddr::V4(Ipv4Addr::new(s0, s1, s2, s3)),
        destination: IpAddr::V4(Ipv4Addr::new(d0, d1, d2, d3)),
    });
    let fragment = u16::from_be_bytes([header[6], header[7]]) & FRAGMENT != 0;
    Ok(DecodedLayer {
        next: Layer::of_ip_protocol(header[9]).filter(|_| !fragment),
        start: header_len,
        end: total.min(data.len()),
        is_transport: false,
    })
}

fn check_v4_options(mut options: &[u8]) -> Result<(), Reason> {
    while let Some((&kind, rest)) = options.split_first() {
        options = match kind {
            0 => return Ok(()),
            1 => rest,
            _ => {
                let len = rest.first().copied().filter(|&len| len > 2);
                let len = usize::from(len.ok_or(Reason::Ipv4BadOption)?);
                options.get(len..).ok_or(Reason::Ipv4BadOption)?
            }
        };
    }
    Ok(())
}

pub(super) fn decode_v6(data: &[u8], packet: &mut Packet<'_>) -> Result<DecodedLayer, Reason> {
    let (header, payload) = data
        .split_first_chunk::<V6_HEADER>()
        .ok_or(Reason::Ipv6TooShort)?;
    let len = u16::from_be_bytes([header[4], header[5]]);
    let (protocol, start, stated_len) = match (header[6], len) {
        (HOP_BY_HOP, _) => after_hop_by_hop(payload, len)?,
        (_, 0) => return Err(Reason::Ipv6BadLength),
        (protocol, len) => (protocol, V6_HEADER, len.into()),
    };
    let end = start.saturating_add(stated_len);
    if end > data.len() {
        packet.truncated = true;
    }
    packet.ip = Some(addresses(header));
    Ok(DecodedLayer {
        next: Layer::of_ip_protocol(protocol),
        start,
        end: end.min(data.len()),
        is_transport: false,
    })
}

fn addresses(header: &[u8; V6_HEADER]) -> Ip {
    let mut source = [0; 16];
    let mut destination = [0; 16];
    source.copy_from_slice(&header[8..24]);
    destination.copy_from_slice(&header[24..40]);
    Ip {
        source: Ipv6Addr::from(source).into(),
        destination: Ipv6Addr::from(destination).into(),
    }
}

/// The protocol after the options, its position in the packet, and its length as stated.
///
/// gopacket counts the payload length from the end of the options, and that of a jumbogram from
/// their start.
fn after_hop_by_hop(payload: &[u8], len: u16) -> Result<(u8, usize, usize), Reason> {
    let HopByHop {
        protocol,
        options_len,
        jumbo_len,
    } = hop_by_hop::decode(payload)?;
    match (jumbo_len, len) {
        (Some(jumbo_len), 0) => Ok((protocol, V6_HEADER, jumbo_len)),
        (Some(_), _) => Err(Reason::Ipv6BadJumbogram),
        (None, 0) => Err(Reason::Ipv6BadLength),
        (None, len) => Ok((protocol, V6_HEADER + options_len, len.into())),
    }
}
