//! The operations on a log.

use std::collections::{BTreeSet, VecDeque};
use std::io;

use super::Settings;
use super::directory::Directory;
use super::error::OpenError;
use super::format::{DataHeader, ENTRY_HEADER_LEN, EntryHeader, SEGMENT_HEADER_LEN, checksum};
use super::range_set::RangeSet;
use super::recovery::{Recovery, Scan};
use super::segment::Segment;

/// A log that is open.
#[derive(Debug)]
pub struct DiskLog {
    settings: Settings,
    directory: Directory,
    /// Oldest first.
    segments: VecDeque<Segment>,
    /// Whether the last segment is written to. A run does not append to the files of an earlier one.
    has_active: bool,
    next_number: u64,
    next_seq: u64,
    cursor: Cursor,
    /// Entries that the caller has.
    held: BTreeSet<u64>,
    /// Acknowledged entries that the cursor has not passed.
    acknowledged: RangeSet,
}

/// Where the next entry is read.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    /// Number of the segment.
    segment: u64,
    offset: u64,
    /// The sequence number of the entry.
    seq: u64,
}

/// Where an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The number of its segment, which increases.
    pub segment: u64,
    /// Its sequence number, which increases by one.
    pub seq: u64,
}

/// An entry that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it is.
    pub at: Position,
    /// The tag that it was appended with.
    pub tag: [u8; 3],
    /// How many records it has.
    pub records: u32,
    /// The payload.
    pub payload: Vec<u8>,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// An entry, which the caller holds from now on.
    Entry(Entry),
    /// An entry with a damaged payload, which counts as acknowledged.
    DamagedEntry {
        /// Where it is.
        at: Position,
        /// How many records it had.
        records: u32,
    },
    /// Nothing that is left of this segment can be read; it counts as acknowledged.
    DamagedSegment(u64),
}

/// The result of [`DiskLog::append`].
#[derive(Debug)]
pub struct Appended {
    /// The segments that were removed to make room, oldest first, with all their entries.
    pub evicted: Vec<u64>,
    /// Where the entry is.
    pub at: io::Result<Position>,
}

