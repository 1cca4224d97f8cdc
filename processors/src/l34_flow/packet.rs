//! Decodes the captured packet of an event into a flow's layers, and finds its payload for the L7
//! stages.
//!
//! `tidegate_wire::packet` decodes the layers; this module translates them. As in Hubble, the
//! packet inside a tunnel takes the place of the outer one.

use tidegate_model::Span;
use tidegate_model::flow::{Address, Flow, Ip, IpVersion, Tunnel, TunnelProtocol};
use tidegate_wire::event::{PacketEvent, RecorderCapture};
use tidegate_wire::packet::fast_path::SimplePacket;
use tidegate_wire::packet::{self, Link, Packet, Reason};

use super::fast_path;

/// The captured part of a packet, and how to decode it.
#[derive(Clone, Copy)]
pub(super) struct Capture<'a> {
    bytes: &'a [u8],
    /// Where the bytes begin in the event's data.
    offset: usize,
    link: Link,
    tunnel: Option<TunnelProtocol>,
}

impl<'a> Capture<'a> {
    #[inline(always)]
    pub(super) fn of(event: &impl PacketEvent<'a>) -> Self {
        Self {
            bytes: event.packet(),
            offset: event.packet_offset(),
            link: event.link(),
            tunnel: event.tunnel(),
        }
    }

    pub(super) fn of_recorder(event: &RecorderCapture<'a>) -> Self {
        Self {
            bytes: event.packet(),
            offset: event.packet_offset(),
            link: Link::Ethernet,
            tunnel: None,
        }
    }
}

/// Fills the flow from a packet. `data` is the event's data in the batch.
///
/// # Errors
/// Hubble refuses the packet, for this reason.
#[inline(always)]
pub(super) fn read(flow: &mut Flow, capture: &Capture<'_>, data: Span) -> Result<(), Reason> {
    let captured = data.slice(capture.offset, capture.bytes.len());
    let fast = match capture.link {
        Link::Ethernet => packet::fast_path::parse(capture.bytes),
        Link::Ipv4 | Link::Ipv6 => None,
    };
    match &fast {
        Some(packet) if capture.tunnel.is_none() => {
            fast_path::fill(flow, packet, captured);
            Ok(())
        }
        fast => read_general(flow, capture, fast.as_ref(), captured),
    }
}

/// Reads the packets that the fast path cannot fill, with what it decoded of the outer one.
///
/// Not inlined, so that its registers do not burden the fast path.
#[inline(never)]
fn read_general(
    flow: &mut Flow,
    capture: &Capture<'_>,
    fast: Option<&SimplePacket<'_>>,
    captured: Span,
) -> Result<(), Reason> {
    let outer = match fast {
        Some(packet) => Packet::from(*packet),
        None => packet::parse(capture.bytes, capture.link)?,
    };
    match capture.tunnel {
        Some(tunnel) if outer.last.is_some() => {
            let overlay = packet::parse_overlay(outer.udp_payload(), tunnel)?;
            flow.tunnel = Some(Tunnel {
                protocol: overlay.tunnel,
                ip: outer.ip.map(ip),
                l4: outer.l4,
                vni: overlay.vni,
            });
            let inner = captured.slice(outer.payload_offset, outer.payload.len());
            fill(flow, &overlay.inner, inner);
        }
        _ => fill(flow, &outer, captured),
    }
    Ok(())
}

fn fill(flow: &mut Flow, packet: &Packet<'_>, captured: Span) {
    flow.ethernet = packet.ethernet;
    flow.ip = packet.ip.map(ip);
    flow.l4 = packet.l4;
    flow.last_layer = packet.last;
    flow.payload = captured.slice(packet.payload_offset, packet.payload.len());
    if let Some(numbers) = packet.tcp {
        flow.tcp_seq = numbers.sequence;
        flow.tcp_ack = numbers.acknowledgment;
    }
}

fn ip(ip: packet::Ip) -> Ip {
    Ip {
        source: Address::from(ip.source),
        destination: Address::from(ip.destination),
        version: if ip.source.is_ipv4() {
            IpVersion::V4
        } else {
            IpVersion::V6
        },
        ..Ip::default()
    }
}
