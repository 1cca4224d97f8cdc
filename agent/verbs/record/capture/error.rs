//! Why a capture cannot be read to its end.

use std::io;

use super::MAX_BLOCK;

/// An error in a capture, with its offset.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CaptureError {
    /// It cannot be opened or read.
    #[error(transparent)]
    Open(#[from] io::Error),
    /// It has another format.
    #[error("it is neither pcap nor pcapng")]
    Unknown,
    /// It is compressed, which is an option of Wireshark.
    #[error("it is compressed; try `gunzip -c FILE | tidegate record --pcap -`")]
    Compressed,
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
