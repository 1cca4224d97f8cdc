//! A process that ends in the middle of a write, and files that are damaged otherwise.

use std::fs::{self, File};
use std::path::Path;

use proptest::prelude::*;

use super::super::format::{ENTRY_HEADER_LEN, SEGMENT_HEADER_LEN};
use super::{DiskLog, append, open, read_all, segments, settings};

/// Lengths of the payloads in a log with one segment.
const LENS: [usize; 3] = [40, 7, 90];

/// Writes entries of these lengths and an acknowledgement of the first one.
fn write_log(path: &Path) {
    let (mut log, _) = open(path);
    let first = append(&mut log, LENS[0]);
    append(&mut log, LENS[1]);
    log.acknowledge(first).unwrap();
    append(&mut log, LENS[2]);
}

/// Where each write to the log of [`write_log`] ends, and what is to be read then.
fn states() -> Vec<(usize, &'static [u64])> {
    let header = ENTRY_HEADER_LEN;
    let first = SEGMENT_HEADER_LEN + header + LENS[0];
    let second = first + header + LENS[1];
    let acknowledged = second + header;
    let third = acknowledged + header + LENS[2];
    vec![
        (SEGMENT_HEADER_LEN, &[]),
        (first, &[1]),
        (second, &[1, 2]),
        (acknowledged, &[2]),
        (third, &[2, 3]),
    ]
}

#[test]
fn after_a_crash_at_any_byte_everything_that_was_written_before_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    write_log(&whole);
    let [segment] = &segments(&whole)[..] else {
        panic!("one segment")
    };
    let bytes = fs::read(segment).unwrap();
    let states = states();
    assert_eq!(bytes.len(), states[states.len() - 1].0);
    for len in 0..=bytes.len() {
        let cut = folder.path().join(len.to_string());
        fs::create_dir(&cut).unwrap();
        File::create(cut.join("queue.lock")).unwrap();
        fs::write(cut.join(segment.file_name().unwrap()), &bytes[..len]).unwrap();
        let reached = states.iter().rev().find(|(end, _)| *end <= len);
        let (end, expected) = reached.copied().unwrap_or((0, &[]));
        let (mut log, recovery) = open(&cut);
        assert_eq!(recovery.damaged, u64::from(end < len), "at byte {len}");
        assert_eq!(read_all(&mut log), expected, "at byte {len}");
        // The log can be used, and the damage is not found again.
        let next = append(&mut log, 10).seq;
        drop(log);
        let (mut log, recovery) = open(&cut);
        assert_eq!(recovery.damaged, 0, "at byte {len}");
        let mut expected = expected.to_vec();
        expected.push(next);
        assert_eq!(read_all(&mut log), expected, "at byte {len}");
    }
}

#[test]
fn the_records_of_a_torn_entry_are_known_from_its_header() {
    let folder = tempfile::tempdir().unwrap();
    write_log(folder.path());
    let segment = &segments(folder.path())[0];
    let len = fs::metadata(segment).unwrap().len();
    File::options()
        .write(true)
        .open(segment)
        .unwrap()
        .set_len(len - 1)
        .unwrap();
    let (_, recovery) = open(folder.path());
    assert_eq!(
        (recovery.damaged, recovery.damaged_records),
        (1, LENS[2] as u64)
    );
}

proptest! {
    #[test]
    fn a_damaged_byte_changes_no_payload(at in 0_usize..300, value: u8) {
        let folder = tempfile::tempdir().unwrap();
        write_log(folder.path());
        let segment = &segments(folder.path())[0];
        let mut bytes = fs::read(segment).unwrap();
        let at = at % bytes.len();
        bytes[at] = value;
        fs::write(segment, bytes).unwrap();
        // Whether it can be opened depends on the place; what is read is checked.
        if let Ok((mut log, _)) = DiskLog::open(settings(folder.path())) {
            let read = read_all(&mut log);
            prop_assert!(read.iter().all(|seq| (1..=3).contains(seq)), "{:?}", read);
            prop_assert!(read.is_sorted());
            append(&mut log, 10);
        }
    }

    #[test]
    fn damage_after_the_start_is_reported_when_it_is_reached(at in 0_usize..300, value: u8) {
        let folder = tempfile::tempdir().unwrap();
        write_log(folder.path());
        let (mut log, _) = open(folder.path());
        let segment = &segments(folder.path())[0];
        let mut bytes = fs::read(segment).unwrap();
        let at = at % bytes.len();
        bytes[at] = value;
        fs::write(segment, bytes).unwrap();
        read_all(&mut log);
        prop_assert_eq!(log.waiting(), 0);
        prop_assert_eq!(append(&mut log, 10).seq, 4);
    }
}
