//! What the captured packet says about the flow, and where its payload is for the L7 stages.
//!
//! The layers are read by `tidegate_wire::packet`; this only translates them, and puts what a
//! tunnel carries in the place of the outer packet, as Hubble does.

use tidegate_core::Span;
use tidegate_core::flow::{
    Address, Ethernet, Flow, Ip, IpVersion, L4, LastLayer, SctpChunk, TcpFlags, Tunnel,
    TunnelProtocol,
};
use tidegate_wire::event::{PacketEvent, RecorderCapture, TraceNotify};
use tidegate_wire::packet::{self, Layer, Link, Network, Packet, Reason, Transport, Usual};

/// What was captured of a packet, and what the event says about it.
pub(super) struct Capture<'a> {
    bytes: &'a [u8],
    /// Where they are in the event's data.
    offset: usize,
    /// The packet's length on the device.
    len_orig: u32,
    link: Link,
    tunnel: Option<packet::Tunnel>,
}

impl<'a> Capture<'a> {
    pub(super) fn of(event: &impl PacketEvent<'a>) -> Self {
        let (bytes, offset, len_orig) = (event.packet(), event.packet_offset(), event.len_orig());
        Self {
            bytes,
            offset,
            len_orig,
            link: event.link(),
            tunnel: event.tunnel(),
        }
    }

    pub(super) fn of_recorder(event: &RecorderCapture<'a>) -> Self {
        let (bytes, offset, len_orig) = (event.packet(), event.packet_offset(), event.len_orig());
        Self {
            bytes,
            offset,
            len_orig,
            link: Link::Ethernet,
            tunnel: None,
        }
    }
}

/// Fills the flow from a packet of the event whose bytes `data` are.
pub(super) fn read(flow: &mut Flow, capture: &Capture<'_>, data: Span) -> Result<(), Reason> {
    let captured = data.slice(capture.offset, capture.bytes.len());
    if let (Link::Ethernet, None) = (capture.link, capture.tunnel)
        && let Some(usual) = packet::parse_usual(capture.bytes)
    {
        fill_usual(flow, &usual, captured);
    } else {
        read_any(flow, capture, captured)?;
    }
    // Without lengths to go by (segmentation offload), bytes up to the end of a cut capture are
    // cut, too.
    let reaches_end = flow.payload.start + flow.payload.len == captured.start + captured.len;
    flow.payload_cut |= reaches_end & (capture.len_orig > captured.len);
    Ok(())
}

/// The same for a trace with a usual packet, which is most of what there is; `None`, with nothing
/// done, for any other.
#[inline(always)]
pub(super) fn read_usual(flow: &mut Flow, trace: &TraceNotify<'_>, data: Span) -> Option<()> {
    if trace.link() != Link::Ethernet || trace.tunnel().is_some() {
        return None;
    }
    let bytes = trace.packet();
    let usual = packet::parse_usual(bytes)?;
    fill_usual(flow, &usual, data.slice(trace.packet_offset(), bytes.len()));
    let reaches_end = usual.payload_offset + usual.payload.len() == bytes.len();
    flow.payload_cut |= reaches_end & (trace.len_orig() as usize > bytes.len());
    Some(())
}

/// What is known to be there needs no look at what could be missing.
#[inline(always)]
fn fill_usual(flow: &mut Flow, usual: &Usual<'_>, bytes: Span) {
    let packet::Ethernet { src, dst } = usual.ethernet();
    flow.ethernet = Some(Ethernet {
        source: src,
        destination: dst,
    });
    let (version, source, destination) = match usual.network {
        Network::V4(header) => (
            IpVersion::V4,
            Address::v4(header.src()),
            Address::v4(header.dst()),
        ),
        Network::V6(header) => (IpVersion::V6, Address(header.src()), Address(header.dst())),
    };
    flow.ip = Some(Ip {
        source,
        destination,
        version,
        source_xlated: None,
        encrypted: false,
    });
    match usual.transport {
        Transport::Tcp(header) => {
            let flags = Some(TcpFlags(header.flags()));
            flow.l4 = L4::Tcp {
                source_port: header.sport(),
                destination_port: header.dport(),
                flags,
            };
            flow.last_layer = LastLayer::Tcp;
            flow.tcp_seq = header.seq();
        }
        Transport::Udp(header) => {
            flow.l4 = L4::Udp {
                source_port: header.sport(),
                destination_port: header.dport(),
            };
            flow.last_layer = LastLayer::Udp;
        }
    }
    flow.payload = bytes.slice(usual.payload_offset, usual.payload.len());
    flow.payload_cut = usual.truncated;
}

