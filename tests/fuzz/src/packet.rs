//! A packet of arbitrary bytes, plain and in a tunnel.
//!
//! The input is a byte that selects the first layer, one that says where the packet is truncated,
//! then the packet.

use tidegate_wire::packet::{L4, Link, Packet, Reason, TunnelProtocol, parse, parse_overlay};

use super::event::lies_in;
use super::memory::Bound;
use super::seeds;

/// The ports that mark a packet in a tunnel as a tunnel itself.
const TUNNEL_PORTS: [u16; 2] = [4789, 6081];

/// Reads a packet: plain, inside a tunnel, as a tunnel, and truncated.
///
/// # Panics
/// If anything is allocated, if a view is not part of the input, if the packet differs in a tunnel,
/// or if the truncated packet has other ports or addresses than the whole one.
pub fn run(data: &[u8]) {
    let Some(([first, cut], bytes)) = data.split_first_chunk::<2>() else {
        return;
    };
    let packet = read(*first, bytes);
    if first % 5 == 0 && !bytes.is_empty() {
        check_in_tunnel(bytes, packet);
    }
    let Ok(packet) = packet else { return };
    for tunnel in [TunnelProtocol::Vxlan, TunnelProtocol::Geneve] {
        let overlay =
            Bound::NONE.holds(bytes.len(), || parse_overlay(packet.udp_payload(), tunnel));
        let inner = overlay.map_or_else(|_| Packet::default(), |overlay| overlay.inner);
        assert!(lies_in(inner.payload, packet.payload));
    }
    // A truncated packet in a tunnel can end with an outer header of the same kind as the last header
    // of the whole packet.
    let cut = usize::from(*cut);
    if first % 5 < 3 && cut < bytes.len() {
        check_truncated(read(*first, &bytes[..cut]), &packet);
    }
}

/// Reads a packet whose first layer is selected by `first`.
fn read(first: u8, bytes: &[u8]) -> Result<Packet<'_>, Reason> {
    let overlay = |tunnel| parse_overlay(bytes, tunnel).map(|overlay| overlay.inner);
    let packet = Bound::NONE.holds(bytes.len(), || match first % 5 {
        0 => parse(bytes, Link::Ethernet),
        1 => parse(bytes, Link::Ipv4),
        2 => parse(bytes, Link::Ipv6),
        3 => overlay(TunnelProtocol::Vxlan),
        _ => overlay(TunnelProtocol::Geneve),
    })?;
    let start = packet.payload_offset;
    assert_eq!(&bytes[start..start + packet.payload.len()], packet.payload);
    assert!(lies_in(packet.payload, bytes));
    Ok(packet)
}

/// Compares the fast path with the general path, which packets in tunnels take.
fn check_in_tunnel(bytes: &[u8], plain: Result<Packet<'_>, Reason>) {
    const VXLAN: [u8; 8] = [8, 0, 0, 0, 0, 0, 7, 0];
    let in_tunnel = [&VXLAN, bytes].concat();
    let inner = parse_overlay(&in_tunnel, TunnelProtocol::Vxlan).map(|overlay| overlay.inner);
    match plain {
        Ok(Packet {
            l4:
                L4::Udp {
                    source_port,
                    destination_port,
                },
            ..
        }) if TUNNEL_PORTS.contains(&source_port) || TUNNEL_PORTS.contains(&destination_port) => {}
        Ok(Packet {
            payload_offset: 1..,
            ..
        }) => {
            let inner = inner.map(|inner| Packet {
                payload_offset: inner.payload_offset - VXLAN.len(),
                ..inner
            });
            assert_eq!(inner, plain);
        }
        _ => assert_eq!(inner, plain),
    }
}

fn check_truncated(truncated: Result<Packet<'_>, Reason>, whole: &Packet<'_>) {
    if let Ok(truncated) = truncated
        && truncated.l4 != L4::None
    {
        assert_eq!((truncated.ip, truncated.last), (whole.ip, whole.last));
        assert_eq!(truncated.l4.ports(), whole.l4.ports());
        // The first chunk of SCTP follows the header and can be missing.
        if !matches!(truncated.l4, L4::Sctp { .. }) {
            assert_eq!(truncated.l4, whole.l4);
        }
        assert!(whole.payload.starts_with(truncated.payload));
    }
}

/// Simulated packets, starting at their Ethernet, IP and tunnel headers.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let layers = |packet: &Vec<u8>| {
        let ip = if packet.get(12) == Some(&0x08) { 1 } else { 2 };
        let input = |first: u8, start: usize| {
            [&[first, 60], packet.get(start..).unwrap_or_default()].concat()
        };
        [input(0, 0), input(ip, 14), input(3, 42), input(4, 42)]
    };
    seeds::packets().iter().flat_map(layers).collect()
}
