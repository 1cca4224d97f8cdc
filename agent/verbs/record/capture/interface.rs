//! The interfaces of a capture, which give the link type of its packets.

use pcap_parser::{Block, InterfaceDescriptionBlock, PcapBlockOwned, PcapHeader, UnknownBlock};

use super::CaptureError;
use super::packet::Packet;

/// The largest number of interfaces in a section.
const MAX_INTERFACES: usize = 1 << 16;
/// The packet block of pcapng's first drafts, which the library does not parse.
const OBSOLETE_PACKET: u32 = 2;

/// The interfaces of the section so far, or of the file.
#[derive(Debug, Default)]
pub(super) struct Interfaces {
    described: Vec<Interface>,
    big_endian: bool,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: u16,
    /// The largest captured length of a packet.
    snaplen: u32,
}

/// The fields of a packet block.
struct PacketBlock<'a> {
    interface: u32,
    orig_len: u32,
    cap_len: u32,
    /// The captured bytes and padding.
    data: &'a [u8],
}

impl Interfaces {
    /// Adds the interface of the block at byte `at`, or returns its packet.
    pub(super) fn packet<'a>(
        &mut self,
        at: u64,
        block: &'a PcapBlockOwned<'a>,
    ) -> Result<Option<Packet<'a>>, CaptureError> {
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                self.describe(at, Interface::of_file(header))?
            }
            PcapBlockOwned::NG(Block::InterfaceDescription(block)) => {
                self.describe(at, Interface::of(block))?
            }
            PcapBlockOwned::NG(Block::SectionHeader(section)) => {
                *self = Self {
                    described: Vec::new(),
                    big_endian: section.big_endian(),
                };
            }
            _ => {}
        }
        let Some(fields) = self.packet_block(block) else {
            return Ok(None);
        };
        let Some(interface) = self.described.get(fields.interface as usize) else {
            return Err(CaptureError::Interface {
                at,
                interface: fields.interface,
            });
        };
        let cap_len = fields.cap_len.min(interface.snaplen) as usize;
        let bytes = fields.data.get(..cap_len).unwrap_or(fields.data);
        Ok(Some(Packet {
            link: interface.link,
            orig_len: fields.orig_len,
            bytes,
        }))
    }

    fn describe(&mut self, at: u64, interface: Interface) -> Result<(), CaptureError> {
        if self.described.len() == MAX_INTERFACES {
            return Err(CaptureError::Interfaces { at });
        }
        self.described.push(interface);
        Ok(())
    }

    fn packet_block<'a>(&self, block: &'a PcapBlockOwned<'a>) -> Option<PacketBlock<'a>> {
        let (interface, orig_len, cap_len, data) = match block {
            PcapBlockOwned::Legacy(frame) => (0, frame.origlen, frame.caplen, frame.data),
            PcapBlockOwned::NG(Block::EnhancedPacket(block)) => {
                (block.if_id, block.origlen, block.caplen, block.data)
            }
            PcapBlockOwned::NG(Block::SimplePacket(block)) => {
                (0, block.origlen, block.origlen, block.data)
            }
            PcapBlockOwned::NG(Block::Unknown(block)) => return self.obsolete_packet(block),
            _ => return None,
        };
        Some(PacketBlock {
            interface,
            orig_len,
            cap_len,
            data,
        })
    }

    /// Interface and drops in two bytes each, the time in eight, then captured and original length.
    fn obsolete_packet<'a>(&self, block: &UnknownBlock<'a>) -> Option<PacketBlock<'a>> {
        let (header, data) = block.data.split_first_chunk::<20>()?;
        let word = |at: usize| {
            let word = header.get(at..at + 4)?.try_into().ok()?;
            Some(if self.big_endian {
                u32::from_be_bytes(word)
            } else {
                u32::from_le_bytes(word)
            })
        };
        // The library reads a type as little-endian.
        let kind = if self.big_endian {
            block.block_type.swap_bytes()
        } else {
            block.block_type
        };
        let interface = if self.big_endian {
            word(0)? >> 16
        } else {
            word(0)? & 0xffff
        };
        (kind == OBSOLETE_PACKET).then_some(PacketBlock {
            interface,
            cap_len: word(12)?,
            orig_len: word(16)?,
            data,
        })
    }
}

impl Interface {
    /// The interface of a pcap file. Packets longer than its header's limit are used as they are.
    fn of_file(header: &PcapHeader) -> Self {
        // The upper half may describe a frame check sequence.
        Self {
            link: (header.network.0 & 0xffff) as u16,
            snaplen: u32::MAX,
        }
    }

    fn of(block: &InterfaceDescriptionBlock<'_>) -> Self {
        let snaplen = if block.snaplen == 0 {
            u32::MAX
        } else {
            block.snaplen
        };
        Self {
            link: (block.linktype.0 & 0xffff) as u16,
            snaplen,
        }
    }
}
