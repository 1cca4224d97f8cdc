//! One file of the log.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::format::{
    DataHeader, ENTRY_HEADER_LEN, EntryHeader, SEGMENT_HEADER_LEN, SegmentHeader, checksum,
};

/// A file with consecutive entries.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    path: PathBuf,
    file: File,
    /// The sequence number of its first entry.
    pub(super) first: u64,
    /// How many entries with data it has.
    pub(super) entries: u64,
    /// How many of them need no further processing.
    pub(super) settled: u64,
    /// Where the next entry is written.
    pub(super) end: u64,
    /// Whether its last write failed, which may have left a part of an entry after its end.
    has_rest: bool,
}

impl Segment {
    /// Creates a file whose first entry has this sequence number.
    pub(super) fn create(path: PathBuf, number: u64, first: u64) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600);
        let file = options.open(&path)?;
        if let Err(error) = file.write_all_at(&SegmentHeader::encode(first), 0) {
            // Without its header it would only be in the way of the next attempt.
            fs::remove_file(&path).ok();
            return Err(error);
        }
        Ok(Self::open(path, file, number, first))
    }

    /// Takes a file with its header, whose entries are added by [`Self::add`].
    pub(super) fn open(path: PathBuf, file: File, number: u64, first: u64) -> Self {
        Self {
            number,
            path,
            file,
            first,
            entries: 0,
            settled: 0,
            end: SEGMENT_HEADER_LEN as u64,
            has_rest: false,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The sequence number after that of its last entry.
    pub(super) fn next_seq(&self) -> u64 {
        self.first + self.entries
    }

    /// How many of its entries still have to be processed.
    pub(super) fn pending(&self) -> u64 {
        self.entries - self.settled
    }

    /// Appends an entry. If that fails, the file ends where it did before.
    pub(super) fn append(&mut self, header: &EntryHeader, payload: &[u8]) -> io::Result<()> {
        let written = self.write(header, payload);
        match written {
            Ok(()) => self.add(header),
            Err(_) => self.has_rest = true,
        }
        if self.has_rest {
            // What is left is overwritten by the next entry, or recognized as a torn tail.
            self.has_rest = self.file.set_len(self.end).is_err();
        }
        written
    }

    fn write(&self, header: &EntryHeader, payload: &[u8]) -> io::Result<()> {
        #[cfg(test)]
        super::tests::check_space(&self.file, self.end, header.entry_len())?;
        self.file.write_all_at(&header.encode(), self.end)?;
        self.file
            .write_all_at(payload, self.end + ENTRY_HEADER_LEN as u64)
    }

    /// Counts an entry that is in the file at its end.
    pub(super) fn add(&mut self, header: &EntryHeader) {
        self.end += header.entry_len();
        if matches!(header, EntryHeader::Data(_)) {
            self.entries += 1;
        }
    }

    /// Reads the header at an offset; `None` if it is damaged or cannot be read.
    pub(super) fn header_at(&self, offset: u64) -> Option<EntryHeader> {
        let mut bytes = [0; ENTRY_HEADER_LEN];
        self.file.read_exact_at(&mut bytes, offset).ok()?;
        EntryHeader::decode(&bytes)
    }

    /// Reads the payload after the header at an offset; `None` if it is damaged or cannot be read.
    pub(super) fn payload_at(&self, offset: u64, header: &DataHeader) -> Option<Vec<u8>> {
        let mut payload = vec![0; header.len as usize];
        let start = offset + ENTRY_HEADER_LEN as u64;
        self.file.read_exact_at(&mut payload, start).ok()?;
        (checksum(&payload) == header.payload_checksum).then_some(payload)
    }

    /// Waits until all of it is on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        #[cfg(test)]
        super::tests::check_sync("file")?;
        self.file.sync_data()
    }

    /// Cuts off what follows its last entry.
    pub(super) fn truncate(&self) -> io::Result<()> {
        self.file.set_len(self.end)
    }

    /// Removes the file.
    pub(super) fn remove(self) -> io::Result<()> {
        fs::remove_file(self.path)
    }
}
