//! What a flag is.

use super::WordError;
use super::namespaces::NamespaceOf;
use crate::FlowFilter;

/// A filter flag of `hubble observe`.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// The name without `--`.
    pub name: &'static str,
    /// The letter without `-`, if it has one.
    pub short: Option<char>,
    /// The value that it takes.
    pub value: FlagValue,
    /// What it selects, as a sentence.
    pub help: &'static str,
    /// What it does to a filter.
    pub(super) effect: Effect,
}

/// Flags that are listed under one heading.
#[derive(Clone, Copy, Debug)]
pub struct FlagGroup {
    /// The heading.
    pub heading: &'static str,
    /// The flags.
    pub flags: &'static [Flag],
}

/// The value of a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlagValue {
    /// It takes a value with this name, in the next word or after `=`.
    Required(&'static str),
    /// It is a switch. Only this value may be given, after `=`.
    Absent(&'static str),
}

/// Adds a value to a filter. The error states what is wrong with the value.
pub(super) type Setter = fn(&mut FlowFilter, &str) -> Result<(), String>;

/// What a flag does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Effect {
    /// The next flag is added to the deny list.
    Not,
    /// Filters as JSON are added to the allow list.
    Allowlist,
    /// Filters as JSON are added to the deny list.
    Denylist,
    /// A field is set.
    Field(Setter),
    /// Either side of a flow has to match: the one field is set in a first filter, the other in a
    /// second one.
    Either(Setter, Setter),
    /// A namespace is added.
    Namespace(NamespaceOf),
    /// Any namespace is added.
    AnyNamespace(NamespaceOf),
}

impl Flag {
    pub(super) const fn new(
        name: &'static str,
        value: &'static str,
        help: &'static str,
        effect: Effect,
    ) -> Self {
        Self {
            name,
            short: None,
            value: FlagValue::Required(value),
            help,
            effect,
        }
    }

    /// A flag that takes no value and has the meaning of `value`.
    pub(super) const fn switch(
        name: &'static str,
        value: &'static str,
        help: &'static str,
        effect: Effect,
    ) -> Self {
        Self {
            value: FlagValue::Absent(value),
            ..Self::new(name, value, help, effect)
        }
    }

    pub(super) const fn short(self, letter: char) -> Self {
        Self {
            short: Some(letter),
            ..self
        }
    }

    /// The value that was given, or the flag's own if it takes none.
    pub(super) fn value_or_default<'a>(
        &'static self,
        given: Option<&'a str>,
    ) -> Result<&'a str, WordError> {
        match (self.value, given) {
            (FlagValue::Required(_), Some(given)) => Ok(given),
            (FlagValue::Required(value), None) => Err(WordError::MissingValue {
                flag: self.name,
                value,
            }),
            (FlagValue::Absent(value), None) => Ok(value),
            (FlagValue::Absent(value), Some(given)) if given == value => Ok(value),
            (FlagValue::Absent(_), Some(given)) => Err(WordError::UnexpectedValue {
                flag: self.name,
                value: given.to_owned(),
            }),
        }
    }
}
