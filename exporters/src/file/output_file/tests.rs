//! Files in a directory: what is opened, and how a file that was cut is continued.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use super::{Creation, FileMode, FileNames, OutputFile};

fn open(path: &Path) -> std::io::Result<OutputFile> {
    let creation = Creation {
        mode: FileMode::DEFAULT,
        with_directory: false,
    };
    OutputFile::open(&FileNames::of(path).unwrap(), creation)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_file_is_created_with_its_mode_and_an_existing_one_keeps_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.json");
    drop(open(&path).unwrap());
    assert_eq!(mode(&path), 0o640);
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    drop(open(&path).unwrap());
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn a_directory_is_created_only_if_that_is_configured() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/flows.json");
    let error = open(&path).unwrap_err().to_string();
    assert!(
        error.ends_with("a/b does not exist; create it, or set `create_directory`"),
        "{error}"
    );
    let creation = Creation {
        mode: FileMode::DEFAULT,
        with_directory: true,
    };
    OutputFile::open(&FileNames::of(&path).unwrap(), creation).unwrap();
    assert_eq!(mode(path.parent().unwrap()) & 0o027, 0);
}

#[test]
fn only_regular_files_are_written_and_links_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("victim"), "precious\n").unwrap();
    symlink(at("victim"), at("link")).unwrap();
    symlink(at("nothing"), at("dangling")).unwrap();
    fs::create_dir(at("directory")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        at("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let _socket = UnixListener::bind(at("socket")).unwrap();
    let cases = [
        (at("link"), "it is a symbolic link, which is not followed"),
        (
            at("dangling"),
            "it is a symbolic link, which is not followed",
        ),
        (at("directory"), "it is a directory; only regular files"),
        (at("pipe"), "it is a pipe; only regular files"),
        (at("socket"), "it is a socket; only regular files"),
        ("/dev/null".into(), "it is a device; only regular files"),
    ];
    for (path, expected) in cases {
        let error = open(&path).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{}: {error}", path.display());
    }
    assert_eq!(fs::read_to_string(at("victim")).unwrap(), "precious\n");
    assert!(!at("nothing").exists());
}

#[test]
fn a_file_has_one_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.json");
    let first = open(&path).unwrap();
    let error = open(&path).unwrap_err().to_string();
    assert!(
        error.starts_with("another process or exporter writes to it"),
        "{error}"
    );
    drop(first);
    open(&path).unwrap();
}

#[test]
fn a_file_that_ends_in_a_part_of_a_line_is_continued_with_a_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.json");
    let long = "x".repeat(2 << 20);
    let cases = [
        (String::new(), "next\n".to_owned()),
        ("{\"a\":1}\n".to_owned(), "{\"a\":1}\nnext\n".to_owned()),
        (
            "{\"a\":1}\n{\"b\":".to_owned(),
            "{\"a\":1}\nnext\n".to_owned(),
        ),
        ("{\"b\":".to_owned(), "next\n".to_owned()),
        ("text\nmore".to_owned(), "text\nmore\nnext\n".to_owned()),
        ("\0\0".to_owned(), "\0\0\nnext\n".to_owned()),
        (format!("{{\"{long}"), format!("{{\"{long}\nnext\n")),
    ];
    for (before, after) in cases {
        fs::write(&path, &before).unwrap();
        let mut file = open(&path).unwrap();
        assert_eq!(
            file.ends_line(),
            before.is_empty() || before.ends_with('\n')
        );
        file.end_line().unwrap();
        file.write(b"next\n").unwrap();
        assert_eq!(file.size(), after.len() as u64);
        assert!(
            fs::read_to_string(&path).unwrap() == after,
            "{:.20}",
            before
        );
    }
}

#[test]
fn a_file_that_another_process_truncates_or_moves_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.json");
    let mut file = open(&path).unwrap();
    file.write(b"one\ntwo\n").unwrap();
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(0)
        .unwrap();
    file.update_size().unwrap();
    assert_eq!(
        (file.size(), file.began(), file.ends_line()),
        (0, None, true)
    );
    file.write(b"three\n").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "three\n");
    let moved = folder.path().join("moved");
    fs::rename(&path, &moved).unwrap();
    assert_eq!(
        (file.is_at(&path), file.is_at(&moved), file.is_removed()),
        (false, true, false)
    );
    fs::remove_file(&moved).unwrap();
    assert!(file.is_removed());
}
