//! Reads a capture block by block: pcap and pcapng of either byte order, from a file or a pipe.
//!
//! Follows draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. Timestamps are ignored, since
//! frames have none.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use pcap_parser::traits::PcapReaderIterator;
use pcap_parser::{
    LegacyPcapReader, PcapError, PcapNGReader, nom, parse_pcap_header, parse_sectionheaderblock,
};

use tidegate_wire::file_type::FileType;

use super::interface::Interfaces;
use super::packet::Packet;
use super::{CaptureError, MAX_BLOCK};

/// The initial size of the buffer.
const BUFFER: usize = 256 * 1024;
const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// The result of [`CaptureFile::step`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A block, with a packet or without.
    Block,
    /// The next block is incomplete; [`CaptureFile::refill`] reads more.
    Incomplete,
    /// The end of the file, after a complete block.
    End,
}

/// An open capture.
pub(super) struct CaptureFile {
    reader: Box<dyn PcapReaderIterator>,
    capacity: usize,
    /// The offset of the next block.
    offset: u64,
    interfaces: Interfaces,
}

impl CaptureFile {
    /// Opens a file, or standard input for `-`, and detects its format.
    pub(super) fn open(path: &Path) -> Result<Self, CaptureError> {
        if path == Path::new("-") {
            return Self::new(io::stdin(), path);
        }
        match path.metadata() {
            Ok(found) if found.is_dir() => Err(CaptureError::NotAFile("a directory")),
            Ok(found) if found.file_type().is_socket() => Err(CaptureError::NotAFile("a socket")),
            _ => Self::new(File::open(path)?, path),
        }
    }

    fn new(mut input: impl Read + 'static, name: &Path) -> Result<Self, CaptureError> {
        // The library reads once and must find the complete first block. Its own detection of the
        // format would read twice, and block on a live capture without packets.
        let first = first_block(&mut input, name)?;
        let is_pcapng = first.starts_with(&SECTION_HEADER);
        let capacity = BUFFER.max(first.len() + 1);
        let input = Cursor::new(first).chain(input);
        let reader: Box<dyn PcapReaderIterator> = if is_pcapng {
            Box::new(PcapNGReader::new(capacity, input).map_err(|_| CaptureError::Unknown)?)
        } else {
            Box::new(LegacyPcapReader::new(capacity, input).map_err(|_| CaptureError::Unknown)?)
        };
        Ok(Self {
            reader,
            capacity,
            offset: 0,
            interfaces: Interfaces::default(),
        })
    }

    /// Parses a buffered block, and passes its packet, if it has one, to `on_packet`.
    pub(super) fn step(
        &mut self,
        on_packet: &mut impl FnMut(Packet<'_>),
    ) -> Result<Step, CaptureError> {
        let at = self.offset;
        let (used, block) = match self.reader.next() {
            Ok(found) => found,
            Err(PcapError::Eof) => return Ok(Step::End),
            Err(PcapError::Incomplete(_)) => return Ok(Step::Incomplete),
            Err(PcapError::BufferTooSmall) => return self.grow(),
            Err(PcapError::UnexpectedEof) => return Err(CaptureError::Truncated { at }),
            Err(_) => return Err(CaptureError::Malformed { at }),
        };
        if let Some(packet) = self.interfaces.packet(at, &block)? {
            on_packet(packet);
        }
        self.reader.consume(used);
        self.offset += used as u64;
        Ok(Step::Block)
    }

    /// Reads more bytes; blocks on an empty pipe.
    pub(super) fn refill(&mut self) -> Result<(), CaptureError> {
        self.reader
            .refill()
            .map_err(|_| CaptureError::Read { at: self.offset })
    }

    fn grow(&mut self) -> Result<Step, CaptureError> {
        if self.capacity > MAX_BLOCK {
            return Err(CaptureError::TooLarge { at: self.offset });
        }
        // The library needs a byte more than the block has.
        self.capacity = (2 * self.capacity).min(MAX_BLOCK + 1);
        self.reader.grow(self.capacity);
        Ok(Step::Incomplete)
    }
}

/// Reads the complete first block: the header of a pcap file or of a pcapng section.
fn first_block(input: &mut impl Read, name: &Path) -> Result<Vec<u8>, CaptureError> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
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
            Err(_) => return Err(CaptureError::not_a_capture(&bytes, name)),
        }
        match input.read(&mut chunk)? {
            0 if FileType::detect(&bytes) == FileType::Capture => {
                return Err(CaptureError::Truncated { at: 0 });
            }
            0 => return Err(CaptureError::not_a_capture(&bytes, name)),
            n => bytes.extend_from_slice(&chunk[..n]),
        }
    }
}
