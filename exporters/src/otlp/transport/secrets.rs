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
    /// The token of the file, and the one before, which responses may still have.
    tokens: [String; 2],
}

impl Secrets {
    /// The values of headers and their words, such as the token in `Bearer <token>`.
    pub(super) fn of_headers<'a>(values: impl Iterator<Item = &'a String>) -> Self {
        let words = values.flat_map(|value| value.split_whitespace().chain([value.as_str()]));
        let mut configured: Vec<_> = words
            .filter(|word| word.len() >= MIN_LEN)
            .map(str::to_owned)
            .collect();
        configured.sort_by_key(|secret| Reverse(secret.len()));
        Self(Arc::new(Mutex::new(Texts {
            configured,
            tokens: Default::default(),
        })))
    }

    /// Replaces the token of the file.
    pub(crate) fn set_token(&self, token: &str) {
        let mut texts = self.texts();
        if texts.tokens[0] != token {
            texts.tokens.rotate_right(1);
            token.clone_into(&mut texts.tokens[0]);
        }
    }

    /// Masks the secrets in a text.
    pub(crate) fn mask(&self, text: String) -> String {
        let texts = self.texts();
        let tokens = texts.tokens.iter().filter(|token| token.len() >= MIN_LEN);
        tokens
            .chain(&texts.configured)
            .fold(text, |text, secret| text.replace(secret, MASK))
    }

    fn texts(&self) -> MutexGuard<'_, Texts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        let secrets = Secrets::of_headers(["Bearer hunter2".to_owned(), "abc".to_owned()].iter());
        for token in ["token-1", "token-2", "token-2", "token-3"] {
            secrets.set_token(token);
        }
        let text = "hunter2 abc token-1 token-2 token-3";
        assert_eq!(secrets.mask(text.to_owned()), "*** abc token-1 *** ***");
        assert_eq!(format!("{secrets:?}"), "Secrets(..)");
    }
}
