//! The rotated files in the directory: which there are, and which are too many. A directory is read
//! in one pass with bounded memory, whatever is in it.

use std::collections::BTreeSet;
use std::fs;
use std::io;

use super::names::{FileNames, Form, RotatedFile};
use super::renaming::remove;
use super::stamp::Stamp;

/// The number of entries after which a directory is not read further.
const MAX_ENTRIES: usize = 100_000;

/// The number of files that one pass removes at most; the next pass removes the others.
const MAX_REMOVED: usize = 10_000;

/// Calls `visit` for every rotated file. Directories and links with such names are not the exporter's.
fn visit(names: &FileNames, mut visit: impl FnMut(RotatedFile, &fs::DirEntry)) -> io::Result<()> {
    for (at, entry) in fs::read_dir(names.directory())?.enumerate() {
        if at == MAX_ENTRIES {
            let problem = format!(
                "{} has more than {MAX_ENTRIES} entries; give the exporter a directory of its own",
                names.directory().display()
            );
            return Err(io::Error::other(problem));
        }
        let entry = entry?;
        if let Some(file) = entry
            .file_name()
            .to_str()
            .and_then(|name| names.parse(name))
            && entry.file_type().is_ok_and(|kind| kind.is_file())
        {
            visit(file, &entry);
        }
    }
    Ok(())
}

/// The time of the newest rotated file.
pub(super) fn newest(names: &FileNames) -> io::Result<Option<Stamp>> {
    let mut newest = None;
    visit(names, |file, _| newest = newest.max(Some(file.stamp)))?;
    Ok(newest)
}

/// The oldest rotated file after `after` that is not compressed.
pub(super) fn oldest_plain(names: &FileNames, after: Option<Stamp>) -> io::Result<Option<Stamp>> {
    let mut oldest: Option<Stamp> = None;
    visit(names, |file, _| {
        if file.form == Form::Plain && Some(file.stamp) > after {
            oldest = Some(oldest.map_or(file.stamp, |oldest| oldest.min(file.stamp)));
        }
    })?;
    Ok(oldest)
}

/// Removes the unfinished output of compressions that did not end.
pub(super) fn remove_unfinished(names: &FileNames) -> io::Result<()> {
    let mut failed = None;
    visit(names, |file, entry| {
        if file.form == Form::Temporary
            && let Err(error) = remove(&entry.path())
        {
            failed = Some(error);
        }
    })?;
    failed.map_or(Ok(()), Err)
}

/// Removes all but the newest `keep` rotated files, and those from before `oldest`. Goes on after a
/// failure, and returns the last one.
pub(super) fn remove_old(names: &FileNames, keep: usize, oldest: Option<Stamp>) -> io::Result<()> {
    let mut kept = BTreeSet::new();
    let mut removed = BTreeSet::new();
    visit(names, |file, _| {
        if file.form == Form::Temporary || removed.len() >= MAX_REMOVED {
            return;
        }
        if Some(file.stamp) < oldest {
            removed.insert(file.stamp);
            return;
        }
        kept.insert(file.stamp);
        if kept.len() > keep {
            removed.extend(kept.pop_first());
        }
    })?;
    let paths = removed.into_iter().flat_map(|stamp| names.all_forms(stamp));
    let failures = paths.filter_map(|path| remove(&path).err());
    failures.last().map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::{FileNames, Stamp, newest, oldest_plain, remove_old, remove_unfinished};

    /// A directory with rotated files and others.
    fn folder() -> (tempfile::TempDir, FileNames) {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "flows.json",
            "flows-2026-03-01T10-00-00.001.json.gz",
            "flows-2026-03-01T10-00-00.002.json",
            "flows-2026-03-01T10-00-00.002.json.gz",
            "flows-2026-03-01T10-00-00.003.json",
            "flows-2026-03-01T10-00-00.004.json.zst",
            "flows-2026-03-01T10-00-00.004.json.zst.tmp-0123456789abcdef",
            "flows-2026-03-01T10-00-00.000.log",
            "notes",
        ] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let names = FileNames::of(&folder.path().join("flows.json")).unwrap();
        (folder, names)
    }

    fn left(folder: &tempfile::TempDir) -> Vec<String> {
        let entries = fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("flows-") && !name.ends_with(".log"))
            .map(|name| name["flows-2026-03-01T10-00-00.".len()..].to_owned())
            .collect();
        names.sort();
        names
    }

    fn stamp(millisecond: u32) -> Stamp {
        Stamp::parse(&format!("2026-03-01T10-00-00.{millisecond:03}")).unwrap()
    }

    #[test]
    fn rotated_files_are_found_by_their_time() {
        let (_folder, names) = folder();
        assert_eq!(newest(&names).unwrap(), Some(stamp(4)));
        assert_eq!(oldest_plain(&names, None).unwrap(), Some(stamp(2)));
        assert_eq!(
            oldest_plain(&names, Some(stamp(2))).unwrap(),
            Some(stamp(3))
        );
        assert_eq!(oldest_plain(&names, Some(stamp(3))).unwrap(), None);
    }

    #[test]
    fn what_is_not_a_file_is_left_alone_and_does_not_keep_others_from_being_removed() {
        let (folder, names) = folder();
        let [directory, link] = ["2020-03-01T10-00-00.000", "2021-03-01T10-00-00.000"]
            .map(|stamp| names.rotated(Stamp::parse(stamp).unwrap()));
        fs::create_dir(&directory).unwrap();
        symlink(folder.path().join("notes"), &link).unwrap();
        assert_eq!(oldest_plain(&names, None).unwrap(), Some(stamp(2)));
        // A form of a file that cannot be removed.
        fs::create_dir(folder.path().join("flows-2026-03-01T10-00-00.001.json")).unwrap();
        assert!(remove_old(&names, 1, None).is_err());
        assert!(directory.exists() && link.is_symlink());
        fs::remove_dir(&directory).unwrap();
        fs::remove_file(&link).unwrap();
        remove_unfinished(&names).unwrap();
        assert_eq!(left(&folder), ["001.json", "004.json.zst"]);
    }

    #[test]
    fn the_oldest_files_are_removed_in_all_their_forms_and_nothing_else() {
        let cases: [(usize, Option<u32>, &[&str]); 4] = [
            (
                3,
                None,
                &["002.json", "002.json.gz", "003.json", "004.json.zst"],
            ),
            (2, None, &["003.json", "004.json.zst"]),
            (9, Some(4), &["004.json.zst"]),
            (0, None, &[]),
        ];
        for (keep, oldest, expected) in cases {
            let (folder, names) = folder();
            remove_unfinished(&names).unwrap();
            remove_old(&names, keep, oldest.map(stamp)).unwrap();
            assert_eq!(left(&folder), expected, "{keep} {oldest:?}");
            for other in ["flows.json", "flows-2026-03-01T10-00-00.000.log", "notes"] {
                assert!(folder.path().join(other).exists(), "{other}");
            }
        }
    }
}
