//! Compresses a rotated file.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use rustix::fs::OFlags;

use super::compression::Compression;
use super::names::FileNames;
use super::renaming::{remove, rename};
use super::stamp::Stamp;

/// Replaces a rotated file by its compressed form. A file with the name of that form is complete:
/// it is written under another name and renamed when it is on disk.
pub(super) fn compress(
    names: &FileNames,
    stamp: Stamp,
    compression: Compression,
    stop: &AtomicBool,
) -> io::Result<()> {
    let plain = names.rotated(stamp);
    let complete = names.compressed(stamp, compression);
    if fs::symlink_metadata(&complete).is_ok() {
        // A run ended before it removed the original.
        return remove(&plain);
    }
    let temporary = names.temporary(stamp, compression);
    let written =
        write(&plain, &temporary, compression, stop).and_then(|()| rename(&temporary, &complete));
    if let Err(error) = written {
        remove(&temporary)?;
        return Err(error);
    }
    remove(&plain)
}

fn write(from: &Path, to: &Path, compression: Compression, stop: &AtomicBool) -> io::Result<()> {
    let no_follow = OFlags::NOFOLLOW.bits().cast_signed();
    let mut source = File::options()
        .read(true)
        .custom_flags(no_follow)
        .open(from)?;
    let target = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(no_follow)
        .open(to)?;
    target.set_permissions(source.metadata()?.permissions())?;
    compression.copy(&mut source, target, stop)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::io::{ErrorKind, Read as _};
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::atomic::AtomicBool;

    use super::{Compression, FileNames, Stamp, compress};

    const STAMP: &str = "2026-03-01T10-00-00.123";

    /// A directory with a rotated file.
    fn folder(text: &str) -> (tempfile::TempDir, FileNames, Stamp) {
        let folder = tempfile::tempdir().unwrap();
        let names = FileNames::of(&folder.path().join("flows.json")).unwrap();
        let stamp = Stamp::parse(STAMP).unwrap();
        fs::write(names.rotated(stamp), text).unwrap();
        fs::set_permissions(names.rotated(stamp), Permissions::from_mode(0o604)).unwrap();
        (folder, names, stamp)
    }

    fn entries(folder: &tempfile::TempDir) -> Vec<String> {
        let names = fs::read_dir(folder.path()).unwrap();
        names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_compressed_file_replaces_the_rotated_one_with_its_mode() {
        let text = "{\"flow\":{}}\n".repeat(100_000);
        for compression in Compression::SOME {
            let (folder, names, stamp) = folder(&text);
            compress(&names, stamp, compression, &AtomicBool::new(false)).unwrap();
            let path = names.compressed(stamp, compression);
            assert_eq!(
                entries(&folder),
                [path.file_name().unwrap().to_str().unwrap()]
            );
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o604);
            let file = fs::File::open(path).unwrap();
            let mut decoded = String::new();
            match compression {
                Compression::Zstd => zstd::Decoder::new(file)
                    .unwrap()
                    .read_to_string(&mut decoded),
                _ => flate2::read::GzDecoder::new(file).read_to_string(&mut decoded),
            }
            .unwrap();
            assert!(decoded == text);
        }
    }

    #[test]
    fn a_compression_that_is_stopped_leaves_the_rotated_file_alone() {
        let (folder, names, stamp) = folder("text\n");
        let stopped = compress(&names, stamp, Compression::Gzip, &AtomicBool::new(true));
        assert_eq!(stopped.unwrap_err().kind(), ErrorKind::Interrupted);
        assert_eq!(entries(&folder), ["flows-2026-03-01T10-00-00.123.json"]);
    }

    #[test]
    fn a_file_that_a_former_run_has_compressed_is_not_compressed_again() {
        let (folder, names, stamp) = folder("text\n");
        let complete = names.compressed(stamp, Compression::Zstd);
        fs::write(&complete, "complete").unwrap();
        compress(&names, stamp, Compression::Zstd, &AtomicBool::new(false)).unwrap();
        assert_eq!(fs::read_to_string(complete).unwrap(), "complete");
        assert_eq!(entries(&folder).len(), 1);
    }
}
