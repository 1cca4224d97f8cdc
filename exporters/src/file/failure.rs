//! Why lines are not written, from the errors of the file system.

use std::io;
use std::path::PathBuf;

use rustix::io::Errno;
use tidegate_runtime::component::Reasons;

/// The file system has no room, `ENOSPC`.
const DISK_FULL: &str = "disk_full";
/// The quota of the user is used up, `EDQUOT`.
const QUOTA_EXCEEDED: &str = "quota_exceeded";
/// The file is at the largest size that the process may write, `EFBIG`.
const FILE_TOO_LARGE: &str = "file_too_large";
/// The device has failed, `EIO`.
const IO_ERROR: &str = "io_error";
/// The file system is read-only, `EROFS`.
const READ_ONLY: &str = "read_only";
/// The directory of the file does not exist.
const DIRECTORY_MISSING: &str = "directory_missing";
/// There is something other than a regular file at the path.
const NOT_A_FILE: &str = "not_a_file";
/// The agent may not write to the file, or create it.
const PERMISSION_DENIED: &str = "permission_denied";
/// Another process writes to the file.
const FILE_IN_USE: &str = "file_in_use";
/// Any other error.
const WRITE_FAILED: &str = "write_failed";

/// The reasons for dropping lines.
pub(super) const REASONS: &[Reasons] = &[Reasons::load(&[
    DISK_FULL,
    QUOTA_EXCEEDED,
    FILE_TOO_LARGE,
    IO_ERROR,
    READ_ONLY,
    DIRECTORY_MISSING,
    NOT_A_FILE,
    PERMISSION_DENIED,
    FILE_IN_USE,
    WRITE_FAILED,
])];

/// What is wrong with a path, where the kernel's error would not say it.
#[derive(Debug, thiserror::Error)]
pub(super) enum PathProblem {
    #[error("the directory {} does not exist; create it, or set `create_directory`", .0.display())]
    NoDirectory(PathBuf),
    #[error("it is a symbolic link, which is not followed; configure the path that it leads to")]
    SymbolicLink,
    #[error(
        "it is a {0}; only regular files are written, and `stdout` writes to pipes and devices"
    )]
    NotRegular(&'static str),
    #[error("another process or exporter writes to it; each needs a file of its own")]
    InUse,
}

impl PathProblem {
    fn reason(&self) -> &'static str {
        match self {
            Self::NoDirectory(_) => DIRECTORY_MISSING,
            Self::SymbolicLink | Self::NotRegular(_) => NOT_A_FILE,
            Self::InUse => FILE_IN_USE,
        }
    }
}

impl From<PathProblem> for io::Error {
    fn from(problem: PathProblem) -> Self {
        Self::other(problem)
    }
}

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to {}", .path.display())]
pub(super) struct OpenError {
    pub(super) path: PathBuf,
    pub(super) source: io::Error,
}

/// Returns the reason for which records are dropped after an error.
pub(super) fn drop_reason(error: &io::Error) -> &'static str {
    let problem = error.get_ref().and_then(|inner| inner.downcast_ref());
    if let Some(problem) = problem {
        return PathProblem::reason(problem);
    }
    match Errno::from_io_error(error) {
        Some(Errno::NOSPC) => DISK_FULL,
        Some(Errno::DQUOT) => QUOTA_EXCEEDED,
        Some(Errno::FBIG) => FILE_TOO_LARGE,
        Some(Errno::IO) => IO_ERROR,
        Some(Errno::ROFS) => READ_ONLY,
        Some(Errno::NOENT | Errno::NOTDIR) => DIRECTORY_MISSING,
        Some(Errno::ISDIR | Errno::LOOP | Errno::NXIO) => NOT_A_FILE,
        Some(Errno::ACCESS | Errno::PERM) => PERMISSION_DENIED,
        _ => WRITE_FAILED,
    }
}

/// Returns whether an error at the start is one of the configuration, which waiting does not mend.
pub(super) fn is_wrong_path(error: &io::Error) -> bool {
    ![
        DISK_FULL,
        QUOTA_EXCEEDED,
        FILE_TOO_LARGE,
        IO_ERROR,
        WRITE_FAILED,
    ]
    .contains(&drop_reason(error))
}

#[cfg(test)]
mod tests {
    use std::io;

    use rustix::io::Errno;

    use super::{PathProblem, drop_reason, is_wrong_path};

    #[test]
    fn errors_have_reasons_and_some_of_them_pass() {
        let os = |errno: Errno| io::Error::from(errno);
        let cases = [
            (os(Errno::NOSPC), "disk_full", false),
            (os(Errno::DQUOT), "quota_exceeded", false),
            (os(Errno::FBIG), "file_too_large", false),
            (os(Errno::IO), "io_error", false),
            (os(Errno::MFILE), "write_failed", false),
            (os(Errno::ROFS), "read_only", true),
            (os(Errno::NOENT), "directory_missing", true),
            (os(Errno::ISDIR), "not_a_file", true),
            (os(Errno::ACCESS), "permission_denied", true),
            (PathProblem::InUse.into(), "file_in_use", true),
            (PathProblem::SymbolicLink.into(), "not_a_file", true),
        ];
        for (error, reason, is_wrong) in cases {
            assert_eq!(
                (drop_reason(&error), is_wrong_path(&error)),
                (reason, is_wrong),
                "{error}"
            );
        }
    }
}
