//! The files that the exporter has written.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;

/// A file with its text.
pub(super) struct Written {
    pub(super) name: String,
    pub(super) text: String,
}

/// All files of a directory, the rotated ones in the order of their times and the current one last.
pub(super) struct Files(pub(super) Vec<Written>);

impl Files {
    /// The names of all files.
    pub(super) fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Reads them, and uncompresses them.
    pub(super) fn read(directory: &Path) -> Self {
        let files = Self::names(directory).into_iter().filter(|name| {
            let is_unfinished = name.contains(".tmp-");
            !is_unfinished && !name.starts_with("flows-audit")
        });
        Self(
            files
                .map(|name| {
                    let bytes = fs::read(directory.join(&name)).unwrap();
                    let mut text = String::new();
                    if name.ends_with(".gz") {
                        GzDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
                    } else {
                        text = String::from_utf8(bytes).unwrap();
                    }
                    Written { name, text }
                })
                .collect(),
        )
    }

    /// Their texts. Panics if a file does not end with a whole line.
    pub(super) fn text(&self) -> String {
        for file in &self.0 {
            assert!(
                file.text.is_empty() || file.text.ends_with('\n'),
                "{} ends with a part of a line",
                file.name
            );
        }
        self.0.iter().map(|file| &*file.text).collect()
    }
}
