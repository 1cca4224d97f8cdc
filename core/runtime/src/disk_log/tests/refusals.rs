//! Directories that are not opened.

use std::fs;

use super::{DiskLog, append, open, segments, settings};

#[test]
fn a_log_is_open_once() {
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = open(folder.path());
    let error = DiskLog::open(settings(folder.path()))
        .unwrap_err()
        .to_string();
    let id = std::process::id();
    let expected =
        format!("is in use by another process ({id}); each needs a directory of its own");
    assert!(error.ends_with(&expected), "{error}");
    drop(log);
    open(folder.path());
}

#[test]
fn a_directory_with_other_files_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let error = DiskLog::open(settings(folder.path()))
        .unwrap_err()
        .to_string();
    assert!(error.contains("has other files and is no queue"), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn another_format_is_refused_by_its_number_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (mut log, _) = open(folder.path());
    append(&mut log, 10);
    drop(log);
    let segment = &segments(folder.path())[0];
    let mut bytes = fs::read(segment).unwrap();
    bytes[8] = 2;
    fs::write(segment, &bytes).unwrap();
    let error = DiskLog::open(settings(folder.path()))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("has format 2, and this release reads only format 1"),
        "{error}"
    );
    assert_eq!(fs::read(segment).unwrap(), bytes);
}

#[test]
fn a_file_with_the_name_of_a_segment_is_not_taken_for_one() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let path = folder.path().join("00000000000000000001.segment");
    fs::write(&path, "something else, and longer than a header").unwrap();
    let error = DiskLog::open(settings(folder.path()))
        .unwrap_err()
        .to_string();
    assert!(error.contains("is not a segment of a queue"), "{error}");
}
