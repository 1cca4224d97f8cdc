//! A capture file, block by block: pcap and pcapng of either byte order, from a file or a pipe.
//!
//! Follows draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. Times are not read, as frames carry
//! none.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use pcap_parser::traits::PcapReaderIterator;
use pcap_parser::{
    LegacyPcapReader, PcapError, PcapNGReader, nom, parse_pcap_header, parse_sectionheaderblock,
};

use super::CaptureError;
use super::interface::Interfaces;
use super::packet::Packet;

/// The largest block that is read; Wireshark's limit for the largest packets is less.
pub(super) const MAX_BLOCK: usize = 16 << 20;
/// Bytes that are read at once, until a block is larger.
const BUFFER: usize = 256 * 1024;
const GZIP: [u8; 2] = [0x1f, 0x8b];
const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A block, with a packet or without.
    Block,
    /// Nothing whole: [`CaptureFile::refill`] has to read on.
    Dry,
    /// The end, between two blocks.
    End,
}

/// An open capture.
pub(super) struct CaptureFile {
    reader: Box<dyn PcapReaderIterator>,
    capacity: usize,
    /// Where the next block starts.
    at: u64,
    interfaces: Interfaces,
}

impl CaptureFile {
    /// Opens a file, standard input for `-`, and tells its format.
    pub(super) fn open(path: &Path) -> Result<Self, CaptureError> {
        if path == Path::new("-") {
            Self::new(io::stdin())
        } else {
            Self::new(File::open(path)?)
        }
    }

    fn new(mut input: impl Read + 'static) -> Result<Self, CaptureError> {
        // The library reads once before anything else and has to find the whole first block then.
        // Its own choice of a reader would read twice, and wait for a live capture that has nothing
        // yet.
        let first = first_block(&mut input)?;
        let is_section = first.starts_with(&SECTION_HEADER);
        let capacity = BUFFER.max(first.len() + 1);
        let input = Cursor::new(first).chain(input);
        let reader: Box<dyn PcapReaderIterator> = if is_section {
            Box::new(PcapNGReader::new(capacity, input).map_err(|_| CaptureError::Unknown)?)
        } else {
            Box::new(LegacyPcapReader::new(capacity, input).map_err(|_| CaptureError::Unknown)?)
        };
        Ok(Self {
            reader,
            capacity,
            at: 0,
            interfaces: Interfaces::default(),
        })
    }

    /// Reads a block that is there already, and shows its packet, if it is one, to `packet`.
    pub(super) fn step(
        &mut self,
        packet: &mut impl FnMut(Packet<'_>),
    ) -> Result<Step, CaptureError> {
        let at = self.at;
        let (used, block) = match self.reader.next() {
            Ok(found) => found,
            Err(PcapError::Eof) => return Ok(Step::End),
            Err(PcapError::Incomplete(_)) => return Ok(Step::Dry),
            Err(PcapError::BufferTooSmall) => return self.grow(),
            Err(PcapError::UnexpectedEof) => return Err(CaptureError::Truncated { at }),
            Err(_) => return Err(CaptureError::Malformed { at }),
        };
        if let Some(found) = self.interfaces.packet(at, &block)? {
            packet(found);
        }
        self.reader.consume(used);
        self.at += used as u64;
        Ok(Step::Block)
    }

    /// Reads on. Waits for a pipe that has nothing yet.
    pub(super) fn refill(&mut self) -> Result<(), CaptureError> {
        self.reader
            .refill()
            .map_err(|_| CaptureError::Read { at: self.at })
    }

    fn grow(&mut self) -> Result<Step, CaptureError> {
        if self.capacity > MAX_BLOCK {
            return Err(CaptureError::TooLarge { at: self.at });
        }
        // The library wants a byte more than the block has.
        self.capacity = (2 * self.capacity).min(MAX_BLOCK + 1);
        self.reader.grow(self.capacity);
        Ok(Step::Dry)
    }
}

/// Reads until the first block is whole: the header of a pcap file, or of a pcapng section.
fn first_block(input: &mut impl Read) -> Result<Vec<u8>, CaptureError> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let section = bytes.starts_with(&SECTION_HEADER);
        let parsed = if section {
            parse_sectionheaderblock(&bytes).map(|_| ())
        } else {
            parse_pcap_header(&bytes).map(|_| ())
        };
        match parsed {
            Ok(()) => return Ok(bytes),
            Err(nom::Err::Incomplete(_)) if bytes.len() > MAX_BLOCK => {
                return Err(CaptureError::TooLarge { at: 0 });
            }
            Err(nom::Err::Incomplete(_)) => {}
            Err(_) if bytes.starts_with(&GZIP) => return Err(CaptureError::Compressed),
            Err(_) => return Err(CaptureError::Unknown),
        }
        match input.read(&mut piece)? {
            0 => return Err(CaptureError::Truncated { at: 0 }),
            n => bytes.extend_from_slice(&piece[..n]),
        }
    }
}
