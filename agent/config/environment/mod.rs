//! Substitutes `${env:NAME}` and `${env:NAME:-default}` in strings, and `$$` by a dollar sign. The
//! file is parsed first, so that a value cannot change its syntax. Keys are not changed.

mod expand;

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeValue};

use super::secrets::is_secret;
use super::{Problem, Problems, Source};
use expand::{Reason, expand};

pub(crate) use tidegate_runtime::component::Environment;

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
        let mut looked_up = |name: &str| {
            let value = (self.environment)(name)?;
            secrets.extend(is_secret(name).then(|| value.clone()));
            Some(value)
        };
        let (expanded, bad) = expand(text, &mut looked_up);
        secrets.iter().for_each(|secret| self.problems.hide(secret));
        for bad in &bad {
            let variable = &text[bad.place.clone()];
            let place = narrow(span.clone(), variable, self.source);
            self.problems.push(bad.reason.problem(variable, place));
        }
        if bad.is_empty() {
            self.problems.mark_substituted(span);
        } else {
            self.problems.ignore(span);
        }
        *text = Cow::Owned(expanded);
    }
}

impl Reason {
    /// The error of a variable, which is written as `variable`.
    fn problem(&self, variable: &str, span: Range<usize>) -> Problem {
        let syntax = "write `${env:NAME}` or `${env:NAME:-default}`; `$$` is a dollar sign";
        match self {
            Self::Unset { name } => {
                Problem::new(format!("environment variable `{name}` is not set"), span)
                    .help(format!("set it, or give a default: `${{env:{name}:-...}}`"))
            }
            Self::Unclosed => Problem::new("a variable has no closing `}`", span).help(syntax),
            Self::WithoutEnv { name, rest } => {
                let default = if rest.is_empty() { "" } else { ":-..." };
                let title = format!("cannot read `{}`", without_default(variable));
                let help = format!("write `${{env:{name}{default}}}`; `$$` is a dollar sign");
                Problem::new(title, span).help(help)
            }
            Self::Syntax => {
                let title = format!("cannot read `{}`", without_default(variable));
                Problem::new(title, span).help(syntax)
            }
        }
    }
}

/// The variable without its default, which may be a secret.
fn without_default(variable: &str) -> Cow<'_, str> {
    let operator = variable.find(['-', '?', '=', '+']);
    match operator.map(|at| variable[..at].trim_end_matches(':')) {
        Some(name) => Cow::Owned(format!("{name}:-...}}")),
        None => Cow::Borrowed(variable),
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
