//! A cache of how the source files of drops are numbered.

use tidegate_model::flow::{FileNumbering, ResolvedNumbering};
use tidegate_wire::release::Releases;

/// The results of [`FileNumbering::of`] for the releases of the latest lookup.
#[derive(Debug)]
pub(super) struct FileNumberingCache {
    releases: Releases,
    /// By the number of the file.
    numberings: Box<[Option<ResolvedNumbering>; 256]>,
}

impl Default for FileNumberingCache {
    fn default() -> Self {
        Self {
            releases: Releases::ANY,
            numberings: Box::new([None; 256]),
        }
    }
}

impl FileNumberingCache {
    pub(super) fn of(&mut self, file: u8, releases: Releases) -> ResolvedNumbering {
        if self.releases != releases {
            self.releases = releases;
            self.numberings.fill(None);
        }
        *self.numberings[usize::from(file)].get_or_insert_with(|| FileNumbering::of(file, releases))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cached_numbering_is_that_of_the_releases_of_the_lookup() {
        let mut cache = FileNumberingCache::default();
        for releases in [
            Releases::ANY,
            Releases::minor(1, 12),
            Releases::minor(1, 19),
            Releases::ANY,
        ] {
            for file in (0..=255).chain(0..=255) {
                let expected = FileNumbering::of(file, releases);
                assert_eq!(cache.of(file, releases), expected, "{file} {releases:?}");
            }
        }
    }
}
