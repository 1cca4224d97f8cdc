//! Substitutes `${env:NAME}` and `${env:NAME:-default}` in strings, and `$$` by a dollar sign. The
//! file is parsed first, so that a value cannot change its syntax. Keys are not changed.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeValue};

use super::secrets::is_secret;
use super::{Problem, Problems, Source};

/// Looks up a variable.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of the process; a variable that is not UTF-8 counts as unset.
pub(crate) fn process_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Replaces variables in every string of `value`. Values that are secret by their key or by the
/// variable's name are masked in all messages.
pub(crate) fn substitute(
    value: &mut Spanned<DeValue<'_>>,
    source: &Source,
    environment: Environment<'_>,
    problems: &mut Problems,
) {
    Substitution {
        source,
        environment,
        problems,
    }
    .replace(value, false);
}

struct Substitution<'a> {
    source: &'a Source,
    environment: Environment<'a>,
    problems: &'a mut Problems,
}

impl Substitution<'_> {
    fn replace(&mut self, value: &mut Spanned<DeValue<'_>>, secret: bool) {
        let span = value.span();
        match value.get_mut() {
            DeValue::String(text) => {
                if text.contains('$') {
                    self.expand(text, span);
                }
                if secret {
                    self.problems.hide(text);
                }
            }
            DeValue::Array(items) => items.iter_mut().for_each(|item| self.replace(item, secret)),
            DeValue::Table(table) => {
                table
                    .iter_mut()
                    .for_each(|(key, item)| self.replace(item, secret || is_secret(key.get_ref())));
            }
            _ => {}
        }
    }

    fn expand(&mut self, text: &mut DeString<'_>, span: Range<usize>) {
        let mut secrets = Vec::new();
        let looked_up = |name: &str| {
            let value = (self.environment)(name)?;
            secrets.extend(is_secret(name).then(|| value.clone()));
            Some(value)
        };
        match expand(text, looked_up) {
            Ok(expanded) => *text = Cow::Owned(expanded),
            Err(bad) => self.problems.push(bad.problem(span, self.source)),
        }
        secrets.iter().for_each(|secret| self.problems.hide(secret));
    }
}

/// Why a variable cannot be replaced.
enum SubstitutionError {
    Unset { text: String, name: String },
    Syntax { text: String },
}

fn expand(
    text: &str,
    mut environment: impl FnMut(&str) -> Option<String>,
) -> Result<String, SubstitutionError> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("$$") {
            expanded.push('$');
            rest = after;
        } else if rest.starts_with("${") {
            let end = rest.find('}').map_or(rest.len(), |end| end + 1);
            expanded.push_str(&variable(&rest[..end], &mut environment)?);
            rest = &rest[end..];
        } else {
            expanded.push('$');
            rest = &rest[1..];
        }
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// The value of `${env:NAME}` or `${env:NAME:-default}`.
fn variable(
    text: &str,
    environment: impl FnOnce(&str) -> Option<String>,
) -> Result<String, SubstitutionError> {
    let inner = text
        .strip_prefix("${env:")
        .and_then(|inner| inner.strip_suffix('}'));
    let Some(inner) = inner else {
        return Err(SubstitutionError::Syntax {
            text: text.to_owned(),
        });
    };
    let (name, default) = match inner.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inner, None),
    };
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        return Err(SubstitutionError::Syntax {
            text: text.to_owned(),
        });
    }
    let value = environment(name).or_else(|| default.map(str::to_owned));
    value.ok_or_else(|| SubstitutionError::Unset {
        text: text.to_owned(),
        name: name.to_owned(),
    })
}

impl SubstitutionError {
    fn problem(&self, span: Range<usize>, source: &Source) -> Problem {
        match self {
            Self::Unset { text, name } => Problem::new(
                format!("environment variable `{name}` is not set"),
                narrow(span, text, source),
            )
            .help(format!("set it, or give a default: `${{env:{name}:-...}}`")),
            Self::Syntax { text } => Problem::new(
                format!("cannot read `{}`", without_default(text)),
                narrow(span, text, source),
            )
            .help("write `${env:NAME}` or `${env:NAME:-default}`; `$$` is a dollar sign"),
        }
    }
}

/// A default may be a secret.
fn without_default(text: &str) -> Cow<'_, str> {
    match text.split_once(":-") {
        Some((name, _)) => Cow::Owned(format!("{name}:-...}}")),
        None => Cow::Borrowed(text),
    }
}

/// The place of `text` in a string's span, if the string contains it unescaped.
fn narrow(span: Range<usize>, text: &str, source: &Source) -> Range<usize> {
    let raw = source.text.get(span.clone()).unwrap_or_default();
    match raw.find(text) {
        Some(at) => span.start + at..span.start + at + text.len(),
        None => span,
    }
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn variables_defaults_and_dollars_are_replaced() {
        let environment = |name: &str| (name == "HOST").then(|| "a$b".to_owned());
        let cases = [
            ("plain", Some("plain")),
            ("${env:HOST}:80", Some("a$b:80")),
            ("${env:HOST:-x}${env:PORT:-81}", Some("a$b81")),
            ("${env:PORT:-}", Some("")),
            ("$$HOME costs 5$ $x", Some("$HOME costs 5$ $x")),
            ("$${env:HOST}", Some("${env:HOST}")),
            ("${env:PORT}", None),
            ("${HOST}", None),
            ("${env:HOST", None),
            ("${env:}", None),
            ("${env:A B}", None),
        ];
        for (text, expected) in cases {
            assert_eq!(
                expand(text, &environment).ok().as_deref(),
                expected,
                "{text}"
            );
        }
    }
}
