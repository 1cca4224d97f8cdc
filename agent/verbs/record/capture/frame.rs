//! Packets in the frames of the monitor socket, in the layouts of Cilium 1.19.

use tidegate_wire::event::{self, Common, Profile, TraceFields, flags};
use tidegate_wire::payload::{self, Payload};

use super::link::{Network, Start};
use super::packet::Packet;

/// `TRACE_TO_STACK`: the packet is passed to the host. Unlike other trace points, this one implies
/// neither an endpoint nor a device.
const TO_STACK: u8 = 3;
/// `TRACE_REASON_UNKNOWN`: no connection state, so that no packet is marked as a reply.
const REASON_UNKNOWN: u8 = 5;
/// The offset of the `EtherType` in an Ethernet header, and its value for IPv6.
const ETHER_TYPE: (usize, [u8; 2]) = (12, [0x86, 0xdd]);

/// Encodes the frames of one stream.
#[derive(Debug)]
pub(super) struct Framer {
    stream: payload::Encoder,
    events: event::Encoder,
    snaplen: usize,
    /// Buffers, kept for their capacity.
    data: Vec<u8>,
    frame: Vec<u8>,
}

impl Framer {
    /// Creates frames with at most `snaplen` bytes of a packet, or with as many as fit.
    pub(super) fn new(snaplen: Option<u16>) -> Self {
        Self {
            stream: payload::Encoder::default(),
            events: event::Encoder {
                profile: Profile::V1_19,
                padding: 0,
            },
            snaplen: snaplen.unwrap_or(u16::MAX).into(),
            data: Vec::new(),
            frame: Vec::new(),
        }
    }

    /// Encodes the frame of a packet. The first one follows the type definition of the stream.
    pub(super) fn frame(&mut self, network: &Network<'_>, packet: &Packet<'_>) -> &[u8] {
        let stripped = packet.bytes.len() - network.bytes.len();
        let orig_len = (packet.orig_len as usize).max(packet.bytes.len()) - stripped;
        let fields = TraceFields {
            common: Common {
                subtype: TO_STACK,
                len_orig: orig_len as u32,
                ..Common::default()
            },
            reason: REASON_UNKNOWN,
            flags: flags(network),
            ..TraceFields::default()
        };
        let carried = &network.bytes[..network.bytes.len().min(self.snaplen)];
        self.data.clear();
        self.events.trace(&fields, carried, &mut self.data);
        self.frame.clear();
        let payload = Payload {
            data: &self.data,
            cpu: 0,
            lost: 0,
            kind: Payload::EVENT_SAMPLE,
        };
        self.stream.encode(&payload, &mut self.frame);
        &self.frame
    }
}

fn flags(network: &Network<'_>) -> u8 {
    let (at, ipv6) = ETHER_TYPE;
    match network.start {
        Start::Ethernet if network.bytes.get(at..at + 2) == Some(&ipv6) => flags::IPV6,
        Start::Ethernet => 0,
        Start::Ipv4 => flags::L3_DEVICE,
        Start::Ipv6 => flags::L3_DEVICE | flags::IPV6,
    }
}
