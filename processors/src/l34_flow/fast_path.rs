//! Fills a flow from a packet that the fast path of `tidegate_wire::packet` decoded: all of its
//! layers are present, so there is nothing to check. A property test in the parent module compares
//! the result with that of the general path.

use tidegate_model::Span;
use tidegate_model::flow::{Address, Ethernet, Flow, Ip, IpVersion, L4, LastLayer, TcpFlags};
use tidegate_wire::packet;
use tidegate_wire::packet::fast_path::{Network, SimplePacket, Transport};

/// Sets the layers and the payload. `captured` is where the packet lies in the batch.
#[inline(always)]
pub(super) fn fill(flow: &mut Flow, packet: &SimplePacket<'_>, captured: Span) {
    let packet::Ethernet { src, dst } = packet.ethernet();
    flow.ethernet = Some(Ethernet {
        source: src,
        destination: dst,
    });
    flow.ip = Some(ip(packet.network));
    match packet.transport {
        Transport::Tcp(header) => {
            flow.l4 = L4::Tcp {
                source_port: header.sport(),
                destination_port: header.dport(),
                flags: Some(TcpFlags(header.flags())),
            };
            flow.last_layer = LastLayer::Tcp;
            flow.tcp_seq = header.seq();
            flow.tcp_ack = header.ack();
        }
        Transport::Udp(header) => {
            flow.l4 = L4::Udp {
                source_port: header.sport(),
                destination_port: header.dport(),
            };
            flow.last_layer = LastLayer::Udp;
        }
    }
    flow.payload = captured.slice(packet.payload_offset, packet.payload.len());
}

#[inline(always)]
fn ip(network: Network<'_>) -> Ip {
    let (version, source, destination) = match network {
        Network::V4(header) => (
            IpVersion::V4,
            Address::v4(header.src()),
            Address::v4(header.dst()),
        ),
        Network::V6(header) => (IpVersion::V6, Address(header.src()), Address(header.dst())),
    };
    Ip {
        source,
        destination,
        version,
        source_xlated: None,
        encrypted: false,
    }
}
