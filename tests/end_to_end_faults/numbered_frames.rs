//! Frames that carry a number in the last 64 bits of the packet's source address, which every sink
//! shows.

use std::net::Ipv6Addr;

use tidegate_wire::event::{Common, Encoder, Profile, TraceFields};
use tidegate_wire::gob::{TypeId, put_int, write_message};
use tidegate_wire::payload::{self, Payload};

const PREFIX: u128 = 0xfd00 << 112;

/// The number in the source address of a flow.
pub(super) fn frame_number(address: &str) -> u64 {
    let bits = u128::from(address.parse::<Ipv6Addr>().unwrap());
    u64::try_from(bits ^ PREFIX).unwrap()
}

/// Writes one connection's stream as the Cilium agent does.
#[derive(Default)]
pub(super) struct FrameWriter {
    encoder: payload::Encoder,
    pub(super) bytes: Vec<u8>,
}

impl FrameWriter {
    /// Writes a trace of a packet whose source address carries `number`.
    pub(super) fn numbered(&mut self, number: u64) {
        let packet = packet(number);
        let mut data = Vec::new();
        let len_orig = u32::try_from(packet.len()).unwrap();
        let fields = TraceFields {
            common: Common {
                len_orig,
                ..Common::default()
            },
            ..TraceFields::default()
        };
        Encoder {
            profile: Profile::V1_19,
            padding: 0,
        }
        .trace(&fields, &packet, &mut data);
        let payload = Payload {
            data: &data,
            cpu: 0,
            lost: 0,
            kind: Payload::EVENT_SAMPLE,
        };
        self.encoder.encode(&payload, &mut self.bytes);
    }

    /// Writes a frame whose first field claims more bytes than the frame has. Later frames of the
    /// stream are readable.
    pub(super) fn malformed_frame(&mut self) {
        let mut body = Vec::new();
        put_int(&mut body, TypeId::FIRST.0);
        body.extend([1, 100]);
        write_message(&mut self.bytes, &body);
    }

    /// Writes an invalid frame length, after which the stream cannot be read.
    pub(super) fn garbage(&mut self) {
        self.bytes.push(0x80);
    }

    /// Writes a frame without its last bytes.
    pub(super) fn truncated_frame(&mut self) {
        self.numbered(u64::MAX);
        self.bytes.truncate(self.bytes.len() - 9);
    }
}

fn packet(number: u64) -> Vec<u8> {
    let mut packet = vec![2; 12];
    packet.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 20, 6, 64]);
    packet.extend((PREFIX | u128::from(number)).to_be_bytes());
    packet.extend((PREFIX | 1 << 64).to_be_bytes());
    // TCP from 40000 to 5201, a payload that no L7 stage inspects.
    packet.extend([
        0x9c, 0x40, 0x14, 0x51, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0,
    ]);
    packet
}
