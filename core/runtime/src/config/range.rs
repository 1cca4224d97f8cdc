//! Numbers from a range that is part of their type.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use toml::Value;

use super::declaration::{Setting, Shape};

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<const MIN: usize, const MAX: usize>(usize);

/// A number, with a fraction or without, from `MIN` to `MAX`; [`u32::MAX`] is no bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number<const MIN: u32, const MAX: u32>(f64);

impl<const MIN: usize, const MAX: usize> Whole<MIN, MAX> {
    /// A number, which has to be in the range.
    ///
    /// # Panics
    /// If it is not. In a constant, that is an error of compilation.
    #[must_use]
    pub const fn new(number: usize) -> Self {
        assert!(MIN <= number && number <= MAX, "out of range");
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> Number<MIN, MAX> {
    /// A number, which has to be in the range.
    ///
    /// # Panics
    /// If it is not. In a constant, that is an error of compilation.
    #[must_use]
    pub const fn new(number: f64) -> Self {
        assert!(Self::contains(number), "out of range");
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }

    const fn contains(number: f64) -> bool {
        number.is_finite() && number >= MIN as f64 && (MAX == u32::MAX || number <= MAX as f64)
    }
}

impl<const MIN: usize, const MAX: usize> Visitor<'_> for Whole<MIN, MAX> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number from {MIN} to {MAX}")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self, E> {
        let in_range = usize::try_from(number).ok();
        in_range
            .filter(|number| (MIN..=MAX).contains(number))
            .map(Self)
            .ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }
}

impl<const MIN: u32, const MAX: u32> Visitor<'_> for Number<MIN, MAX> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match MAX {
            u32::MAX => write!(f, "a number from {MIN} up"),
            _ => write!(f, "a number from {MIN} to {MAX}"),
        }
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self, E> {
        if Self::contains(number) {
            Ok(Self(number))
        } else {
            Err(E::invalid_value(Unexpected::Float(number), &self))
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self, E> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "only of numbers that no key can mean"
        )]
        let value = number as f64;
        if Self::contains(value) {
            Ok(Self(value))
        } else {
            Err(E::invalid_value(Unexpected::Signed(number), &self))
        }
    }
}

impl<'de, const MIN: usize, const MAX: usize> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_i64(Self(MIN))
    }
}

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Number<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_f64(Self(f64::from(MIN)))
    }
}

impl<const MIN: usize, const MAX: usize> Setting for Whole<MIN, MAX> {
    fn shape() -> Shape {
        Shape::Integer {
            min: MIN as u64,
            max: Some(MAX as u64),
        }
    }

    fn to_toml(&self) -> Option<Value> {
        i64::try_from(self.0).ok().map(Value::Integer)
    }
}

impl<const MIN: u32, const MAX: u32> Setting for Number<MIN, MAX> {
    fn shape() -> Shape {
        Shape::Number {
            min: f64::from(MIN),
            max: (MAX != u32::MAX).then_some(f64::from(MAX)),
        }
    }

    fn to_toml(&self) -> Option<Value> {
        if self.0.fract() != 0.0 || self.0 > f64::from(u32::MAX) {
            return Some(Value::Float(self.0));
        }
        #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^32")]
        let whole = self.0 as i64;
        Some(Value::Integer(whole))
    }
}
