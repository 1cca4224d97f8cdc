//! Bearer tokens (RFC 6750), compared in constant time.

use std::fmt::{self, Debug, Formatter};
use std::io;
use std::path::{Path, PathBuf};

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};
use tidegate_runtime::small_file;

use crate::config::{Admin, Secret};

/// The hashes of the tokens of a listener. If empty, clients need no token.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Tokens(Vec<[u8; 32]>);

/// Why a token file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenFileError {
    #[error("cannot read the token file {}", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("the token file {} has no token", .0.display())]
    Empty(PathBuf),
    #[error("the token file {} has an invalid token in line {line}: {why}", .path.display())]
    InvalidToken {
        path: PathBuf,
        line: usize,
        why: &'static str,
    },
}

impl Debug for Tokens {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.0.len())
    }
}

impl Tokens {
    /// Reads the tokens of the configuration and of its token file.
    pub(super) fn of(admin: &Admin) -> Result<Self, TokenFileError> {
        let mut tokens: Vec<_> = admin.token.iter().map(hash).collect();
        if let Some(path) = &admin.token_file {
            tokens.extend(read(path)?.iter().map(hash));
        }
        Ok(Self(tokens))
    }

    /// Whether a request with these headers has a valid token.
    pub(super) fn allow(&self, headers: &HeaderMap) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let Some(presented) = bearer(headers) else {
            return false;
        };
        let presented: [u8; 32] = Sha256::digest(presented).into();
        // Compares with all of them, so that the time does not depend on the position.
        let found = self.0.iter().fold(Choice::from(0), |found, token| {
            found | token.ct_eq(&presented)
        });
        found.into()
    }
}

/// Reads the tokens of a file: one per line, without empty lines.
pub(crate) fn read(path: &Path) -> Result<Vec<Secret>, TokenFileError> {
    let unreadable = |source| TokenFileError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let text = small_file::read_text(path).map_err(unreadable)?;
    let mut tokens = Vec::new();
    for (at, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let token = Secret::from(line.trim());
        if let Some(why) = token.not_a_token() {
            return Err(TokenFileError::InvalidToken {
                path: path.to_owned(),
                line: at + 1,
                why,
            });
        }
        tokens.push(token);
    }
    if tokens.is_empty() {
        Err(TokenFileError::Empty(path.to_owned()))
    } else {
        Ok(tokens)
    }
}

fn hash(token: &Secret) -> [u8; 32] {
    Sha256::digest(token.expose()).into()
}

/// The token of `Authorization: Bearer TOKEN`.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let at = value.iter().position(|byte| *byte == b' ')?;
    let (scheme, token) = value.split_at(at);
    scheme
        .eq_ignore_ascii_case(b"bearer")
        .then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use axum::http::header::AUTHORIZATION;
    use axum::http::{HeaderMap, HeaderValue};

    use super::{Tokens, hash, read};
    use crate::config::Secret;

    fn allows(tokens: &Tokens, value: Option<&'static str>) -> bool {
        let header = value.map(|value| (AUTHORIZATION, HeaderValue::from_static(value)));
        tokens.allow(&header.into_iter().collect::<HeaderMap>())
    }

    #[test]
    fn only_the_configured_tokens_are_accepted() {
        let tokens = Tokens(
            ["first", "second"]
                .map(|token| hash(&Secret::from(token)))
                .to_vec(),
        );
        for value in ["Bearer first", "bearer second", "BEARER  second"] {
            assert!(allows(&tokens, Some(value)), "{value}");
        }
        for value in [
            None,
            Some("Bearer third"),
            Some("Bearer firs"),
            Some("Bearer"),
            Some("Bearer "),
            Some("Basic first"),
            Some("first"),
        ] {
            assert!(!allows(&tokens, value), "{value:?}");
        }
        assert!(allows(&Tokens::default(), None));
        assert_eq!(format!("{tokens:?}"), "Tokens(2)");
    }

    #[test]
    fn a_token_file_has_one_token_per_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tokens");
        let read_text = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&path).map_err(|error| error.to_string())
        };
        assert_eq!(
            read_text("one\n\n two \n"),
            Ok(vec![Secret::from("one"), Secret::from("two")])
        );
        let at = path.display();
        assert_eq!(
            read_text("\n"),
            Err(format!("the token file {at} has no token"))
        );
        let expected = format!(
            "the token file {at} has an invalid token in line 2: \
             a token is printable ASCII without spaces"
        );
        assert_eq!(read_text("one\ntwo three\n"), Err(expected));
        assert!(read(&directory.path().join("none")).is_err());
    }
}
