//! Patterns of DNS names: `*` matches any run of `a` to `z`, digits, `-` and `.`.

use super::go;

/// A pattern of a whole name.
#[derive(Debug)]
pub(super) struct Glob {
    pattern: Box<[u8]>,
}

impl Glob {
    /// Parses a pattern: white space around it and one trailing dot are removed, and it is converted
    /// to lower case.
    ///
    /// # Errors
    ///
    /// Hubble's text for an invalid pattern.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        let pattern = trimmed.strip_suffix('.').unwrap_or(trimmed).to_lowercase();
        if pattern.is_empty() {
            return Err("empty pattern".to_owned());
        }
        if pattern.ends_with('.') {
            return Err("multiple trailing dots in pattern".to_owned());
        }
        let is_allowed = |c: char| matches!(c, '.' | '*' | '-' | '_' | '0'..='9' | 'a'..='z');
        match pattern.chars().find(|c| !is_allowed(*c)) {
            Some(c) => Err(format!("{}: invalid rune in pattern", go::quoted_rune(c))),
            None => Ok(Self {
                pattern: pattern.into_bytes().into(),
            }),
        }
    }

    /// Whether the whole name matches. Names are compared as they are, so one with an upper-case
    /// letter does not match.
    ///
    /// Only the last star is extended: a character that it does not match (`_`) has to be matched
    /// by itself, so that an earlier star cannot help.
    pub(super) fn matches(&self, name: &str) -> bool {
        let name = name.as_bytes();
        let mut at = 0;
        let mut next = 0;
        // Behind the last star of the pattern, and the first byte that it does not match.
        let mut star = None;
        while at < name.len() {
            match self.pattern.get(next) {
                Some(b'*') => {
                    next += 1;
                    star = Some((next, at));
                }
                Some(byte) if *byte == name[at] => {
                    next += 1;
                    at += 1;
                }
                _ => match star {
                    Some((behind, end)) if is_any(name[end]) => {
                        star = Some((behind, end + 1));
                        next = behind;
                        at = end + 1;
                    }
                    _ => return false,
                },
            }
        }
        self.pattern[next..].iter().all(|byte| *byte == b'*')
    }
}

/// Whether a star matches this byte.
fn is_any(byte: u8) -> bool {
    matches!(byte, b'-' | b'.' | b'0'..=b'9' | b'a'..=b'z')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::Glob;

    #[test]
    fn a_star_stands_for_any_run_without_underscores_and_capitals() {
        let cases = [
            ("*", "", true),
            ("*", "a.b-1", true),
            ("*", "a_b", false),
            ("*", "A", false),
            ("a*", "a", true),
            ("a_*", "a_b", true),
            ("*_b", "a_b", true),
            ("*.example.com", "www.example.com", true),
            ("*.example.com", "example.com", false),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "a1b2", false),
            (" EXAMPLE.org. ", "example.org", true),
            ("example.org", "example.org.", false),
            ("**", "x", true),
        ];
        for (pattern, name, expected) in cases {
            let glob = Glob::parse(pattern).unwrap();
            assert_eq!(glob.matches(name), expected, "{pattern} {name}");
        }
    }

    proptest! {
        /// Hubble makes a regular expression of each pattern.
        #[test]
        fn a_pattern_matches_what_hubbles_expression_matches(
            pattern in "[a*_.]{1,8}[a*_]",
            name in "[aA_.]{0,10}",
        ) {
            let expression = pattern.replace('.', "\\.").replace('*', "[-.0-9a-z]*");
            let expected = Regex::new(&format!("^(?:{expression})$")).unwrap().is_match(&name);
            prop_assert_eq!(Glob::parse(&pattern).unwrap().matches(&name), expected);
        }
    }
}
