//! The queue on disk of a random exporter, which outlives its instances and whole runs, and is
//! damaged between them.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use fastrand::Rng;
use tempfile::TempDir;
use tidegate_runtime::disk_log::{DiskLog, Next, Position, Recovery, Settings};
use tidegate_runtime::edge::Inbox;
use tidegate_runtime::ledger::Ticket;

use super::stages::ExporterCounts;

/// The most bytes of a log: little, so that it evicts.
const BYTES: u64 = 8 << 10;

/// Bytes of the header of a segment. With a damaged one, a log is not opened at all.
const SEGMENT_HEADER: u64 = 24;

/// The folder of a queue; clones share it.
#[derive(Clone)]
pub(super) struct QueueFolder {
    folder: Arc<TempDir>,
    /// How many more records damage made appear, by the loss of their acknowledgements, than it
    /// made disappear without a trace.
    unknown: Arc<AtomicI64>,
    /// How often something was damaged.
    damages: Arc<AtomicU64>,
}

/// Records of a batch that are on disk.
struct Held {
    at: Position,
    keys: Vec<u64>,
    tickets: Vec<Ticket>,
    /// Whether it was read from the disk.
    is_read: bool,
}

/// The queue of one instance.
pub(super) struct RandomDisk {
    log: DiskLog,
    /// What was appended and is in memory, too.
    appended: VecDeque<Held>,
    /// What was read.
    read: Vec<Held>,
    /// The tickets of what is on disk alone, by segment.
    waiting: BTreeMap<u64, Vec<Ticket>>,
    seen: ExporterCounts,
}

fn settings(path: &Path) -> Settings {
    Settings {
        path: path.to_owned(),
        bytes: BYTES,
        fsync: false,
    }
}

fn records_of(recovery: &Recovery) -> u64 {
    recovery.segments.iter().map(|one| one.records).sum()
}

