//! A copy of the sources, in which fast paths are taken out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::FOLDER;
use super::ablations::Edit;

/// A copy of the files that git tracks.
pub(super) struct Sources {
    folder: PathBuf,
}

impl Sources {
    /// Copies what differs from the last copy, so that Cargo rebuilds no more than that.
    pub(super) fn copy() -> Result<Self, String> {
        let folder = Path::new(FOLDER).join("sources");
        let listed = Command::new("git")
            .args(["ls-files", "-z"])
            .output()
            .map_err(|error| format!("cannot run git: {error}"))?
            .stdout;
        for file in String::from_utf8_lossy(&listed).split_terminator('\0') {
            // Deleted files are listed until the deletion is committed.
            if let Ok(content) = fs::read(file) {
                write_changed(&folder.join(file), &content)?;
            }
        }
        Ok(Self { folder })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes a fast path out.
    pub(super) fn apply(&self, edits: &[Edit]) -> Result<(), String> {
        for edit in edits {
            let text = edited(&read(edit)?, edit)?;
            write_changed(&self.folder.join(edit.file), text.as_bytes())?;
        }
        Ok(())
    }

    /// Puts it back.
    pub(super) fn restore(&self, edits: &[Edit]) -> Result<(), String> {
        for edit in edits {
            write_changed(&self.folder.join(edit.file), read(edit)?.as_bytes())?;
        }
        Ok(())
    }
}

fn edited(text: &str, edit: &Edit) -> Result<String, String> {
    let Edit { file, from, to } = edit;
    match text.matches(from).count() {
        1 => Ok(text.replace(from, to)),
        n => Err(format!(
            "`{from}` is {n} times in {file}; correct ablations.rs"
        )),
    }
}

/// Returns the file of an edit as it ships.
fn read(edit: &Edit) -> Result<String, String> {
    fs::read_to_string(edit.file).map_err(|error| format!("{}: {error}", edit.file))
}

fn write_changed(path: &Path, content: &[u8]) -> Result<(), String> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, content))
        .map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{edited, fs};
    use crate::fast_paths::ablations::ABLATIONS;

    #[test]
    fn every_edit_applies_to_the_sources() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for edit in ABLATIONS.iter().flat_map(|ablation| ablation.edits) {
            let text = fs::read_to_string(root.join(edit.file)).unwrap();
            assert_eq!(edited(&text, edit).err(), None);
        }
    }
}
