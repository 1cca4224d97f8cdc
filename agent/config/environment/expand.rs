//! The syntax of variables in a string: `${env:NAME}`, with defaults as in the shell, and `$$`.

use std::ops::Range;

/// Defaults within defaults that are followed.
const MAX_DEPTH: usize = 8;

/// A variable that cannot be replaced.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadVariable {
    /// Its place in the string.
    pub(super) place: Range<usize>,
    pub(super) reason: Reason,
}

/// Why a variable cannot be replaced.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// It is not set, and there is no default.
    Unset { name: String },
    /// There is no `}`.
    Unclosed,
    /// A variable in the form of other programs, such as `${NAME}`. `rest` is its default.
    WithoutEnv { name: String, rest: String },
    /// Something else than a name and a default.
    Syntax,
}

/// The text with its variables replaced, and those that cannot be.
pub(super) fn expand(
    text: &str,
    environment: &mut dyn FnMut(&str) -> Option<String>,
) -> (String, Vec<BadVariable>) {
    let mut expansion = Expansion {
        environment,
        bad: Vec::new(),
    };
    let expanded = expansion.expand(text, 0, 0);
    (expanded, expansion.bad)
}

struct Expansion<'e> {
    environment: &'e mut dyn FnMut(&str) -> Option<String>,
    bad: Vec<BadVariable>,
}

impl Expansion<'_> {
    /// Expands `text`, which begins at `start` of the string.
    fn expand(&mut self, text: &str, start: usize, depth: usize) -> String {
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            expanded.push_str(&rest[..at]);
            rest = &rest[at..];
            let here = start + text.len() - rest.len();
            if let Some(after) = rest.strip_prefix("$$") {
                expanded.push('$');
                rest = after;
            } else if rest.starts_with("${") {
                let end = end_of_variable(rest);
                let variable = &rest[..end.unwrap_or(rest.len())];
                match self.variable(variable, end.is_some(), here, depth) {
                    Ok(value) => expanded.push_str(&value),
                    Err(reason) => self.bad.push(BadVariable {
                        place: here..here + variable.len(),
                        reason,
                    }),
                }
                rest = &rest[variable.len()..];
            } else {
                expanded.push('$');
                rest = &rest[1..];
            }
        }
        expanded.push_str(rest);
        expanded
    }

    /// The value of a variable, which begins at `start` of the string.
    fn variable(
        &mut self,
        text: &str,
        is_closed: bool,
        start: usize,
        depth: usize,
    ) -> Result<String, Reason> {
        if !is_closed {
            return Err(Reason::Unclosed);
        }
        let inner = &text["${".len()..text.len() - "}".len()];
        let Some(inner) = inner.strip_prefix("env:") else {
            return Err(without_env(inner));
        };
        let (name, default) = split_name(inner);
        if name.is_empty() || depth == MAX_DEPTH {
            return Err(Reason::Syntax);
        }
        let value = (self.environment)(name);
        let (default, value) = match (default.strip_prefix(":-"), default.strip_prefix('-')) {
            (Some(default), _) => (default, value.filter(|value| !value.is_empty())),
            (None, Some(default)) => (default, value),
            (None, None) if default.is_empty() => {
                let name = name.to_owned();
                return value.ok_or(Reason::Unset { name });
            }
            (None, None) => return Err(Reason::Syntax),
        };
        if let Some(value) = value {
            return Ok(value);
        }
        let start = start + text.len() - "}".len() - default.len();
        Ok(self.expand(default, start, depth + 1))
    }
}

/// The length of the variable at the start of `text`, up to its `}`; `None` if there is none.
fn end_of_variable(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '{' if before == '$' => depth += 1,
            '}' if depth == 1 => return Some(at + 1),
            '}' => depth -= 1,
            _ => {}
        }
        // A `$` after a `$` is a dollar sign, which begins no variable.
        before = if c == '$' && before == '$' { ' ' } else { c };
    }
    None
}

