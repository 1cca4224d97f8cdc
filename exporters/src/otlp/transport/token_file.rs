//! The file with the bearer token.

use std::io;
use std::path::{Path, PathBuf};

use tidegate_runtime::small_file;
use tonic::metadata::AsciiMetadataValue;

/// A bearer token (RFC 6750). It has no `Debug` form.
#[derive(Clone)]
pub(super) struct Token(String);

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum TokenError {
    #[error("cannot read the token file `{}`", .path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("the token file `{}` does not have one token of printable ASCII without spaces", .0.display())]
    NoToken(PathBuf),
}

impl Token {
    /// Reads the token of a file, which may block.
    pub(super) fn read(path: &Path) -> Result<Self, TokenError> {
        let text = small_file::read_text(path).map_err(|source| TokenError::Read {
            path: path.to_owned(),
            source,
        })?;
        let token = text.trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::NoToken(path.to_owned()));
        }
        Ok(Self(token.to_owned()))
    }

    /// The token itself.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// The value of the header `authorization`.
    pub(super) fn authorization(&self) -> Option<AsciiMetadataValue> {
        let mut value = AsciiMetadataValue::try_from(format!("Bearer {}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::Token;

    #[test]
    fn a_file_has_one_token() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        for (text, expected) in [
            ("abc\n", Some("abc")),
            (" abc", Some("abc")),
            ("", None),
            ("\n", None),
            ("abc\ndef\n", None),
            ("ab c", None),
            ("äbc", None),
        ] {
            std::fs::write(&path, text).unwrap();
            let token = Token::read(&path).ok();
            assert_eq!(token.as_ref().map(Token::expose), expected, "{text:?}");
        }
        assert!(Token::read(&folder.path().join("none")).is_err());
    }
}
