//! Random operations, crashes at every byte of a write, damage, a full disk, and `fsync`.

mod crashes;
mod damage;
mod durability;
mod model;
mod refusals;

use std::cell::{Cell, RefCell};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::{DiskLog, Next, Position, Recovery, Settings};

thread_local! {
    /// Whether there is no space on the disk.
    static IS_FULL: Cell<bool> = const { Cell::new(false) };
    /// Whether a sync fails.
    static SYNC_FAILS: Cell<bool> = const { Cell::new(false) };
    /// What was written and synced, in order.
    static OPERATIONS: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// Takes note of a sync, and fails it if that is set.
pub(super) fn check_sync(what: &'static str) -> io::Result<()> {
    OPERATIONS.with_borrow_mut(|operations| operations.push(what));
    match SYNC_FAILS.get() {
        true => Err(io::Error::other("the sync fails")),
        false => Ok(()),
    }
}

/// Fails a write in the middle while the disk is full.
pub(super) fn check_space(file: &File, start: u64, len: u64) -> io::Result<()> {
    OPERATIONS.with_borrow_mut(|operations| operations.push("write"));
    if !IS_FULL.get() {
        return Ok(());
    }
    let written = vec![0x55; usize::try_from(len / 2).unwrap()];
    file.write_all_at(&written, start)?;
    Err(io::ErrorKind::StorageFull.into())
}

fn settings(path: &Path) -> Settings {
    Settings {
        path: path.to_owned(),
        bytes: 64 << 10,
        fsync: false,
    }
}

fn open(path: &Path) -> (DiskLog, Recovery) {
    DiskLog::open(settings(path)).unwrap()
}

/// The payload of an entry, which differs from that of any other.
fn payload(seq: u64, len: usize) -> Vec<u8> {
    let bytes = seq.to_le_bytes().into_iter().cycle();
    bytes.take(len).collect()
}

/// Appends an entry of this length with as many records.
fn append(log: &mut DiskLog, len: usize) -> Position {
    let payload = payload(log.next_seq(), len);
    let records = u32::try_from(len).unwrap();
    log.append([1, 2, 3], records, &payload).at.unwrap()
}

/// The sequence numbers of all entries that can be read, which stay held.
fn read_all(log: &mut DiskLog) -> Vec<u64> {
    let mut read = Vec::new();
    while let Some(next) = log.read_next() {
        let Next::Entry(entry) = next else { continue };
        assert_eq!(entry.payload, payload(entry.at.seq, entry.payload.len()));
        assert_eq!(
            (entry.tag, entry.records as usize),
            ([1, 2, 3], entry.payload.len())
        );
        read.push(entry.at.seq);
    }
    read
}

/// The paths of all segments.
fn segments(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "segment")
        })
        .collect();
    paths.sort();
    paths
}

#[test]
fn what_was_not_acknowledged_is_read_after_a_restart_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (mut log, recovery) = open(folder.path());
    assert_eq!(recovery, Recovery::default());
    let positions: Vec<_> = (0..6).map(|n| append(&mut log, 100 + n)).collect();
    assert_eq!(log.read_next(), None, "the caller holds what it appended");
    for n in [1, 4] {
        log.acknowledge(positions[n]).unwrap();
    }
    drop(log);
    let (mut log, recovery) = open(folder.path());
    let [segment] = recovery.segments[..] else {
        panic!("{recovery:?}")
    };
    assert_eq!(
        (segment.entries, segment.records),
        (4, 100 + 102 + 103 + 105)
    );
    assert_eq!((recovery.damaged, log.waiting()), (0, 4));
    assert_eq!(read_all(&mut log), [1, 3, 4, 6]);
    assert_eq!(append(&mut log, 1).seq, 7);
}

#[test]
fn released_entries_are_read_in_order_and_held_ones_are_passed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut log, _) = open(folder.path());
    let positions: Vec<_> = (0..5).map(|_| append(&mut log, 100)).collect();
    log.release(positions[1]);
    log.release(positions[2]);
    assert_eq!(read_all(&mut log), [2, 3]);
    log.release(positions[4]);
    assert_eq!(read_all(&mut log), [5]);
}

#[test]
fn the_directory_and_its_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/queue");
    let (mut log, _) = open(&path);
    append(&mut log, 1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    let files = segments(&path).into_iter().chain([path.join("queue.lock")]);
    files.for_each(|file| assert_eq!(mode(&file), 0o600, "{}", file.display()));
}

#[test]
fn files_are_removed_as_soon_as_nothing_before_them_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut log, _) = open(folder.path());
    let positions: Vec<_> = (0..8).map(|_| append(&mut log, 3000)).collect();
    assert_eq!(segments(folder.path()).len(), 8);
    for at in &positions[1..] {
        log.acknowledge(*at).unwrap();
    }
    assert!(segments(folder.path()).len() >= 8, "the first is needed");
    log.acknowledge(positions[0]).unwrap();
    assert_eq!(segments(folder.path()).len(), 1);
}

#[test]
fn a_full_disk_leaves_the_log_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (mut log, _) = open(folder.path());
    append(&mut log, 100);
    IS_FULL.set(true);
    let refused = log.append([1, 2, 3], 1, &payload(2, 100)).at.unwrap_err();
    IS_FULL.set(false);
    assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
    append(&mut log, 50);
    drop(log);
    let (mut log, recovery) = open(folder.path());
    assert_eq!(recovery.damaged, 0);
    assert_eq!(read_all(&mut log), [1, 2]);
}

#[test]
fn a_full_disk_gets_the_space_of_entries_that_are_not_needed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut log, _) = open(folder.path());
    let at = append(&mut log, 3000);
    log.acknowledge(at).unwrap();
    IS_FULL.set(true);
    log.append([1, 2, 3], 1, &payload(2, 100)).at.unwrap_err();
    IS_FULL.set(false);
    let len = |path: &PathBuf| fs::metadata(path).unwrap().len();
    let left: u64 = segments(folder.path()).iter().map(len).sum();
    assert!(left < 100, "{left} bytes");
    append(&mut log, 50);
    drop(log);
    let (mut log, recovery) = open(folder.path());
    assert_eq!(recovery.damaged, 0);
    assert_eq!(read_all(&mut log), [2]);
}
