//! VXLAN (RFC 7348) and Geneve (RFC 8926) headers.

use super::decoded::DecodedLayer;
use super::{Layer, Packet, Reason};

const HEADER: usize = 8;

/// The protocol of a tunnel: `flow.Tunnel.Protocol`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TunnelProtocol {
    /// VXLAN.
    Vxlan,
    /// Geneve.
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

    pub(super) fn layer(self) -> Layer {
        match self {
            Self::Vxlan => Layer::Vxlan,
            Self::Geneve => Layer::Geneve,
        }
    }
}

/// A decoded tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlay<'a> {
    /// The tunnel's protocol.
    pub tunnel: TunnelProtocol,
    /// The virtual network identifier, 24 bits.
    pub vni: u32,
    /// The inner packet; empty if the capture ended before it. Its positions are relative to the
    /// tunnel header.
    pub inner: Packet<'a>,
}

/// Decodes a tunnel header. Returns its VNI and the layer.
pub(super) fn decode(data: &[u8], layer: Layer) -> Result<(u32, DecodedLayer), Reason> {
    if layer == Layer::Geneve {
        return decode_geneve(data);
    }
    let header = data.first_chunk().ok_or(Reason::VxlanTooShort)?;
    let decoded = DecodedLayer {
        next: Some(Layer::Ethernet),
        start: HEADER,
        end: data.len(),
        is_transport: false,
    };
    Ok((vni(header), decoded))
}

fn decode_geneve(data: &[u8]) -> Result<(u32, DecodedLayer), Reason> {
    let header: &[u8; HEADER] = data.first_chunk().ok_or(Reason::GeneveTooShort)?;
    let decoded = DecodedLayer {
        next: Layer::of_ether_type(u16::from_be_bytes([header[2], header[3]])),
        start: after_geneve_options(data, header[0] & 0x3f)?,
        end: data.len(),
        is_transport: false,
    };
    Ok((vni(header), decoded))
}

/// The end of the options. gopacket uses the lengths of the options, which may exceed `words`, and
/// counts modulo 256.
fn after_geneve_options(data: &[u8], words: u8) -> Result<usize, Reason> {
    let mut left = i32::from(words) * 4;
    let mut at = 8_u8;
    while left > 0 {
        let option = data.get(at.into()..).ok_or(Reason::GeneveTooShort)?;
        let [_, _, _, len, ..] = *option else {
            return Err(Reason::GeneveTooShort);
        };
        let len = (len & 0x1f) * 4 + 4;
        if option.len() < len.into() {
            return Err(Reason::GeneveTooShort);
        }
        left -= i32::from(len);
        at = at.wrapping_add(len);
    }
    Ok(at.into())
}

fn vni(header: &[u8; HEADER]) -> u32 {
    u32::from_be_bytes([0, header[4], header[5], header[6]])
}

/// The tunnel that gopacket expects after a UDP header: by the destination port, or by the source
/// port if gopacket has no protocol for the destination port.
pub(super) fn of_ports(source: u16, destination: u16) -> Option<Layer> {
    match (destination, source) {
        (4789, _) => Some(Layer::Vxlan),
        (6081, _) => Some(Layer::Geneve),
        // Ports of protocols that gopacket knows, but Hubble does not register.
        (53 | 67 | 68 | 123 | 546 | 547 | 623 | 666 | 1000 | 1812 | 2123 | 2152 | 2222, _)
        | (3784 | 5060 | 6343 | 44818, _) => None,
        (_, 4789) => Some(Layer::Vxlan),
        (_, 6081) => Some(Layer::Geneve),
        _ => None,
    }
}
