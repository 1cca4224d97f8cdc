//! How the source files of drops are numbered, remembered for what the connection has shown to be.

use tidegate_model::flow::{FileNumbering, Numbered};
use tidegate_wire::release::Releases;

/// The answers of [`FileNumbering::of`] for the releases that were asked about last.
#[derive(Debug)]
pub(super) struct Files {
    releases: Releases,
    /// By the number of the file.
    known: Box<[Option<Numbered>; 256]>,
}

impl Default for Files {
    fn default() -> Self {
        Self {
            releases: Releases::ANY,
            known: Box::new([None; 256]),
        }
    }
}

impl Files {
    pub(super) fn numbering(&mut self, id: u8, releases: Releases) -> Numbered {
        if self.releases != releases {
            self.releases = releases;
            self.known.fill(None);
        }
        *self.known[usize::from(id)].get_or_insert_with(|| FileNumbering::of(id, releases))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_those_of_the_releases_that_are_asked_about() {
        let mut files = Files::default();
        let releases = [
            Releases::ANY,
            Releases::minor(1, 12),
            Releases::minor(1, 19),
            Releases::ANY,
        ];
        for releases in releases {
            for id in (0..=255).chain(0..=255) {
                assert_eq!(
                    files.numbering(id, releases),
                    FileNumbering::of(id, releases),
                    "{id} {releases:?}"
                );
            }
        }
    }
}
