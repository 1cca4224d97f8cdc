//! Texts as they were sent, which nobody promises to be UTF-8: Go does not, nor do HTTP headers.

use std::borrow::Cow;

/// Bytes that are meant as text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Text<'a>(
    /// As they were sent.
    pub &'a [u8],
);

impl<'a> Text<'a> {
    /// The text, what is not UTF-8 replaced.
    #[must_use]
    pub fn lossy(self) -> Cow<'a, str> {
        match std::str::from_utf8(self.0) {
            Ok(valid) => Cow::Borrowed(valid),
            Err(_) => String::from_utf8_lossy(self.0),
        }
    }

    /// Its own copy.
    #[must_use]
    pub fn to_owned(self) -> String {
        self.lossy().into_owned()
    }
}
