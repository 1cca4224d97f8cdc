//! Damage in one of several files.

use std::fs;
use std::path::Path;

use super::super::format::{ENTRY_HEADER_LEN, SEGMENT_HEADER_LEN};
use super::{Next, append, open, read_all, segments};

/// Writes eight entries, each in a file of its own.
fn write_segments(path: &Path) {
    let (mut log, _) = open(path);
    (0..8).for_each(|_| _ = append(&mut log, 3000));
    assert_eq!(segments(path).len(), 8);
}

/// Changes a byte of the file at this index.
fn damage(path: &Path, index: usize, at: usize) {
    let file = &segments(path)[index];
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= 0xff;
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_damaged_entry_costs_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    write_segments(folder.path());
    damage(folder.path(), 3, SEGMENT_HEADER_LEN + 1);
    let (mut log, recovery) = open(folder.path());
    assert_eq!((recovery.damaged, recovery.segments.len()), (1, 7));
    assert_eq!(read_all(&mut log), [1, 2, 3, 5, 6, 7, 8]);
}

#[test]
fn a_damaged_payload_is_reported_in_its_turn_with_its_records() {
    let folder = tempfile::tempdir().unwrap();
    write_segments(folder.path());
    damage(
        folder.path(),
        3,
        SEGMENT_HEADER_LEN + ENTRY_HEADER_LEN + 100,
    );
    let (mut log, recovery) = open(folder.path());
    assert_eq!((recovery.damaged, log.waiting()), (0, 8));
    let mut read = Vec::new();
    while let Some(next) = log.read_next() {
        read.push(match next {
            Next::Entry(entry) => (entry.at.seq, true, entry.records),
            Next::DamagedEntry { at, records } => (at.seq, false, records),
            Next::DamagedSegment(segment) => panic!("segment {segment}"),
        });
    }
    let expected: Vec<_> = (1..=8).map(|seq| (seq, seq != 4, 3000)).collect();
    assert_eq!(read, expected);
    drop(log);
    let (mut log, _) = open(folder.path());
    assert!(!read_all(&mut log).contains(&4), "it is reported once");
}

#[test]
fn a_file_that_is_missing_costs_its_own_entries() {
    let folder = tempfile::tempdir().unwrap();
    write_segments(folder.path());
    fs::remove_file(&segments(folder.path())[3]).unwrap();
    let (mut log, recovery) = open(folder.path());
    assert_eq!(recovery.segments.len(), 7);
    assert_eq!(read_all(&mut log), [1, 2, 3, 5, 6, 7, 8]);
}

#[test]
fn an_entry_is_read_again_if_its_acknowledgement_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let (mut log, _) = open(folder.path());
    let first = append(&mut log, 3000);
    let second = append(&mut log, 3000);
    append(&mut log, 500);
    log.acknowledge(second).unwrap();
    drop((log, first));
    let last = segments(folder.path()).len() - 1;
    let len = fs::metadata(&segments(folder.path())[last]).unwrap().len();
    damage(folder.path(), last, usize::try_from(len).unwrap() - 1);
    let (mut log, recovery) = open(folder.path());
    assert_eq!(recovery.damaged, 1);
    assert_eq!(read_all(&mut log), [1, 2, 3]);
}
