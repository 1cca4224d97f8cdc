//! Regular expressions in Go's syntax (RE2), which Hubble's filters have.
//!
//! [`mod@translate`] rewrites a pattern for the `regex` crate, which differs in some details, and refuses
//! what Go refuses, with Go's text. All patterns of a list become one expression of bounded size.

mod class;
mod escape;
mod syntax_error;
mod translate;

use ::regex::bytes::{Regex, RegexBuilder};

use syntax_error::SyntaxError;
use translate::translate;

/// Bytes of a compiled list of patterns, and of the table of states that is made while matching.
const MAX_SIZE: usize = 1 << 20;

/// Patterns of a list; one of them has to match a part of a text.
#[derive(Debug)]
pub(super) struct Patterns {
    alternatives: Regex,
}

/// A pattern that cannot be compiled.
#[derive(Debug)]
pub(super) struct PatternError {
    pub(super) pattern: String,
    pub(super) reason: String,
}

impl Patterns {
    /// Compiles a list.
    ///
    /// # Errors
    ///
    /// A pattern is invalid, or the list is too large.
    pub(super) fn compile(patterns: &[String]) -> Result<Self, PatternError> {
        let mut alternatives = Vec::new();
        for pattern in patterns {
            let refused = |reason: String| PatternError {
                pattern: pattern.clone(),
                reason,
            };
            let translated = translate(pattern).map_err(|error| refused(error.to_string()))?;
            // Each is compiled by itself first, so that the error names the one that is refused.
            build(&translated).map_err(refused)?;
            alternatives.push(format!("(?:{translated})"));
        }
        build(&alternatives.join("|"))
            .map(|alternatives| Self { alternatives })
            .map_err(|reason| PatternError {
                pattern: patterns.join(" | "),
                reason,
            })
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        self.alternatives.is_match(text.as_bytes())
    }
}

fn build(translated: &str) -> Result<Regex, String> {
    RegexBuilder::new(translated)
        .size_limit(MAX_SIZE)
        .dfa_size_limit(MAX_SIZE)
        .build()
        .map_err(|error| match error {
            ::regex::Error::CompiledTooBig(limit) => {
                format!("the compiled expression is larger than {limit} bytes")
            }
            // The last line of the message is the reason; the others show the translation.
            other => {
                let text = other.to_string();
                let reason = text.lines().last().unwrap_or_default();
                format!(
                    "error parsing regexp: {}",
                    reason.trim_start_matches("error: ")
                )
            }
        })
}

#[cfg(test)]
mod tests {
    use super::Patterns;

    fn compile(pattern: &str) -> Result<Patterns, String> {
        Patterns::compile(&[pattern.to_owned()]).map_err(|error| error.reason)
    }

    /// Each was checked with Go 1.26's regexp.MatchString.
    const MEANINGS: &[(&str, &str, bool)] = &[
        ("", "", true),
        ("b", "abc", true),
        ("^b", "abc", false),
        ("a$", "a\n", false),
        ("/users/{id}", "/users/{id}", true),
        ("a{,2}", "a{,2}", true),
        ("a{2}", "aa", true),
        ("x{2,3}$", "xx", true),
        (r"\d", "٣", false),
        (r"\D", "٣", true),
        (r"^\w+$", "é", false),
        (r"\s", "\u{a0}", false),
        (r"\S", "\u{a0}", true),
        (r"a\b", "aé", true),
        (r"a\B", "aé", false),
        (r"a\Bb", "ab", true),
        (r"\Qa.b\E", "axb", false),
        (r"\Qa.b\E", "a.b", true),
        (r"\Qa.b", "a.b", true),
        (r"\<a\>", "<a>", true),
        ("[a[b]]", "[]", true),
        ("[a[b]]", "a", false),
        ("[[:alpha:]]", "q", true),
        ("[[:^alpha:]]", "q", false),
        ("[^[:digit:]x]", "x", false),
        ("[a&&b]", "&", true),
        (r"[\d\-x]", "-", true),
        (r"[^\D]", "5", true),
        (r"[\D]", "5", false),
        ("[]a]", "]", true),
        ("[^]a]", "]", false),
        ("[a-]", "-", true),
        (r"\x41\x{42}\103", "ABC", true),
        (r"\pL\PN", "é!", true),
        (r"\p{Greek}", "α", true),
        (r"\p{^Greek}", "α", false),
        ("(?i)GET", "get", true),
        ("(?i:G)ET", "gET", true),
        ("(?i:G)ET", "get", false),
        ("(?P<name>a)(?<other>b)", "ab", true),
        ("a.b", "a\nb", false),
        ("(?s)a.b", "a\nb", true),
        ("(?m)^b", "a\nb", true),
        ("a||b", "", true),
        ("(|a)+", "b", true),
        ("(?U)a+", "a", true),
        ("a+?", "a", true),
        ("^*a", "a", true),
        (r"\z", "", true),
        (r"\Aa", "ba", false),
        ("a(?i)*b", "B", true),
        ("a(?i)b|c", "C", true),
        ("(?i)[^x]", "X", false),
        (r"\07", "\u{7}", true),
        (r"\Qab\E+$", "abb", true),
        (r"\_\-\/", "_-/", true),
        (".", "\u{fffd}", true),
    ];