impl DiskLog {
    /// Opens the log in a directory, which is created if it is missing.
    ///
    /// # Errors
    ///
    /// If the directory cannot be used, is used by another process, or holds anything but a log
    /// that this release can read.
    pub fn open(settings: Settings) -> Result<(Self, Recovery), OpenError> {
        let directory = Directory::lock(&settings.path)?;
        let scan = Scan::new(&directory)?;
        let mut log = Self {
            settings,
            directory,
            segments: scan.segments,
            has_active: false,
            next_number: scan.next_number,
            next_seq: scan.next_seq,
            cursor: Cursor {
                segment: 0,
                offset: 0,
                seq: 0,
            },
            held: BTreeSet::new(),
            acknowledged: scan.acknowledged,
        };
        log.update_cursor();
        Ok((log, scan.recovery))
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.end).sum()
    }

    /// The sequence number of the next entry.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// How many entries are to be processed that the caller does not hold.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        let pending: u64 = self.segments.iter().map(Segment::pending).sum();
        pending - self.held.len() as u64
    }

    /// Whether an entry with a payload of `len` bytes fits without the removal of others.
    #[must_use]
    pub fn has_room(&self, len: usize) -> bool {
        let has_entries = self.segments.iter().any(|segment| segment.pending() > 0);
        !has_entries || self.needed((ENTRY_HEADER_LEN + len) as u64) <= self.settings.bytes
    }

    /// Appends an entry, which the caller holds. Removes the oldest segments if there is no room.
    /// If that fails, the log is as before, except for the segments that were removed.
    pub fn append(&mut self, tag: [u8; 3], records: u32, payload: &[u8]) -> Appended {
        let mut evicted = Vec::new();
        let mut at = self.try_append(tag, records, payload, &mut evicted);
        // The space that is missing may be that of entries which are not needed any more.
        if at.is_err() && self.remove_if_settled().unwrap_or_default() {
            at = self.try_append(tag, records, payload, &mut evicted);
        }
        Appended { evicted, at }
    }

    /// Removes all segments if no entry needs further processing. Returns whether there were any.
    fn remove_if_settled(&mut self) -> io::Result<bool> {
        let has_entries = self.segments.iter().any(|segment| segment.pending() > 0);
        if has_entries || self.segments.is_empty() {
            return Ok(false);
        }
        self.has_active = false;
        while let Some(oldest) = self.segments.pop_front() {
            oldest.remove()?;
        }
        Ok(true)
    }

    fn try_append(
        &mut self,
        tag: [u8; 3],
        records: u32,
        payload: &[u8],
        evicted: &mut Vec<u64>,
    ) -> io::Result<Position> {
        let len = u32::try_from(payload.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let header = EntryHeader::Data(DataHeader {
            tag,
            len,
            records,
            seq: self.next_seq,
            payload_checksum: checksum(payload),
        });
        self.make_room(header.entry_len(), evicted)?;
        let fsync = self.settings.fsync;
        let active = self.active(header.entry_len())?;
        active.append(&header, payload)?;
        let segment = active.number;
        let seq = self.next_seq;
        self.next_seq += 1;
        self.held.insert(seq);
        let at = Position { segment, seq };
        if fsync && let Err(error) = self.sync_active() {
            // It is not durable, so the caller may not count on it.
            self.acknowledge(at).ok();
            return Err(error);
        }
        Ok(at)
    }

    /// States that a held entry needs no further processing. Removes the segments that are not
    /// needed any more. An entry of a removed segment is ignored.
    ///
    /// # Errors
    ///
    /// If that cannot be written. Then the entry is returned again after a restart.
    pub fn acknowledge(&mut self, at: Position) -> io::Result<()> {
        if !self.held.remove(&at.seq) {
            return Ok(());
        }
        let Some(index) = self.index_of(at.segment) else {
            return Ok(());
        };
        self.segments[index].settled += 1;
        if at.seq >= self.cursor.seq {
            self.acknowledged.insert(at.seq);
        }
        // An entry of the first segment needs no acknowledgement if the segment goes.
        if self.remove_settled()? && index == 0 {
            return Ok(());
        }
        let header = EntryHeader::Acknowledgement(at.seq);
        self.active(header.entry_len())?.append(&header, &[])
    }

    /// Returns a held entry to the log, to be read later. Entries have to be released in order, and
    /// before any later one is read.
    pub fn release(&mut self, at: Position) {
        debug_assert!(at.seq >= self.cursor.seq, "the entry was passed already");
        self.held.remove(&at.seq);
    }

    /// Reads the next entry that is not held; `None` if there is none.
    pub fn read_next(&mut self) -> Option<Next> {
        while self.waiting() > 0 {
            let index = self.index_of(self.cursor.segment)?;
            if self.cursor.seq == self.segments[index].next_seq() {
                let next = self.segments.get(index + 1)?;
                self.cursor = Cursor::start_of(next);
                continue;
            }
            let segment = &self.segments[index];
            let offset = self.cursor.offset;
            let header = match segment.header_at(offset) {
                Some(header) => header,
                None => return Some(self.skip_segment(index)),
            };
            self.cursor.offset += header.entry_len();
            match header {
                EntryHeader::Acknowledgement(_) => {}
                EntryHeader::Data(data) if data.seq != self.cursor.seq => {
                    return Some(self.skip_segment(index));
                }
                EntryHeader::Data(data) => {
                    self.cursor.seq += 1;
                    if !self.held.contains(&data.seq) && !self.acknowledged.contains(data.seq) {
                        return Some(self.read(index, offset, &data));
                    }
                }
            }
        }
        None
    }

    fn read(&mut self, index: usize, offset: u64, header: &DataHeader) -> Next {
        self.acknowledged.remove_below(self.cursor.seq);
        let segment = &self.segments[index];
        let at = Position {
            segment: segment.number,
            seq: header.seq,
        };
        let records = header.records;
        let payload = segment.payload_at(offset, header);
        self.held.insert(header.seq);
        match payload {
            Some(payload) => Next::Entry(Entry {
                at,
                tag: header.tag,
                records,
                payload,
            }),
            None => {
                // If that cannot be written, the next run finds the same damage.
                self.acknowledge(at).ok();
                Next::DamagedEntry { at, records }
            }
        }
    }

    /// Gives up the entries of a segment that cannot be read, except for those that are held.
    fn skip_segment(&mut self, index: usize) -> Next {
        let segment = &mut self.segments[index];
        let held = self.held.range(segment.first..segment.next_seq()).count();
        segment.settled = segment.entries - held as u64;
        self.cursor.seq = segment.next_seq();
        self.cursor.offset = segment.end;
        Next::DamagedSegment(segment.number)
    }

    /// Bytes of all files with one more entry of `len` bytes, and with an acknowledgement of every
    /// entry that there is then.
    fn needed(&self, len: u64) -> u64 {
        let header_len = (SEGMENT_HEADER_LEN + ENTRY_HEADER_LEN) as u64;
        let pending: u64 = self.segments.iter().map(Segment::pending).sum();
        self.bytes() + pending * ENTRY_HEADER_LEN as u64 + header_len + len
    }

    /// Removes the oldest segments until an entry of `len` bytes fits.
    fn make_room(&mut self, len: u64, evicted: &mut Vec<u64>) -> io::Result<()> {
        loop {
            if self.needed(len) <= self.settings.bytes || self.segments.is_empty() {
                return Ok(());
            }
            if let Some(oldest) = self.segments.pop_front() {
                self.has_active &= !self.segments.is_empty();
                if oldest.pending() > 0 {
                    evicted.push(oldest.number);
                }
                self.held = self.held.split_off(&oldest.next_seq());
                oldest.remove()?;
                self.update_cursor();
            }
        }
    }

    /// Removes the oldest segments while they are not needed. Returns whether the first one was.
    fn remove_settled(&mut self) -> io::Result<bool> {
        let mut has_removed = false;
        let is_settled = |oldest: &Segment| oldest.pending() == 0;
        while self.segments.len() > 1
            && self.segments.front().is_some_and(is_settled)
            && let Some(oldest) = self.segments.pop_front()
        {
            has_removed = true;
            self.update_cursor();
            oldest.remove()?;
        }
        Ok(has_removed)
    }

    /// The segment to write an entry of `len` bytes to.
    fn active(&mut self, len: u64) -> io::Result<&mut Segment> {
        let is_full = |active: &Segment| {
            active.end + len > self.settings.segment_bytes()
                && active.end > SEGMENT_HEADER_LEN as u64
        };
        if !self.has_active || self.segments.back().is_none_or(is_full) {
            let number = self.next_number;
            let path = self.directory.segment(number);
            let segment = Segment::create(path, number, self.next_seq)?;
            self.segments.push_back(segment);
            self.next_number += 1;
            self.has_active = true;
            if self.settings.fsync {
                self.directory.sync()?;
            }
            self.remove_settled()?;
            self.update_cursor();
        }
        self.segments
            .back_mut()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn sync_active(&self) -> io::Result<()> {
        self.segments.back().map_or(Ok(()), Segment::sync)
    }

    /// Moves the cursor to the oldest segment, if its own was removed.
    fn update_cursor(&mut self) {
        if let Some(oldest) = self.segments.front()
            && self.cursor.segment < oldest.number
        {
            self.cursor = Cursor::start_of(oldest);
            self.acknowledged.remove_below(self.cursor.seq);
        }
    }

    fn index_of(&self, segment: u64) -> Option<usize> {
        self.segments
            .binary_search_by_key(&segment, |one| one.number)
            .ok()
    }
}

impl Cursor {
    fn start_of(segment: &Segment) -> Self {
        Self {
            segment: segment.number,
            offset: SEGMENT_HEADER_LEN as u64,
            seq: segment.first,
        }
    }
}