/// The name at the start, and what follows.
fn split_name(text: &str) -> (&str, &str) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split_at(text.find(|c| !is_name(c)).unwrap_or(text.len()))
}

/// The reason for a variable that does not begin with `env:`.
fn without_env(inner: &str) -> Reason {
    let prefix = inner
        .get(..4)
        .filter(|prefix| prefix.eq_ignore_ascii_case("env:") || *prefix == "env.");
    let (name, rest) = split_name(prefix.map_or(inner, |_| &inner[4..]));
    let is_default = rest.is_empty() || rest.starts_with(":-") || rest.starts_with('-');
    if name.is_empty() || !is_default {
        return Reason::Syntax;
    }
    Reason::WithoutEnv {
        name: name.to_owned(),
        rest: rest.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Reason, expand};

    fn expanded(text: &str) -> (String, Vec<String>) {
        let mut environment = |name: &str| match name {
            "HOST" => Some("a$b".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let (expanded, bad) = expand(text, &mut environment);
        let bad = bad.into_iter().map(|bad| text[bad.place].to_owned());
        (expanded, bad.collect())
    }

    #[test]
    fn variables_defaults_and_dollars_are_replaced() {
        let cases = [
            ("plain", "plain"),
            ("${env:HOST}:80", "a$b:80"),
            ("${env:HOST:-x}${env:PORT:-81}", "a$b81"),
            ("${env:PORT:-}", ""),
            ("$$HOME costs 5$ $x", "$HOME costs 5$ $x"),
            ("$${env:HOST}", "${env:HOST}"),
            ("${env:EMPTY}", ""),
            ("${env:EMPTY:-x}", "x"),
            ("${env:EMPTY-x}", ""),
            ("${env:PORT-x}", "x"),
            ("${env:PORT:-${env:HOST}:${env:NONE:-1}}!", "a$b:1!"),
            ("${env:EMPTY:-${env:EMPTY-x}}", ""),
            ("${env:PORT:-$${x}", "${x"),
        ];
        for (text, expected) in cases {
            assert_eq!(expanded(text), (expected.to_owned(), vec![]), "{text}");
        }
    }

    #[test]
    fn every_bad_variable_is_found() {
        let cases: [(&str, &[&str]); 8] = [
            ("${env:PORT}", &["${env:PORT}"]),
            ("a${env:A}b${env:B}", &["${env:A}", "${env:B}"]),
            ("${env:PORT:-ü${env:A}}", &["${env:A}"]),
            ("${HOST}", &["${HOST}"]),
            ("é${env:HOST", &["${env:HOST"]),
            ("${env:}", &["${env:}"]),
            ("${env:A B}", &["${env:A B}"]),
            ("${env:A:?x}", &["${env:A:?x}"]),
        ];
        for (text, expected) in cases {
            assert_eq!(expanded(text).1, expected, "{text}");
        }
    }

    #[test]
    fn the_forms_of_other_programs_are_recognized() {
        for (text, name, rest) in [
            ("${HOST}", "HOST", ""),
            ("${HOST:-x}", "HOST", ":-x"),
            ("${ENV:HOST}", "HOST", ""),
            ("${env.HOST-x}", "HOST", "-x"),
        ] {
            let bad = expand(text, &mut |_| None).1;
            let expected = Reason::WithoutEnv {
                name: name.to_owned(),
                rest: rest.to_owned(),
            };
            assert_eq!(bad[0].reason, expected, "{text}");
        }
    }

    #[test]
    fn defaults_are_nested_to_a_bound() {
        let nested = |depth: usize| "${env:A:-".repeat(depth) + "x" + &"}".repeat(depth);
        assert_eq!(expanded(&nested(8)).0, "x");
        assert_eq!(expanded(&nested(9)).1, ["${env:A:-x}"]);
        assert_eq!(expanded(&nested(10_000)).1.len(), 1);
        assert_eq!(expanded(&"${".repeat(100_000)).1.len(), 1);
    }
}
