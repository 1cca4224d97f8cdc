//! Names of rules that come from the configuration.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Mutex;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use toml::Value;

use crate::config::{Setting, Shape};
use crate::sync::lock;

/// The longest name, in bytes.
const MAX_LEN: usize = 64;

/// How many names a process can have. They are never freed, because the counts of a rule outlive
/// its configuration.
const MAX_NAMES: usize = 4096;

/// A name that records are filtered by, in the ledger and in metrics: letters, digits, `_`, `-` and
/// `.`, of which the first is a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleName(&'static str);

impl RuleName {
    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// Checks a name. The text of an error continues a sentence.
    fn parse(text: &str) -> Result<Self, String> {
        static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if text.len() > MAX_LEN
            || !text.starts_with(|c: char| c.is_ascii_alphabetic())
            || !text.chars().all(is_allowed)
        {
            return Err(format!(
                "a name is a letter and up to {} letters, digits, `_`, `-` and `.`",
                MAX_LEN - 1
            ));
        }
        let mut names = lock(&NAMES);
        if let Some(known) = names.get(text) {
            return Ok(Self(known));
        }
        if names.len() == MAX_NAMES {
            return Err(format!(
                "the process has had {MAX_NAMES} names of rules; restart it for another one"
            ));
        }
        let name: &'static str = Box::leak(text.into());
        names.insert(name);
        Ok(Self(name))
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

struct NameVisitor;

impl Visitor<'_> for NameVisitor {
    type Value = RuleName;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RuleName, E> {
        RuleName::parse(text).map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for RuleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

impl Setting for RuleName {
    fn shape() -> Shape {
        let pattern = Some("^[A-Za-z][A-Za-z0-9_.-]{0,63}$");
        Shape::Text { pattern }
    }

    fn to_toml(&self) -> Option<Value> {
        Some(self.0.into())
    }
}

#[cfg(test)]
mod tests {
    use super::RuleName;

    #[test]
    fn equal_names_are_kept_once() {
        let first = RuleName::parse("health").unwrap();
        let again = RuleName::parse(&String::from("health")).unwrap();
        assert!(std::ptr::eq(first.as_str(), again.as_str()));
        assert_ne!(first, RuleName::parse("Health").unwrap());
    }

    #[test]
    fn only_names_that_every_output_can_hold_are_allowed() {
        let longest = "a".repeat(64);
        for name in ["a", "no-dns_2.x", &longest] {
            assert_eq!(RuleName::parse(name).map(RuleName::as_str), Ok(name));
        }
        for name in [
            "",
            "1st",
            "-a",
            "a b",
            "a\n",
            "\u{e4}",
            "a{b}",
            &"a".repeat(65),
        ] {
            assert!(RuleName::parse(name).is_err(), "{name:?}");
        }
    }
}