    #[test]
    fn patterns_have_the_meaning_that_go_gives_them() {
        for &(pattern, text, expected) in MEANINGS {
            let patterns = compile(pattern).unwrap_or_else(|reason| panic!("{pattern}: {reason}"));
            assert_eq!(patterns.matches(text), expected, "{pattern:?} {text:?}");
        }
    }

    const REFUSED: &[(&str, &str)] = &[
        ("[a", "missing closing ]: `[a`"),
        ("x[a-", "missing closing ]: `[a-`"),
        ("(a", "missing closing ): `(a`"),
        ("a)b", "unexpected ): `a)b`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("(+)", "missing argument to repetition operator: `+`"),
        ("a|?", "missing argument to repetition operator: `?`"),
        ("{2}", "missing argument to repetition operator: `{2}`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("a{2}{3}", "invalid nested repetition operator: `{2}{3}`"),
        ("a+??", "invalid nested repetition operator: `+??`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("a{3,2}", "invalid repeat count: `{3,2}`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
        (r"\p{Foo}", r"invalid character class range: `\p{Foo}`"),
        (r"\y", r"invalid escape sequence: `\y`"),
        (r"\8", r"invalid escape sequence: `\8`"),
        (r"\1", r"invalid escape sequence: `\1`"),
        (r"\C", r"invalid escape sequence: `\C`"),
        (r"\Z", r"invalid escape sequence: `\Z`"),
        (r"\xg", r"invalid escape sequence: `\xg`"),
        (r"[a-\d]", r"invalid escape sequence: `\d`"),
        ("[a--]", "invalid character class range: `a--`"),
        ("(a{1000}){1000}", "invalid repeat count: `{1000}`"),
        (r"\x{110000}", r"invalid escape sequence: `\x{110000`"),
        ("(?i)*", "missing argument to repetition operator: `*`"),
        ("a\\", "trailing backslash at end of expression: ``"),
        ("(?x)a", "invalid or unsupported Perl syntax: `(?x`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(?i", "invalid or unsupported Perl syntax: `(?i`"),
        ("(?P<n", "invalid named capture: `(?P<n`"),
        ("(?P<n-m>a)", "invalid named capture: `(?P<n-m>`"),
    ];

    #[test]
    fn a_pattern_that_go_refuses_is_refused_with_its_text() {
        for &(pattern, expected) in REFUSED {
            let reason = compile(pattern).map(|_| ()).unwrap_err();
            assert_eq!(
                reason,
                format!("error parsing regexp: {expected}"),
                "{pattern}"
            );
        }
    }

    #[test]
    fn a_pattern_that_compiles_to_more_than_a_mebibyte_is_refused() {
        let reason = compile(r"\pL{1000}").map(|_| ()).unwrap_err();
        assert_eq!(
            reason,
            "the compiled expression is larger than 1048576 bytes"
        );
    }

    #[test]
    fn all_patterns_of_a_list_together_are_bounded() {
        let list = vec![r"\pL{40}".to_owned(); 256];
        let error = Patterns::compile(&list).unwrap_err();
        assert!(error.reason.contains("larger than"), "{error:?}");
    }

    #[test]
    fn a_pattern_does_not_change_the_meaning_of_the_next() {
        let list = ["(?i)abc", "x|y", "DEF"].map(str::to_owned);
        let patterns = Patterns::compile(&list).unwrap();
        for (text, expected) in [("ABC", true), ("y", true), ("DEF", true), ("def", false)] {
            assert_eq!(patterns.matches(text), expected, "{text}");
        }
    }
}
