//! Decodes layer by layer: gopacket's `DecodingLayerParser` with Hubble's decoders.

use super::decoded::Decoders;
use super::{Layer, Packet, Reason, ether, ip, overlay, tcp, transport};

/// Decodes layers into `packet` until the payload is empty or has no decoder.
///
/// Returns the VNI of the last tunnel of the first layer's kind; 0 if the first layer is no tunnel.
pub(super) fn walk<'a>(
    bytes: &'a [u8],
    first: Layer,
    decoders: Decoders,
    packet: &mut Packet<'a>,
) -> Result<u32, Reason> {
    let mut data = bytes;
    let mut offset = 0;
    let mut vni = 0;
    let mut layer = first;
    loop {
        let decoded = match layer {
            Layer::Ethernet => ether::decode(data, packet)?,
            Layer::Ipv4 => ip::decode_v4(data, packet)?,
            Layer::Ipv6 => ip::decode_v6(data, packet)?,
            Layer::Tcp => tcp::decode(data, packet)?,
            Layer::Udp => transport::decode_udp(data, decoders, packet)?,
            Layer::Sctp => transport::decode_sctp(data, packet)?,
            Layer::Icmpv4 => transport::decode_icmpv4(data, packet)?,
            Layer::Icmpv6 => transport::decode_icmpv6(data, packet)?,
            Layer::Vrrp => transport::decode_vrrp(data, packet)?,
            Layer::Igmp => transport::decode_igmp(data, packet)?,
            Layer::Vxlan | Layer::Geneve => {
                let (inner_vni, decoded) = overlay::decode(data, layer)?;
                if layer == first {
                    vni = inner_vni;
                }
                decoded
            }
        };
        packet.last = Some(layer);
        offset += decoded.start;
        data = data.get(decoded.start..decoded.end).unwrap_or_default();
        match decoded.next {
            Some(next) if !data.is_empty() => layer = next,
            _ if decoded.is_transport => {
                packet.payload = data;
                packet.payload_offset = offset;
                return Ok(vni);
            }
            _ => return Ok(vni),
        }
    }
}
