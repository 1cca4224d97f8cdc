//! Values that a backend may repeat in its messages, and that no output shows.

use std::cmp::Reverse;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tidegate_runtime::config::MASK;

/// Shorter values are not masked in texts: they would match parts of ordinary words.
const MIN_LEN: usize = 4;

/// The secrets of an exporter; clones share them.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Arc<Mutex<Texts>>);

#[derive(Default)]
struct Texts {
    /// Words of the configuration, the longest first.
    configured: Vec<String>,
    /// What files have, and what they had before, which responses may still repeat.
    of_files: [Vec<String>; 2],
}

impl Secrets {
    /// The values and their words, such as the token in `Bearer <token>`.
    pub(super) fn of_values<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        Self(Arc::new(Mutex::new(Texts {
            configured: words(values),
            of_files: Default::default(),
        })))
    }

    /// Replaces what files have.
    pub(crate) fn set_of_files<'a>(&self, values: impl Iterator<Item = &'a str>) {
        let words = words(values);
        let mut texts = self.texts();
        if texts.of_files[0] != words {
            texts.of_files.rotate_right(1);
            texts.of_files[0] = words;
        }
    }

    /// Masks the secrets in a text.
    pub(crate) fn mask(&self, text: String) -> String {
        let texts = self.texts();
        let of_files = texts.of_files.iter().flatten();
        of_files
            .chain(&texts.configured)
            .fold(text, |text, secret| text.replace(secret, MASK))
    }

    fn texts(&self) -> MutexGuard<'_, Texts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The values and their words that are long enough to be masked, the longest first.
fn words<'a>(values: impl Iterator<Item = &'a str>) -> Vec<String> {
    let words = values.flat_map(|value| value.split_whitespace().chain([value]));
    let mut words: Vec<_> = words
        .filter(|word| word.len() >= MIN_LEN)
        .map(str::to_owned)
        .collect();
    words.sort_by_key(|word| Reverse(word.len()));
    words
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Secrets;

    #[test]
    fn values_their_words_and_the_last_two_tokens_are_masked() {
        let secrets = Secrets::of_values(["Bearer hunter2", "abc"].into_iter());
        for token in ["token-1", "token-2", "token-2", "token-3"] {
            secrets.set_of_files([token].into_iter());
        }
        let text = "hunter2 abc token-1 token-2 token-3";
        assert_eq!(secrets.mask(text.to_owned()), "*** abc token-1 *** ***");
        assert_eq!(format!("{secrets:?}"), "Secrets(..)");
    }
}
