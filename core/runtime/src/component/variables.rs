//! Environment variables that are defaults of keys, read as the OpenTelemetry specification asks
//! (1.60, "Common configuration").

use super::{Finding, Lint, Place};

/// Returns the value of a variable that is set.
pub type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Characters of a value that a warning shows at most.
const MAX_SHOWN: usize = 40;

/// Reads variables. An empty one counts as unset, and one that cannot be read is ignored with a
/// warning.
pub struct Variables<'e> {
    environment: Environment<'e>,
    ignored: Vec<Finding>,
}

impl<'e> Variables<'e> {
    /// Reads the variables of an environment.
    #[must_use]
    pub fn new(environment: Environment<'e>) -> Self {
        Self {
            environment,
            ignored: Vec::new(),
        }
    }

    /// The value of a variable that is set and not empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        let value = (self.environment)(name)?.trim().to_owned();
        (!value.is_empty()).then_some(value)
    }

    /// The value of a variable. If it is an error, the variable is ignored with that reason, which
    /// must not show secrets.
    pub fn read<T, E: Into<String>>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match read(&self.text(name)?) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.ignore(name, &reason.into());
                None
            }
        }
    }

    /// The value of a variable that is one of some names, in capital or small letters.
    pub fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        self.read(name, |text| {
            let mut known = choices.iter();
            let found = known.find(|(name, _)| name.eq_ignore_ascii_case(text));
            found.map(|(_, value)| *value).ok_or_else(|| {
                let names: Vec<_> = choices.iter().map(|(n, _)| format!("{n:?}")).collect();
                let shown: String = text.chars().take(MAX_SHOWN).collect();
                format!("{shown:?} is none of {}", names.join(", "))
            })
        })
    }

    /// Warnings about the variables that were ignored.
    #[must_use]
    pub fn into_ignored(self) -> Vec<Finding> {
        self.ignored
    }

    fn ignore(&mut self, name: &str, reason: &str) {
        let title = format!("the environment variable `{name}` is ignored: {reason}");
        let finding = Finding::warning(Lint::IgnoredVariable, Place::Key(""), title);
        self.ignored
            .push(finding.label("whose defaults it would be"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHOICES: [(&str, u8); 2] = [("one", 1), ("two", 2)];

    fn choice(value: &str) -> (Option<u8>, Vec<String>) {
        let environment = |_: &str| Some(value.to_owned());
        let mut variables = Variables::new(&environment);
        let choice = variables.choice("NAME", &CHOICES);
        let ignored = variables.into_ignored().into_iter();
        (choice, ignored.map(|finding| finding.title).collect())
    }

    #[test]
    fn a_name_is_read_in_capital_and_small_letters_and_an_empty_value_counts_as_unset() {
        for (value, expected) in [
            ("one", Some(1)),
            (" Two ", Some(2)),
            ("", None),
            (" ", None),
        ] {
            assert_eq!(choice(value), (expected, Vec::new()), "{value:?}");
        }
    }

    #[test]
    fn a_value_that_cannot_be_read_is_ignored_with_a_warning_that_shows_its_beginning() {
        let (value, ignored) = choice(&format!("t\u{7}{}", "o".repeat(100)));
        let shown = format!("t\\u{{7}}{}", "o".repeat(38));
        let title = format!(
            "the environment variable `NAME` is ignored: \"{shown}\" is none of \"one\", \"two\""
        );
        assert_eq!((value, ignored), (None, vec![title]));
    }
}
