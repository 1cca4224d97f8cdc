//! Reads small files, and says why one cannot be read.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use nix::unistd::{Uid, User};
use tidegate_runtime::small_file::MAX_BYTES;

use super::fault::Fault;

/// The content of a regular file; `None` for a pipe or a device, which is not opened.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, Fault> {
    let bytes = read_start(path, MAX_BYTES + 1)?;
    if bytes.as_ref().is_some_and(|bytes| bytes.len() > MAX_BYTES) {
        let label = format!("it has more than {} MiB", MAX_BYTES >> 20);
        return Err(Fault::error("cannot be read").label(label));
    }
    Ok(bytes)
}

/// The first bytes of a regular file, at most `len`; `None` for a pipe or a device.
pub(super) fn read_start(path: &Path, len: usize) -> Result<Option<Vec<u8>>, Fault> {
    if path.as_os_str().is_empty() {
        return Err(Fault::error("cannot be read").label("the path is empty"));
    }
    let metadata = fs::metadata(path).map_err(|error| unreadable(&error, path))?;
    if metadata.is_dir() {
        return Err(Fault::error("cannot be read").label("it is a directory"));
    }
    if !metadata.is_file() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(len as u64).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(Some(bytes)),
        Err(error) => Err(unreadable(&error, path)),
    }
}

pub(super) fn unreadable(error: &io::Error, path: &Path) -> Fault {
    let fault = Fault::error("cannot be read");
    match error.kind() {
        ErrorKind::NotFound => fault.label("there is no such file"),
        ErrorKind::PermissionDenied => {
            let owner = fs::metadata(path).ok();
            let owner = owner.map(|metadata| owner_and_mode(&metadata));
            let user = user(Uid::effective());
            fault.label("permission denied").note(format!(
                "tidegate runs as {user}{}",
                owner.unwrap_or_default()
            ))
        }
        _ => fault.label(error.to_string()),
    }
}

fn owner_and_mode(metadata: &Metadata) -> String {
    let owner = user(Uid::from_raw(metadata.uid()));
    let mode = metadata.permissions().mode() & 0o7777;
    format!(
        "; the file belongs to {owner}, group {}, and has mode {mode:04o}",
        metadata.gid()
    )
}

/// A user's name and number.
fn user(uid: Uid) -> String {
    match User::from_uid(uid) {
        Ok(Some(user)) => format!("user `{}` ({uid})", user.name),
        _ => format!("user {uid}"),
    }
}
