//! Whole numbers, which JSON also has as texts and with a fraction of zero.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads a number; `null` is 0.
pub(crate) fn number<'de, D: Deserializer<'de>, T: TryFrom<i128> + Default>(
    input: D,
) -> Result<T, D::Error> {
    let number: Option<Number<T>> = super::value(input)?;
    Ok(number.map_or_else(T::default, |number| number.0))
}

/// Reads a list of numbers; `null` is an empty one.
pub(crate) fn numbers<'de, D: Deserializer<'de>, T: TryFrom<i128>>(
    input: D,
) -> Result<Vec<T>, D::Error> {
    let numbers: Vec<Number<T>> = super::value(input)?;
    Ok(numbers.into_iter().map(|number| number.0).collect())
}

/// A number of a protobuf message.
struct Number<T>(T);

impl<'de, T: TryFrom<i128>> Deserialize<'de> for Number<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(NumberVisitor(PhantomData))
    }
}

struct NumberVisitor<T>(PhantomData<T>);

impl<T: TryFrom<i128>> NumberVisitor<T> {
    fn convert<E: Error>(self, number: i128) -> Result<Number<T>, E> {
        T::try_from(number)
            .map(Number)
            .map_err(|_| E::custom(format!("the number {number} is out of range")))
    }
}

impl<T: TryFrom<i128>> Visitor<'_> for NumberVisitor<T> {
    type Value = Number<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        self.convert(number.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        self.convert(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        // Larger numbers have no exact value.
        let is_exact = number.fract() == 0.0 && number.abs() <= 2f64.powi(53);
        if !is_exact {
            return Err(E::invalid_value(Unexpected::Float(number), &self));
        }
        self.convert(number as i128)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if let Ok(number) = text.parse() {
            return self.convert(number);
        }
        match text.parse() {
            Ok(number) => self.visit_f64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}
