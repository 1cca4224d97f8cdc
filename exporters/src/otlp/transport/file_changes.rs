//! Whether files have changed since they were read.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// What changes with a file's content, whether it is written or replaced. Links are followed, since
/// Kubernetes replaces the folder that they lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    len: u64,
    modified: Option<SystemTime>,
}

/// The stamps of some files; `None` for one that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamps(Vec<Option<Stamp>>);

/// Decides when files are looked at.
#[derive(Debug)]
pub(super) struct FileChanges {
    files: Vec<PathBuf>,
    interval: Duration,
    stamps: Stamps,
    next_check: Instant,
    /// Why the files could not be used when they were read last; empty if they could.
    problem: String,
}

impl Stamps {
    /// Looks at the files, which may block.
    pub(super) fn of(files: &[PathBuf]) -> Self {
        let stamp = |path: &PathBuf| {
            let metadata = fs::metadata(path).ok()?;
            Some(Stamp {
                device: metadata.dev(),
                inode: metadata.ino(),
                len: metadata.len(),
                modified: metadata.modified().ok(),
            })
        };
        Self(files.iter().map(stamp).collect())
    }
}

impl FileChanges {
    /// Looks at `files` once in an `interval`; never if that is zero. `stamps` are those of before
    /// they were read.
    pub(super) fn new(files: Vec<PathBuf>, interval: Duration, stamps: Stamps) -> Self {
        Self {
            files,
            interval,
            stamps,
            next_check: Instant::now() + interval,
            problem: String::new(),
        }
    }

    /// Returns the files to look at, if it is time to.
    pub(super) fn due(&mut self, now: Instant) -> Option<Vec<PathBuf>> {
        let is_due = !self.interval.is_zero() && !self.files.is_empty() && now >= self.next_check;
        if !is_due {
            return None;
        }
        self.next_check = now + self.interval;
        Some(self.files.clone())
    }

    /// Keeps the newest stamps. Returns whether the files are to be read: because their stamps are
    /// others, or because they could not be used.
    pub(super) fn update(&mut self, stamps: Stamps) -> bool {
        let have_changed = self.stamps != stamps;
        self.stamps = stamps;
        have_changed || !self.problem.is_empty()
    }

    /// Records why the files cannot be used; empty if they can. Returns whether that is news.
    pub(super) fn set_problem(&mut self, problem: String) -> bool {
        let is_other = self.problem != problem;
        self.problem = problem;
        is_other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_written_replaced_or_removed_has_changed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        fs::write(&file, "one").unwrap();
        let files = vec![file.clone()];
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut changes = FileChanges::new(files.clone(), second, Stamps::of(&files));
        assert!(!changes.update(Stamps::of(&files)));
        fs::write(&file, "longer").unwrap();
        assert!(changes.update(Stamps::of(&files)));
        fs::write(folder.path().join("new"), "longer").unwrap();
        fs::rename(folder.path().join("new"), &file).unwrap();
        assert!(changes.update(Stamps::of(&files)));
        fs::remove_file(&file).unwrap();
        assert!(changes.update(Stamps::of(&files)));
        assert!(!changes.update(Stamps::of(&files)));
        assert!(changes.set_problem("cut off".to_owned()));
        assert!(!changes.set_problem("cut off".to_owned()));
        assert!(changes.update(Stamps::of(&files)), "they are tried again");
        assert!(changes.set_problem(String::new()));
        assert!(!changes.update(Stamps::of(&files)));
        assert_eq!(changes.due(now), None);
        assert_eq!(changes.due(now + 2 * second), Some(files.clone()));
        assert_eq!(changes.due(now + 2 * second), None);
        let mut never = FileChanges::new(files, Duration::ZERO, changes.stamps.clone());
        assert_eq!(never.due(now + 2 * second), None);
    }
}