impl QueueFolder {
    pub(super) fn new() -> Self {
        Self {
            folder: Arc::new(tempfile::tempdir().unwrap()),
            unknown: Arc::default(),
            damages: Arc::default(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The number of records that are left; 0 if there never was a queue.
    pub(super) fn left(&self) -> u64 {
        let (_, recovery) = DiskLog::open(settings(self.path())).unwrap();
        assert_eq!(recovery.damaged, 0);
        records_of(&recovery)
    }

    /// The change of the number of records by damage that no counter shows.
    pub(super) fn unknown(&self) -> i64 {
        self.unknown.load(Ordering::Relaxed)
    }

    pub(super) fn damages(&self) -> u64 {
        self.damages.load(Ordering::Relaxed)
    }

    /// Opens the log, sometimes after a random file was cut off or changed.
    fn open(&self, rng: &mut Rng) -> (DiskLog, Recovery) {
        let left = self.left();
        let is_damaged = rng.u8(0..6) == 0 && self.damage(rng);
        let (log, recovery) = DiskLog::open(settings(self.path())).unwrap();
        assert!(is_damaged || recovery.damaged == 0);
        let found = records_of(&recovery) + recovery.damaged_records;
        let unknown = found.cast_signed() - left.cast_signed();
        assert!(is_damaged || unknown == 0);
        self.unknown.fetch_add(unknown, Ordering::Relaxed);
        (log, recovery)
    }

    /// Damages a file behind its header. Returns whether there is one that is long enough.
    fn damage(&self, rng: &mut Rng) -> bool {
        let mut paths: Vec<PathBuf> = fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| fs::metadata(path).unwrap().len() > SEGMENT_HEADER)
            .collect();
        paths.sort();
        let Some(path) = rng.choice(&paths) else {
            return false;
        };
        let mut bytes = fs::read(path).unwrap();
        let at = rng.usize(SEGMENT_HEADER as usize..bytes.len());
        if rng.bool() {
            bytes.truncate(at);
        } else {
            bytes[at] ^= rng.u8(1..);
        }
        fs::write(path, bytes).unwrap();
        self.damages.fetch_add(1, Ordering::Relaxed);
        true
    }
}

impl RandomDisk {
    /// Opens the queue and takes over what earlier instances left.
    pub(super) fn open(
        folder: &QueueFolder,
        inbox: &Inbox,
        seen: &ExporterCounts,
        rng: &mut Rng,
    ) -> Self {
        let (log, recovery) = folder.open(rng);
        let lost = inbox.recover(recovery.damaged_records).unwrap();
        lost.drop_all("queue_damaged");
        let recover = |records| {
            let mut ticket = inbox.recover(records).unwrap();
            ticket.set_stored(true);
            vec![ticket]
        };
        let segments = recovery.segments.iter();
        Self {
            log,
            appended: VecDeque::new(),
            read: Vec::new(),
            waiting: segments
                .map(|one| (one.segment, recover(one.records)))
                .collect(),
            seen: seen.clone(),
        }
    }

    /// Writes the records of a batch.
    pub(super) fn append(&mut self, mut ticket: Ticket, keys: Vec<u64>) {
        let payload: Vec<_> = keys.iter().flat_map(|key| key.to_le_bytes()).collect();
        let records = u32::try_from(keys.len()).unwrap();
        let appended = self.log.append([0; 3], records, &payload);
        if let Some(last) = appended.evicted.last() {
            self.evict(*last);
        }
        ticket.set_stored(true);
        self.appended.push_back(Held {
            at: appended.at.unwrap(),
            keys,
            tickets: vec![ticket],
            is_read: false,
        });
    }

    /// Delivers some of what is queued, drops some, and leaves some to the disk alone.
    pub(super) fn step(&mut self, rng: &mut Rng) {
        for _ in 0..rng.usize(0..4) {
            match rng.u8(0..6) {
                0 | 1 => {
                    if let Some(Held { at, tickets, .. }) = self.appended.pop_front() {
                        self.log.release(at);
                        self.add(at.segment, tickets);
                    }
                }
                2 | 3 => self.read(),
                4 if !self.read.is_empty() => {
                    let held = self.read.swap_remove(rng.usize(0..self.read.len()));
                    self.deliver(held, rng);
                }
                _ => {
                    if let Some(held) = self.appended.pop_front() {
                        self.deliver(held, rng);
                    }
                }
            }
        }
    }

    /// Ends in order: what is left stays on disk.
    pub(super) fn leave(mut self) {
        let held = self.appended.drain(..).chain(self.read.drain(..));
        let held = held.flat_map(|held| held.tickets);
        let waiting = std::mem::take(&mut self.waiting).into_values().flatten();
        held.chain(waiting).for_each(Ticket::stored_all);
    }

    fn read(&mut self) {
        let Some(next) = self.log.read_next() else {
            assert!(self.waiting.is_empty(), "records on disk are not returned");
            return;
        };
        let entry = match next {
            Next::Entry(entry) => entry,
            Next::DamagedEntry { at, records } => {
                let lost = self.take(at.segment, records.into());
                return lost
                    .into_iter()
                    .for_each(|ticket| ticket.drop_all("queue_damaged"));
            }
            // Headers are checked when the log is opened.
            Next::DamagedSegment(_) => panic!("{next:?}"),
        };
        let tickets = self.take(entry.at.segment, entry.records.into());
        let keys = entry.payload.chunks_exact(8);
        self.read.push(Held {
            at: entry.at,
            keys: keys
                .map(|key| u64::from_le_bytes(key.try_into().unwrap()))
                .collect(),
            tickets,
            is_read: true,
        });
    }

    fn deliver(&mut self, held: Held, rng: &mut Rng) {
        self.log.acknowledge(held.at).unwrap();
        let is_refused = rng.u8(0..5) == 0;
        for mut ticket in held.tickets {
            if is_refused {
                ticket.drop_all("refused");
            } else {
                ticket.set_at_peer(rng.bool());
                ticket.absorb_all();
            }
        }
        if !is_refused {
            self.seen.add(&held.keys);
        }
    }

    fn evict(&mut self, last: u64) {
        let kept = self.waiting.split_off(&(last + 1));
        let waiting = std::mem::replace(&mut self.waiting, kept);
        let held = self.read.drain(..).chain(self.appended.drain(..));
        let (lost, held): (Vec<_>, Vec<_>) = held.partition(|held| held.at.segment <= last);
        let (read, appended) = held.into_iter().partition(|held| held.is_read);
        self.read = read;
        self.appended = Vec::into(appended);
        let held = lost.into_iter().flat_map(|held| held.tickets);
        held.chain(waiting.into_values().flatten())
            .for_each(|ticket| ticket.drop_all("queue_evicted"));
    }

    fn add(&mut self, segment: u64, tickets: Vec<Ticket>) {
        let known = self.waiting.entry(segment).or_default();
        for ticket in tickets {
            let unmerged = known.iter_mut().try_fold(ticket, |ticket, one| {
                one.try_merge(ticket).map_or_else(Ok, |()| Err(()))
            });
            known.extend(unmerged);
        }
    }

    fn take(&mut self, segment: u64, mut records: u64) -> Vec<Ticket> {
        let tickets = self.waiting.entry(segment).or_default();
        let mut taken = Vec::new();
        for ticket in tickets.iter_mut() {
            let n = records.min(ticket.left());
            records -= n;
            taken.push(ticket.split(n));
        }
        assert_eq!(records, 0, "more records than tickets");
        tickets.retain(|ticket| ticket.left() > 0);
        if tickets.is_empty() {
            self.waiting.remove(&segment);
        }
        taken
    }
}
