//! Ethernet. As in Hubble, VLAN tags, LLC, ARP and other types end the decoding.

use super::decoded::DecodedLayer;
use super::{Ethernet, Layer, Packet, Reason};

const HEADER: usize = 14;
/// A smaller type is a length, and LLC follows.
const FIRST_ETHER_TYPE: u16 = 0x0600;

pub(super) fn decode(data: &[u8], packet: &mut Packet<'_>) -> Result<DecodedLayer, Reason> {
    let header: &[u8; HEADER] = data.first_chunk().ok_or(Reason::EthernetTooShort)?;
    let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1] = *header;
    packet.ethernet = Some(Ethernet {
        source: [s0, s1, s2, s3, s4, s5],
        destination: [d0, d1, d2, d3, d4, d5],
    });
    let ether_type = u16::from_be_bytes([t0, t1]);
    let next = match ether_type {
        length @ ..FIRST_ETHER_TYPE => {
            packet.truncated |= data.len() < HEADER + usize::from(length);
            None
        }
        _ => Layer::of_ether_type(ether_type),
    };
    Ok(DecodedLayer {
        next,
        start: HEADER,
        end: data.len(),
        is_transport: false,
    })
}
