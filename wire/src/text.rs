//! Text that is not guaranteed to be UTF-8, such as Go strings and HTTP headers.

use std::borrow::Cow;

/// Bytes that are usually UTF-8.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Text<'a>(
    /// The bytes as sent.
    pub &'a [u8],
);

impl<'a> Text<'a> {
    /// Returns the text, with invalid UTF-8 replaced.
    #[must_use]
    pub fn lossy(self) -> Cow<'a, str> {
        match std::str::from_utf8(self.0) {
            Ok(valid) => Cow::Borrowed(valid),
            Err(_) => String::from_utf8_lossy(self.0),
        }
    }

    /// Copies the text, with invalid UTF-8 replaced.
    #[must_use]
    pub fn to_owned(self) -> String {
        self.lossy().into_owned()
    }
}
