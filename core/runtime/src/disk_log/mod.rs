//! A queue of byte strings on disk: an append-only log of segments, bounded in bytes, that survives
//! the end of the process at any moment.
//!
//! An entry has a payload, a number of records, and a tag for its reader. It is in the log from
//! [`DiskLog::append`] until [`DiskLog::acknowledge`]; after a restart, every entry that was not
//! acknowledged is returned again, in order. So each entry is processed at least once.
//!
//! - **Reading.** What was appended is *held* by the caller, who has it in memory. What the caller
//!   [releases](DiskLog::release), and what an earlier run left, is returned by [`DiskLog::read_next`], in
//!   order, and then held until it is acknowledged.
//! - **Bound.** When a new entry does not fit, the oldest segments are removed with all entries in
//!   them.
//! - **Damage.** Headers and payloads have checksums. A torn tail, which a crash in the middle of a
//!   write leaves, is cut off; a damaged payload is reported when it is read.
//! - **Durability.** What was appended survives the end of the process at once. It survives that of
//!   the machine when the kernel has written it, or at once if [`Settings::fsync`] is set.
//! - **Sharing.** A lock in the directory keeps other processes out.
//!
//! All functions block; the log has no thread and no task of its own.
//!
//! Reading order: [`mod@format`] is what the files contain, [`segment`] one file, [`directory`] all of
//! them with the lock, [`recovery`] finds what an earlier run left, [`log`] has the operations, with
//! [`range_set`] for what was acknowledged out of order.

mod directory;
mod error;
mod format;
mod log;
mod range_set;
mod recovery;
mod segment;

pub use error::OpenError;
pub use log::{Appended, DiskLog, Entry, Next, Position};
pub use recovery::{RecoveredSegment, Recovery};

use std::path::PathBuf;

/// Where a log is, and its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The directory, which belongs to the log alone.
    pub path: PathBuf,
    /// The most bytes that all files take together.
    pub bytes: u64,
    /// Whether every entry is on the disk itself before it counts as appended.
    pub fsync: bool,
}

impl Settings {
    /// The most bytes of a segment, except of one with a single larger entry. A sixteenth of the log
    /// is removed at once when it is full.
    fn segment_bytes(&self) -> u64 {
        (self.bytes / 16).clamp(4 << 10, 64 << 20)
    }
}

#[cfg(test)]
mod tests;
