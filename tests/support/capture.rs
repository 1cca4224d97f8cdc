//! Builds pcap and pcapng files.

/// The magic number of a pcap file with timestamps in microseconds.
pub(crate) const MICROSECONDS: u32 = 0xa1b2_c3d4;
/// The magic number of a pcap file with timestamps in nanoseconds.
pub(crate) const NANOSECONDS: u32 = 0xa1b2_3c4d;

/// The byte order of a capture file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ByteOrder {
    Little,
    Big,
}

use ByteOrder::Little;

impl ByteOrder {
    fn u16(self, number: u16) -> [u8; 2] {
        if matches!(self, Little) {
            number.to_le_bytes()
        } else {
            number.to_be_bytes()
        }
    }

    fn u32(self, number: u32) -> [u8; 4] {
        if matches!(self, Little) {
            number.to_le_bytes()
        } else {
            number.to_be_bytes()
        }
    }

    pub(crate) fn u32s<const N: usize>(self, numbers: [u32; N]) -> Vec<u8> {
        numbers.map(|number| self.u32(number)).concat()
    }

    /// A pcap file. `magic` is [`MICROSECONDS`] or [`NANOSECONDS`].
    pub(crate) fn pcap(self, magic: u32, link: u16, packets: &[&[u8]]) -> Vec<u8> {
        let mut file = [&self.u32(magic)[..], &self.u16(2), &self.u16(4)].concat();
        file.extend(self.u32s([0, 0, 65535, link.into()]));
        for packet in packets {
            let len = u32::try_from(packet.len()).unwrap();
            file.extend(self.u32s([1, 2, len, len]));
            file.extend_from_slice(packet);
        }
        file
    }

    /// A block of a pcapng file.
    pub(crate) fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let padded = [body, &vec![0; body.len().next_multiple_of(4) - body.len()]].concat();
        let len = u32::try_from(padded.len() + 12).unwrap();
        [&self.u32s([kind, len])[..], &padded, &self.u32(len)].concat()
    }

    /// A section header and an interface description for each link type.
    pub(crate) fn section(self, links: &[u16]) -> Vec<u8> {
        let head = [
            &self.u32(0x1a2b_3c4d)[..],
            &self.u16(1),
            &self.u16(0),
            &[0xff; 8],
        ]
        .concat();
        let interface = |link: &u16| {
            self.block(
                1,
                &[&self.u16(*link)[..], &self.u16(0), &self.u32(0)].concat(),
            )
        };
        [
            self.block(0x0a0d_0d0a, &head),
            links.iter().flat_map(interface).collect(),
        ]
        .concat()
    }

    /// An enhanced packet block.
    pub(crate) fn packet(self, interface: u32, orig_len: u32, bytes: &[u8]) -> Vec<u8> {
        let len = u32::try_from(bytes.len()).unwrap();
        self.block(
            6,
            &[&self.u32s([interface, 0, 0, len, orig_len])[..], bytes].concat(),
        )
    }
}
