//! What the files contain. All numbers are little-endian, and checksums are CRC-32 (IEEE).
//!
//! A segment begins with 24 bytes: [`MAGIC`], the format (`u32`), the sequence number of its first
//! entry (`u64`), and the checksum of these. Entries follow. Each has a header of 32 bytes and, if it
//! is data, a payload:
//!
//! | bytes | content |
//! | --- | --- |
//! | 0..4 | checksum of the rest of the header |
//! | 4 | 1: data; 2: an acknowledgement, which has no payload |
//! | 5..8 | the tag |
//! | 8..12 | length of the payload |
//! | 12..16 | number of records |
//! | 16..24 | sequence number; that of the acknowledged entry |
//! | 24..28 | checksum of the payload |
//! | 28..32 | 0 |

/// The first bytes of a segment.
const MAGIC: [u8; 8] = *b"tidegatq";

/// The format that this release reads and writes.
pub(super) const FORMAT: u32 = 1;

/// Bytes of the header of a segment.
pub(super) const SEGMENT_HEADER_LEN: usize = 24;

/// Bytes of the header of an entry.
pub(super) const ENTRY_HEADER_LEN: usize = 32;

const DATA: u8 = 1;
const ACKNOWLEDGEMENT: u8 = 2;

/// What the header of a segment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SegmentHeader {
    /// The sequence number of the first entry.
    First(u64),
    /// It is of this other format.
    OtherFormat(u32),
    /// The file was created and its header never written.
    Blank,
    /// It is not a header.
    Damaged,
}

/// The header of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryHeader {
    Data(DataHeader),
    /// The entry with this sequence number was acknowledged.
    Acknowledgement(u64),
}

/// The header of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DataHeader {
    pub(super) tag: [u8; 3],
    /// Length of the payload.
    pub(super) len: u32,
    pub(super) records: u32,
    pub(super) seq: u64,
    pub(super) payload_checksum: u32,
}

impl SegmentHeader {
    pub(super) fn encode(first: u64) -> [u8; SEGMENT_HEADER_LEN] {
        let mut bytes = [0; SEGMENT_HEADER_LEN];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[12..20].copy_from_slice(&first.to_le_bytes());
        let checksum = checksum(&bytes[..20]);
        bytes[20..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Decodes the header. The format decides before the checksum, whose place may differ.
    pub(super) fn decode(bytes: &[u8; SEGMENT_HEADER_LEN]) -> Self {
        if bytes.iter().all(|byte| *byte == 0) {
            return Self::Blank;
        }
        if bytes[..8] != MAGIC {
            return Self::Damaged;
        }
        match u32_at(bytes, 8) {
            FORMAT if checksum(&bytes[..20]) == u32_at(bytes, 20) => Self::First(u64_at(bytes, 12)),
            FORMAT => Self::Damaged,
            other => Self::OtherFormat(other),
        }
    }
}

impl EntryHeader {
    pub(super) fn encode(&self) -> [u8; ENTRY_HEADER_LEN] {
        let mut bytes = [0; ENTRY_HEADER_LEN];
        match self {
            Self::Data(data) => {
                bytes[4] = DATA;
                bytes[5..8].copy_from_slice(&data.tag);
                bytes[8..12].copy_from_slice(&data.len.to_le_bytes());
                bytes[12..16].copy_from_slice(&data.records.to_le_bytes());
                bytes[16..24].copy_from_slice(&data.seq.to_le_bytes());
                bytes[24..28].copy_from_slice(&data.payload_checksum.to_le_bytes());
            }
            Self::Acknowledgement(seq) => {
                bytes[4] = ACKNOWLEDGEMENT;
                bytes[16..24].copy_from_slice(&seq.to_le_bytes());
            }
        }
        let checksum = checksum(&bytes[4..]);
        bytes[..4].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Decodes a header; `None` if it is damaged.
    pub(super) fn decode(bytes: &[u8; ENTRY_HEADER_LEN]) -> Option<Self> {
        if checksum(&bytes[4..]) != u32_at(bytes, 0) {
            return None;
        }
        match bytes[4] {
            DATA => Some(Self::Data(DataHeader {
                tag: [bytes[5], bytes[6], bytes[7]],
                len: u32_at(bytes, 8),
                records: u32_at(bytes, 12),
                seq: u64_at(bytes, 16),
                payload_checksum: u32_at(bytes, 24),
            })),
            ACKNOWLEDGEMENT => Some(Self::Acknowledgement(u64_at(bytes, 16))),
            _ => None,
        }
    }

    /// Bytes of the entry, with its payload.
    pub(super) fn entry_len(&self) -> u64 {
        let payload = match self {
            Self::Data(data) => u64::from(data.len),
            Self::Acknowledgement(_) => 0,
        };
        ENTRY_HEADER_LEN as u64 + payload
    }
}

/// The checksum of a header or a payload.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut value = [0; 4];
    value.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(value)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut value = [0; 8];
    value.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(value)
}
