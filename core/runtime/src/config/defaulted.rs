//! A key whose default an environment variable can replace.

use serde::{Deserialize, Deserializer};

use super::declaration::{Setting, Shape, Value};

/// The value of a key, and whether the file gives it.
#[derive(Clone)]
pub struct Defaulted<T> {
    value: T,
    is_given: bool,
}

impl<T> Defaulted<T> {
    /// The default of a key.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self {
            value,
            is_given: false,
        }
    }

    /// A value that does not depend on variables.
    #[must_use]
    pub const fn given(value: T) -> Self {
        Self {
            value,
            is_given: true,
        }
    }

    /// The value of the file, or else the default.
    #[must_use]
    pub const fn get(&self) -> &T {
        &self.value
    }

    /// Whether the file has a value.
    #[must_use]
    pub const fn is_given(&self) -> bool {
        self.is_given
    }

    /// Replaces the default, which is without effect if the file gives a value.
    pub fn set_default(&mut self, value: T) {
        if !self.is_given {
            self.value = value;
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Defaulted<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = T::deserialize(deserializer)?;
        Ok(Self {
            value,
            is_given: true,
        })
    }
}

/// Shows the value alone, which is all that a component depends on.
impl<T: std::fmt::Debug> std::fmt::Debug for Defaulted<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.value.fmt(f)
    }
}

impl<T: Setting> Setting for Defaulted<T> {
    fn shape() -> Shape {
        T::shape()
    }

    fn to_toml(&self) -> Option<Value> {
        self.value.to_toml()
    }
}
