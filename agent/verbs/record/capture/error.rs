//! Why a capture cannot be read to its end.

use std::io;
use std::path::Path;

use tidegate_wire::file_type::FileType;

use super::MAX_BLOCK;

/// An error in a capture, with its offset.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CaptureError {
    /// It cannot be opened or read.
    #[error(transparent)]
    Open(#[from] io::Error),
    /// It has a format that is not known.
    #[error("it is neither pcap nor pcapng")]
    Unknown,
    /// It is a file of another type; compression is an option of Wireshark.
    #[error("it is {}, and neither pcap nor pcapng{advice}", .found.description())]
    OtherType { found: FileType, advice: String },
    /// It is a directory or a socket.
    #[error("it is {0}, and neither pcap nor pcapng")]
    NotAFile(&'static str),
    /// A read failed.
    #[error("reading failed after byte {at}")]
    Read { at: u64 },
    /// The file ends too early.
    #[error("it ends inside the block that starts at byte {at}")]
    Truncated { at: u64 },
    /// A block exceeds the limit; no link layer has packets of this size.
    #[error("the block at byte {at} is larger than {} MiB", MAX_BLOCK >> 20)]
    TooLarge { at: u64 },
    /// The lengths of a block contradict each other.
    #[error("the block at byte {at} is malformed")]
    Malformed { at: u64 },
    /// The interface of a packet is not described.
    #[error("the packet at byte {at} is of interface {interface}, which was not described")]
    Interface { at: u64, interface: u32 },
    /// A section describes too many interfaces.
    #[error("the section describes too many interfaces at byte {at}")]
    Interfaces { at: u64 },
}

impl CaptureError {
    /// The error for a file that begins with these bytes, which are not those of a capture.
    pub(super) fn not_a_capture(start: &[u8], name: &Path) -> Self {
        let name = match name == Path::new("-") {
            true => "FILE".into(),
            false => name.to_string_lossy(),
        };
        match FileType::detect(start) {
            // The magic number is right, and what follows is not.
            FileType::Capture => Self::Malformed { at: 0 },
            FileType::Unknown => Self::Unknown,
            found => Self::OtherType {
                found,
                advice: found
                    .instead_of_capture(&name)
                    .map_or_else(String::new, |advice| format!("; {advice}")),
            },
        }
    }
}