// Apart, so that usual packets do without its registers.
#[inline(never)]
fn read_any(flow: &mut Flow, capture: &Capture<'_>, captured: Span) -> Result<(), Reason> {
    let packet = packet::parse(capture.bytes, capture.link)?;
    match capture.tunnel {
        Some(tunnel) if packet.last.is_some() => {
            let overlay = packet::parse_overlay(packet.udp_payload(), tunnel)?;
            flow.tunnel = Some(Tunnel {
                protocol: protocol(overlay.tunnel),
                ip: packet.ip.map(ip),
                l4: packet.l4.map_or(L4::None, l4),
                vni: overlay.vni,
            });
            fill(
                flow,
                &overlay.inner,
                captured.slice(packet.payload_offset, packet.payload.len()),
            );
            flow.payload_cut |= packet.truncated;
        }
        _ => fill(flow, &packet, captured),
    }
    Ok(())
}

fn fill(flow: &mut Flow, packet: &Packet<'_>, bytes: Span) {
    flow.ethernet = packet.ethernet.map(|ethernet| Ethernet {
        source: ethernet.src,
        destination: ethernet.dst,
    });
    flow.ip = packet.ip.map(ip);
    flow.l4 = packet.l4.map_or(L4::None, l4);
    flow.last_layer = packet.last.map_or(LastLayer::None, last_layer);
    flow.payload = bytes.slice(packet.payload_offset, packet.payload.len());
    flow.payload_cut = packet.truncated;
    if let Some(packet::L4::Tcp { seq, .. }) = packet.l4 {
        flow.tcp_seq = seq;
    }
}

fn ip(ip: packet::Ip) -> Ip {
    Ip {
        source: Address::from(ip.src),
        destination: Address::from(ip.dst),
        version: if ip.src.is_ipv4() {
            IpVersion::V4
        } else {
            IpVersion::V6
        },
        ..Ip::default()
    }
}

fn l4(l4: packet::L4) -> L4 {
    match l4 {
        packet::L4::Tcp {
            sport,
            dport,
            flags,
            ..
        } => L4::Tcp {
            source_port: sport,
            destination_port: dport,
            flags: Some(TcpFlags(flags)),
        },
        packet::L4::Udp { sport, dport } => L4::Udp {
            source_port: sport,
            destination_port: dport,
        },
        packet::L4::Sctp {
            sport,
            dport,
            chunk,
        } => L4::Sctp {
            source_port: sport,
            destination_port: dport,
            chunk_type: SctpChunk::from_packet(chunk),
        },
        packet::L4::Icmpv4 { kind, code } => L4::Icmpv4 {
            icmp_type: kind,
            code,
        },
        packet::L4::Icmpv6 { kind, code } => L4::Icmpv6 {
            icmp_type: kind,
            code,
        },
        packet::L4::Vrrp {
            kind,
            vrid,
            priority,
        } => L4::Vrrp {
            vrrp_type: kind,
            vrid,
            priority,
        },
        packet::L4::Igmp { kind, group } => L4::Igmp {
            igmp_type: kind,
            group: group.into(),
        },
    }
}

fn last_layer(layer: Layer) -> LastLayer {
    match layer {
        Layer::Ethernet => LastLayer::Ethernet,
        Layer::Ipv4 => LastLayer::Ipv4,
        Layer::Ipv6 => LastLayer::Ipv6,
        Layer::Tcp => LastLayer::Tcp,
        Layer::Udp => LastLayer::Udp,
        Layer::Sctp => LastLayer::Sctp,
        Layer::Icmpv4 => LastLayer::Icmpv4,
        Layer::Icmpv6 => LastLayer::Icmpv6,
        Layer::Vrrp => LastLayer::Vrrp,
        Layer::Igmp => LastLayer::Igmp,
        Layer::Vxlan => LastLayer::Vxlan,
        Layer::Geneve => LastLayer::Geneve,
    }
}

fn protocol(tunnel: packet::Tunnel) -> TunnelProtocol {
    match tunnel {
        packet::Tunnel::Vxlan => TunnelProtocol::Vxlan,
        packet::Tunnel::Geneve => TunnelProtocol::Geneve,
    }
}
