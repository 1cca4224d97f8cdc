//! What is on the disk itself when an entry counts as appended.

use super::{DiskLog, OPERATIONS, SYNC_FAILS, Settings, open, payload, read_all, settings};

/// What an append does, in order.
fn operations(log: &mut DiskLog) -> Vec<&'static str> {
    OPERATIONS.take();
    log.append([1, 2, 3], 1, &payload(log.next_seq(), 1))
        .at
        .unwrap();
    OPERATIONS.take()
}

#[test]
fn with_fsync_an_entry_is_on_the_disk_before_it_counts_as_appended() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        fsync: true,
        ..settings(folder.path())
    };
    let (mut log, _) = DiskLog::open(settings).unwrap();
    // The name of a new file, too.
    assert_eq!(operations(&mut log), ["directory", "write", "file"]);
    assert_eq!(operations(&mut log), ["write", "file"]);
}

#[test]
fn without_fsync_the_kernel_decides_when_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let (mut log, _) = open(folder.path());
    assert_eq!(operations(&mut log), ["write"]);
    assert_eq!(operations(&mut log), ["write"]);
}

#[test]
fn an_entry_that_cannot_be_synced_does_not_count_as_appended() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        fsync: true,
        ..settings(folder.path())
    };
    let (mut log, _) = DiskLog::open(settings).unwrap();
    operations(&mut log);
    SYNC_FAILS.set(true);
    log.append([1, 2, 3], 1, &payload(2, 1)).at.unwrap_err();
    SYNC_FAILS.set(false);
    drop(log);
    let (mut log, recovery) = open(folder.path());
    assert_eq!(recovery.damaged, 0);
    assert_eq!(read_all(&mut log), [1], "the caller has the other one");
}
