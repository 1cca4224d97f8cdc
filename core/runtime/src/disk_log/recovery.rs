//! What an earlier run left: the segments are read entry by entry, without their payloads.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use super::directory::Directory;
use super::error::OpenError;
use super::format::{EntryHeader, FORMAT, SEGMENT_HEADER_LEN, SegmentHeader};
use super::range_set::RangeSet;
use super::segment::Segment;

/// What an earlier run left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// The segments with entries that are to be processed, oldest first.
    pub segments: Vec<RecoveredSegment>,
    /// How many files ended within an entry, or had a damaged one after which nothing can be read.
    pub damaged: u64,
    /// The records of those entries of which the header was intact.
    pub damaged_records: u64,
}

/// A segment with entries that are to be processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveredSegment {
    /// Its number, as in [`Position::segment`](super::Position::segment).
    pub segment: u64,
    /// How many entries are to be processed.
    pub entries: u64,
    /// How many records these have.
    pub records: u64,
}

/// The files of a directory.
pub(super) struct Scan {
    /// Segments with entries that are to be processed, and those behind them.
    pub(super) segments: VecDeque<Segment>,
    /// The entries that need no processing.
    pub(super) acknowledged: RangeSet,
    /// The number of the next segment.
    pub(super) next_number: u64,
    /// The sequence number of the next entry.
    pub(super) next_seq: u64,
    pub(super) recovery: Recovery,
}

/// One file.
struct ScannedSegment {
    segment: Segment,
    /// Number of records of each entry.
    records: Vec<u32>,
}

impl Scan {
    /// Reads the headers of all entries.
    pub(super) fn new(directory: &Directory) -> Result<Self, OpenError> {
        let mut scan = Self {
            segments: VecDeque::new(),
            acknowledged: RangeSet::default(),
            next_number: 1,
            next_seq: 1,
            recovery: Recovery::default(),
        };
        let mut scanned = Vec::new();
        for number in directory.segments()? {
            scan.next_number = number + 1;
            scanned.extend(scan.file(directory.segment(number), number)?);
        }
        for one in scanned {
            scan.settle(one)?;
        }
        Ok(scan)
    }

    /// Reads one file; `None` if it ended before its header.
    fn file(&mut self, path: PathBuf, number: u64) -> Result<Option<ScannedSegment>, OpenError> {
        let opened = OpenOptions::new().read(true).write(true).open(&path);
        let file = opened.map_err(OpenError::io(&path))?;
        let len = file.metadata().map_err(OpenError::io(&path))?.len();
        let first = match read_header(&file).map_err(OpenError::io(&path))? {
            SegmentHeader::First(first) => first,
            SegmentHeader::Blank => {
                self.recovery.damaged += u64::from(len > 0);
                std::fs::remove_file(&path).map_err(OpenError::io(path))?;
                return Ok(None);
            }
            SegmentHeader::OtherFormat(format) => {
                return Err(OpenError::UnknownFormat {
                    path,
                    format,
                    known: FORMAT,
                });
            }
            SegmentHeader::Damaged => return Err(OpenError::NotASegment(path)),
        };
        let mut segment = Segment::open(path, file, number, first);
        let records = self.entries(&mut segment, len);
        if segment.end < len {
            self.recovery.damaged += 1;
            // Otherwise it would be counted again by the next run.
            if let Err(error) = segment.truncate() {
                tracing::warn!(path = %segment.path().display(), %error, "cannot truncate a file");
            }
        }
        self.next_seq = self.next_seq.max(segment.next_seq());
        Ok(Some(ScannedSegment { segment, records }))
    }

    /// Reads the entries of a file of `len` bytes, as far as they are intact.
    fn entries(&mut self, segment: &mut Segment, len: u64) -> Vec<u32> {
        let mut records = Vec::new();
        while let Some(header) = segment.header_at(segment.end) {
            let is_whole = segment.end + header.entry_len() <= len;
            match header {
                EntryHeader::Acknowledgement(seq) => _ = self.acknowledged.insert(seq),
                EntryHeader::Data(data) if data.seq != segment.next_seq() => break,
                EntryHeader::Data(data) if is_whole => records.push(data.records),
                EntryHeader::Data(data) => {
                    self.recovery.damaged_records += u64::from(data.records);
                    break;
                }
            }
            segment.add(&header);
        }
        records
    }

    /// Counts the entries of a segment that were acknowledged in any file. A segment that is not
    /// needed is removed, if none before it is: acknowledgements in it may be of earlier ones.
    fn settle(&mut self, scanned: ScannedSegment) -> Result<(), OpenError> {
        let ScannedSegment {
            mut segment,
            records,
        } = scanned;
        let first = segment.first;
        let is_pending = |(seq, _): &(u64, u32)| !self.acknowledged.contains(*seq);
        let left = (first..).zip(records).filter(is_pending);
        let mut pending = 0;
        let mut pending_records = 0;
        for (_, records) in left {
            pending += 1;
            pending_records += u64::from(records);
        }
        segment.settled = segment.entries - pending;
        if pending > 0 {
            self.recovery.segments.push(RecoveredSegment {
                segment: segment.number,
                entries: pending,
                records: pending_records,
            });
        } else if self.segments.is_empty() {
            let path = segment.path().to_owned();
            return segment.remove().map_err(OpenError::io(path));
        }
        self.segments.push_back(segment);
        Ok(())
    }
}

/// Reads the header of a file; one that is shorter than a header is blank.
fn read_header(file: &File) -> io::Result<SegmentHeader> {
    let mut bytes = [0; SEGMENT_HEADER_LEN];
    match file.read_exact_at(&mut bytes, 0) {
        Ok(()) => Ok(SegmentHeader::decode(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(SegmentHeader::Blank),
        Err(error) => Err(error),
    }
}
