//! The names of the current file and of the rotated ones. Only files whose names have this form are
//! ever compressed or removed.

use std::path::{Path, PathBuf};

use super::compression::Compression;
use super::stamp::{STAMP_LEN, Stamp};

/// The names of one exporter's files: `flows.json` is written, `flows-<time>.json` was rotated.
#[derive(Clone, Debug)]
pub(super) struct FileNames {
    path: PathBuf,
    directory: PathBuf,
    /// The name of the file without its extension.
    stem: String,
    /// With its dot; empty if there is none.
    extension: String,
}

/// A file of the exporter beside the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RotatedFile {
    pub(super) stamp: Stamp,
    pub(super) form: Form,
}

/// The form of a rotated file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As it was written.
    Plain,
    /// Compressed.
    Compressed,
    /// The unfinished output of a compression.
    Temporary,
}

impl FileNames {
    /// The names for the file at `path`; `None` if that does not end with the name of a file.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        if path.to_str()?.ends_with('/') {
            return None;
        }
        let extension = path.extension().and_then(|extension| extension.to_str());
        let extension = extension.map_or_else(String::new, |extension| format!(".{extension}"));
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        Some(Self {
            path: path.to_owned(),
            directory: directory.unwrap_or(Path::new(".")).to_owned(),
            stem: name[..name.len() - extension.len()].to_owned(),
            extension,
        })
    }

    /// Whether the name of the current file ends with this, from the last dot on.
    pub(super) fn has_extension(&self, extension: &str) -> bool {
        self.extension == extension
    }

    /// The path of the current file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The directory of all files.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The path of the file that is rotated at this time.
    pub(super) fn rotated(&self, stamp: Stamp) -> PathBuf {
        let Self {
            stem, extension, ..
        } = self;
        self.directory.join(format!("{stem}-{stamp}{extension}"))
    }

    /// The path of the rotated file in compressed form.
    pub(super) fn compressed(&self, stamp: Stamp, compression: Compression) -> PathBuf {
        let mut path = self.rotated(stamp).into_os_string();
        path.push(compression.suffix());
        path.into()
    }

    /// The path of the unfinished output of a compression. No two compressions have the same.
    pub(super) fn temporary(&self, stamp: Stamp, compression: Compression) -> PathBuf {
        let mut path = self.compressed(stamp, compression).into_os_string();
        path.push(format!("{TEMPORARY}{:016x}", fastrand::u64(..)));
        path.into()
    }

    /// All paths that a rotated file may have.
    pub(super) fn all_forms(&self, stamp: Stamp) -> impl Iterator<Item = PathBuf> {
        let compressed = Compression::SOME.map(|compression| self.compressed(stamp, compression));
        std::iter::once(self.rotated(stamp)).chain(compressed)
    }

    /// Reads the name of a file in the directory; `None` if it is not a rotated file.
    pub(super) fn parse(&self, name: &str) -> Option<RotatedFile> {
        let rest = name.strip_prefix(&*self.stem)?.strip_prefix('-')?;
        let stamp = Stamp::parse(rest.get(..STAMP_LEN)?)?;
        let suffix = rest[STAMP_LEN..].strip_prefix(&*self.extension)?;
        let form = if suffix.is_empty() {
            Form::Plain
        } else {
            let rest = Compression::SOME
                .iter()
                .find_map(|compression| suffix.strip_prefix(compression.suffix()))?;
            match rest.strip_prefix(TEMPORARY) {
                None if rest.is_empty() => Form::Compressed,
                Some(number) if number.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                    Form::Temporary
                }
                _ => return None,
            }
        };
        Some(RotatedFile { stamp, form })
    }
}

/// What follows the name of a compressed file that is unfinished.
const TEMPORARY: &str = ".tmp-";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Compression, FileNames, Form, Stamp};

    const STAMP: &str = "2026-03-01T10-00-00.123";

    #[test]
    fn rotated_files_have_the_names_of_hubbles_exporter() {
        let stamp = Stamp::parse(STAMP).unwrap();
        let cases = [
            (
                "/var/log/flows.json",
                "/var/log/flows-2026-03-01T10-00-00.123.json",
            ),
            ("flows", "./flows-2026-03-01T10-00-00.123"),
            ("/a.b/.flows", "/a.b/.flows-2026-03-01T10-00-00.123"),
            ("/a/b.c.log", "/a/b.c-2026-03-01T10-00-00.123.log"),
        ];
        for (path, expected) in cases {
            let names = FileNames::of(Path::new(path)).unwrap();
            assert_eq!(names.rotated(stamp), Path::new(expected));
            for form in names.all_forms(stamp) {
                let name = form.file_name().unwrap().to_str().unwrap();
                assert_eq!(names.parse(name).unwrap().stamp, stamp, "{name}");
            }
            let temporary = names.temporary(stamp, Compression::Gzip);
            let name = temporary.file_name().unwrap().to_str().unwrap();
            assert_eq!(names.parse(name).unwrap().form, Form::Temporary);
        }
        for path in ["/", "/a/", "..", "/a/..", ""] {
            assert!(FileNames::of(Path::new(path)).is_none(), "{path}");
        }
    }

    #[test]
    fn other_files_are_not_taken_for_rotated_ones() {
        let names = FileNames::of(Path::new("/var/log/flows.json")).unwrap();
        for name in [
            "flows.json",
            "flows.json.1",
            "flows-audit.json",
            "flows-2026-03-01T10-00-00.json",
            "flows-2026-03-01T10-00-00.123.json.bak",
            "flows-2026-03-01T10-00-00.123.json.gz.old",
            "flows-2026-03-01T10-00-00.123.log",
            "flows-b-2026-03-01T10-00-00.123.json",
            "other-2026-03-01T10-00-00.123.json",
            "flows-é2026-03-01T10-00-00.123.json",
        ] {
            assert_eq!(names.parse(name), None, "{name}");
        }
        let gz = names
            .parse("flows-2026-03-01T10-00-00.123.json.zst")
            .unwrap();
        assert_eq!(gz.form, Form::Compressed);
    }
}
