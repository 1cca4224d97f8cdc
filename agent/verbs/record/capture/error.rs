//! Why a capture cannot be read, or not to its end.

use std::io;

use super::file::MAX_BLOCK;

/// What is wrong with a capture, and at which byte of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CaptureError {
    /// It cannot be opened, or not be read at all.
    #[error(transparent)]
    Open(#[from] io::Error),
    /// Another format.
    #[error("it is neither pcap nor pcapng")]
    Unknown,
    /// Compressed, as Wireshark likes to save captures.
    #[error("it is compressed; try `gunzip -c FILE | tidegate record --pcap -`")]
    Compressed,
    /// The medium fails.
    #[error("reading failed behind byte {at}")]
    Read { at: u64 },
    /// The file ends too early.
    #[error("it ends inside the block that starts at byte {at}")]
    Truncated { at: u64 },
    /// More than is kept in memory; no link layer has packets of this size.
    #[error("the block at byte {at} is larger than {} MiB", MAX_BLOCK >> 20)]
    TooLarge { at: u64 },
    /// Lengths that contradict each other.
    #[error("the block at byte {at} is malformed")]
    Malformed { at: u64 },
    /// A packet of an interface that its section does not describe.
    #[error("the packet at byte {at} is of interface {interface}, which was not described")]
    Interface { at: u64, interface: u32 },
    /// A section describes interfaces without end.
    #[error("the section describes too many interfaces at byte {at}")]
    Interfaces { at: u64 },
}
