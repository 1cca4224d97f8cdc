//! Who else can read a file.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tidegate_runtime::component::Lint;

use super::fault::Fault;

/// What users other than the owner and the group are allowed.
const OTHERS_READ: u32 = 0o004;
const OTHERS_ENTER: u32 = 0o001;

/// Warns if other users can read a file with a secret: by its mode, and through all of its folders.
pub(super) fn check(path: &Path) -> Vec<Fault> {
    let Some(mode) = mode(path).filter(|mode| mode & OTHERS_READ != 0) else {
        return Vec::new();
    };
    let file = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut folders = file.ancestors().skip(1);
    let is_reachable = folders.all(|one| self::mode(one).is_none_or(|it| it & OTHERS_ENTER != 0));
    if !is_reachable {
        return Vec::new();
    }
    let fault = Fault::warning(
        Lint::ReadableSecret,
        "can be read by every user of the host",
    );
    vec![
        fault
            .label(format!("mode {:04o}", mode & 0o7777))
            .help(format!("`chmod o= {}`", path.display())),
    ]
}

fn mode(path: &Path) -> Option<u32> {
    let metadata = fs::metadata(path).ok()?;
    Some(metadata.permissions().mode())
}
