//! What is wrong with a pattern, in Go's words.

use std::fmt;

/// An error of `regexp/syntax` (Go 1.26): what is wrong, and the part of the pattern.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SyntaxError<'a> {
    pub(super) kind: &'static str,
    pub(super) part: &'a str,
}

pub(super) const INVALID_CAPTURE: &str = "invalid named capture";
pub(super) const INVALID_ESCAPE: &str = "invalid escape sequence";
pub(super) const INVALID_FLAGS: &str = "invalid or unsupported Perl syntax";
pub(super) const INVALID_RANGE: &str = "invalid character class range";
pub(super) const INVALID_REPEAT_COUNT: &str = "invalid repeat count";
pub(super) const MISSING_ARGUMENT: &str = "missing argument to repetition operator";
pub(super) const MISSING_BRACKET: &str = "missing closing ]";
pub(super) const MISSING_PARENTHESIS: &str = "missing closing )";
pub(super) const NESTED_REPETITION: &str = "invalid nested repetition operator";
pub(super) const TRAILING_BACKSLASH: &str = "trailing backslash at end of expression";
pub(super) const UNEXPECTED_PARENTHESIS: &str = "unexpected )";

impl<'a> SyntaxError<'a> {
    /// An error in the part of `from` before `rest`, which is its end.
    pub(super) fn between(kind: &'static str, from: &'a str, rest: &str) -> Self {
        Self {
            kind,
            part: from.strip_suffix(rest).unwrap_or(from),
        }
    }
}

impl fmt::Display for SyntaxError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error parsing regexp: {}: `{}`", self.kind, self.part)
    }
}
