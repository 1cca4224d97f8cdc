//! Fills a flow from a packet that the fast path of `tidegate_wire::packet` decoded: all of its
//! layers are present, so there is nothing to check. A property test in the parent module compares
//! the result with that of the general path.

use tidegate_model::Span;
use tidegate_model::flow::{Address, Flow, Ip, IpVersion, L4, Layer};
use tidegate_wire::packet::fast_path::{Network, SimplePacket, Transport};

/// Sets the layers and the payload. `captured` is where the packet lies in the batch.
#[inline(always)]
pub(super) fn fill(flow: &mut Flow, packet: &SimplePacket<'_>, captured: Span) {
    flow.ethernet = Some(packet.ethernet());
    flow.ip = Some(ip(packet.network));
    match packet.transport {
        Transport::Tcp(header) => {
            flow.l4 = L4::Tcp {
                source_port: header.source_port(),
                destination_port: header.destination_port(),
                flags: Some(header.flags()),
            };
            flow.last_layer = Some(Layer::Tcp);
            let numbers = header.numbers();
            flow.tcp_seq = numbers.sequence;
            flow.tcp_ack = numbers.acknowledgment;
        }
        Transport::Udp(header) => {
            flow.l4 = L4::Udp {
                source_port: header.source_port(),
                destination_port: header.destination_port(),
            };
            flow.last_layer = Some(Layer::Udp);
        }
    }
    flow.payload = captured.slice(packet.payload_offset, packet.payload.len());
}

#[inline(always)]
fn ip(network: Network<'_>) -> Ip {
    let (version, source, destination) = match network {
        Network::V4(header) => (
            IpVersion::V4,
            Address::v4(header.source()),
            Address::v4(header.destination()),
        ),
        Network::V6(header) => (
            IpVersion::V6,
            Address(header.source()),
            Address(header.destination()),
        ),
    };
    Ip {
        source,
        destination,
        version,
        source_xlated: None,
        encrypted: false,
    }
}
