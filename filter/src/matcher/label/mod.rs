//! Kubernetes label selectors, of which each key may have the source of a Cilium label in front:
//! `k8s:app in (web, api), !reserved:host`. A key without a source matches labels of any.

mod key;
mod lexer;
mod parser;

use key::Key;

/// A selector: all requirements have to match.
#[derive(Debug)]
pub(super) struct Selector {
    requirements: Box<[Requirement]>,
}

/// What the label of a key has to be.
#[derive(Debug, PartialEq, Eq)]
struct Requirement {
    key: Key,
    condition: Condition,
}

#[derive(Debug, PartialEq, Eq)]
enum Condition {
    Exists,
    DoesNotExist,
    /// The label exists, and its value is one of these.
    In(Vec<String>),
    /// The label does not exist, or its value is none of these.
    NotIn(Vec<String>),
    /// The label is a number above this one.
    GreaterThan(i64),
    /// The label is a number below this one.
    LessThan(i64),
}

impl Selector {
    /// Parses a selector. An empty one matches everything.
    ///
    /// # Errors
    ///
    /// What is wrong, in the words of Kubernetes where it has a short text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        parser::parse(&lexer::tokens(&key::with_sources(text))).map(|requirements| Self {
            requirements: requirements.into(),
        })
    }

    /// Whether labels, `source:key=value` in the order of their texts, match.
    pub(super) fn matches(&self, labels: &[String]) -> bool {
        self.requirements
            .iter()
            .all(|requirement| requirement.matches(labels))
    }
}

impl Requirement {
    fn matches(&self, labels: &[String]) -> bool {
        let value = self.key.find(labels);
        let is_in =
            |values: &[String]| value.is_some_and(|value| values.iter().any(|v| v == value));
        // As Go's `strconv.ParseInt`, which takes a sign.
        let number = || value?.parse::<i64>().ok();
        match &self.condition {
            Condition::Exists => value.is_some(),
            Condition::DoesNotExist => value.is_none(),
            Condition::In(values) => is_in(values),
            Condition::NotIn(values) => !is_in(values),
            Condition::GreaterThan(than) => number().is_some_and(|number| number > *than),
            Condition::LessThan(than) => number().is_some_and(|number| number < *than),
        }
    }
}

#[cfg(test)]
mod tests;
