//! A packet of any bytes, plain and in a tunnel.
//!
//! The input is a byte that says what the packet starts with, one that says where it is cut, then
//! the packet.

use tidegate_wire::packet::{L4, Link, Packet, Reason, TunnelProtocol, parse, parse_overlay};

use super::event::lies_in;
use super::memory::Bound;
use super::seeds;

/// The ports by which a packet in a tunnel is a tunnel itself.
const TUNNEL_PORTS: [u16; 2] = [4789, 6081];

/// Reads a packet, the same in a tunnel, what its own tunnel would hold, and a packet that was cut.
///
/// # Panics
/// If something is allocated, if a view shows what was not sent, if the packet is another one in a
/// tunnel, or if the cut packet names ports or addresses that the whole one does not.
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
    // In a tunnel a packet that is cut can end with the outer header of the kind that the whole one
    // ends with.
    let cut = usize::from(*cut);
    if first % 5 < 3 && cut < bytes.len() {
        check_cut(read(*first, &bytes[..cut]), &packet);
    }
}

/// Reads a packet whose first layer `first` tells.
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

/// Packets in tunnels do not take the fast path, so this compares it with the general one.
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

fn check_cut(cut: Result<Packet<'_>, Reason>, whole: &Packet<'_>) {
    if let Ok(cut) = cut
        && cut.l4 != L4::None
    {
        assert_eq!((cut.ip, cut.last), (whole.ip, whole.last));
        assert_eq!(cut.l4.ports(), whole.l4.ports());
        // The first chunk of SCTP follows the header and can be cut off.
        if !matches!(cut.l4, L4::Sctp { .. }) {
            assert_eq!(cut.l4, whole.l4);
        }
        assert!(whole.payload.starts_with(cut.payload));
    }
}

/// Simulated packets, from their Ethernet, their IP and their tunnel header on.
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
