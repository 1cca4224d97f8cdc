//! What is wrong with a file, as the rest of a sentence that begins with the key that names it.

use std::ops::Range;

use tidegate_runtime::component::Lint;

use crate::config::Problem;

/// An error, or a warning, about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    lint: Option<Lint>,
    predicate: &'static str,
    label: String,
    note: Option<String>,
    help: Option<String>,
}

impl Fault {
    /// An error, such as "cannot be read".
    pub(super) fn error(predicate: &'static str) -> Self {
        Self {
            lint: None,
            predicate,
            label: String::new(),
            note: None,
            help: None,
        }
    }

    /// A warning.
    pub(super) fn warning(lint: Lint, predicate: &'static str) -> Self {
        Self {
            lint: Some(lint),
            ..Self::error(predicate)
        }
    }

    /// The details, beside the path in the configuration.
    pub(super) fn label(self, label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            ..self
        }
    }

    /// An explanation.
    pub(super) fn note(self, note: impl Into<String>) -> Self {
        Self {
            note: Some(note.into()),
            ..self
        }
    }

    /// What to do.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }

    /// The problem at the place of the key.
    pub(super) fn at(self, key: &str, span: Range<usize>) -> Problem {
        let title = format!("the file of `{key}` {}", self.predicate);
        let problem = match self.lint {
            Some(lint) => Problem::warning(lint, title, span),
            None => Problem::new(title, span),
        };
        let problem = match self.note {
            Some(note) => problem.note(note),
            None => problem,
        };
        problem.label(self.label).maybe_help(self.help)
    }
}
