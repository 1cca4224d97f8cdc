//! Deserializes the values that a key chooses from.

use std::fmt::{self, Formatter};

use serde::de::{Error, Visitor};

/// Reads one of some names.
#[derive(Debug)]
pub struct ChoiceVisitor<T> {
    /// All names.
    pub names: &'static [&'static str],
    /// The value of a name.
    pub parse: fn(&str) -> Option<T>,
}

impl<T> Visitor<'_> for ChoiceVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.names.iter().map(|name| format!("`{name}`")).collect();
        write!(f, "one of {}", names.join(", "))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).ok_or_else(|| E::unknown_variant(text, self.names))
    }
}
