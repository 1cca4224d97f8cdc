//! Frames that carry a number where every sink shows it: in the last 64 bits of the packet's source
//! address.

use std::net::Ipv6Addr;

use tidegate_wire::event::{Common, Encoder, Profile, TraceFields};
use tidegate_wire::gob::{TypeId, put_int, write_message};
use tidegate_wire::payload::{self, Payload};

const PREFIX: u128 = 0xfd00 << 112;

/// The number in an address that a sink shows.
pub(super) fn number(address: &str) -> u64 {
    let bits = u128::from(address.parse::<Ipv6Addr>().unwrap());
    u64::try_from(bits ^ PREFIX).unwrap()
}

/// One connection's stream, as the Cilium agent writes it.
#[derive(Default)]
pub(super) struct Writer {
    encoder: payload::Encoder,
    pub(super) bytes: Vec<u8>,
}

impl Writer {
    /// A trace of a packet from the address that carries `number`.
    pub(super) fn numbered(&mut self, number: u64) {
        let (packet, mut data) = (packet(number), Vec::new());
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

    /// A frame whose first field claims more bytes than the frame has. The stream goes on behind
    /// it.
    pub(super) fn broken_frame(&mut self) {
        let mut body = Vec::new();
        put_int(&mut body, TypeId::FIRST.0);
        body.extend([1, 100]);
        write_message(&mut self.bytes, &body);
    }

    /// What cannot be the length of a frame: nothing behind it can be read.
    pub(super) fn garbage(&mut self) {
        self.bytes.push(0x80);
    }

    /// A frame without its last bytes.
    pub(super) fn cut_frame(&mut self) {
        self.numbered(u64::MAX);
        self.bytes.truncate(self.bytes.len() - 9);
    }
}

fn packet(number: u64) -> Vec<u8> {
    let mut packet = vec![2; 12];
    packet.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 20, 6, 64]);
    packet.extend((PREFIX | u128::from(number)).to_be_bytes());
    packet.extend((PREFIX | 1 << 64).to_be_bytes());
    // TCP from 40000 to 5201, which no L7 stage looks into.
    packet.extend([
        0x9c, 0x40, 0x14, 0x51, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x10, 0xff, 0xff, 0, 0, 0, 0,
    ]);
    packet
}
