//! The types of values that come from the standard library, serde and TOML.

use std::collections::BTreeMap;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use toml::{Spanned, Value};

use super::declaration::{Setting, Shape};

impl Setting for bool {
    fn shape() -> Shape {
        Shape::Boolean
    }

    fn to_toml(&self) -> Option<Value> {
        Some(Value::Boolean(*self))
    }
}

/// Whole numbers, from `$min`.
macro_rules! whole_number {
    ($($Type:ty: $min:literal, $get:expr;)*) => {$(
        impl Setting for $Type {
            fn shape() -> Shape {
                Shape::Integer { min: $min, max: None }
            }

            fn to_toml(&self) -> Option<Value> {
                let get: fn(Self) -> _ = $get;
                i64::try_from(get(*self)).ok().map(Value::Integer)
            }
        }
    )*};
}

whole_number! {
    u64: 0, |number| number;
    usize: 0, |number| number;
    NonZeroU64: 1, Self::get;
    NonZeroUsize: 1, Self::get;
}

impl Setting for String {
    fn shape() -> Shape {
        Shape::Text { pattern: None }
    }

    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(self.clone()))
    }
}

impl Setting for PathBuf {
    fn shape() -> Shape {
        Shape::Text { pattern: None }
    }

    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(self.display().to_string()))
    }
}

impl<T: Setting> Setting for Option<T> {
    fn shape() -> Shape {
        T::shape()
    }

    fn to_toml(&self) -> Option<Value> {
        self.as_ref().and_then(T::to_toml)
    }
}

impl<T: Setting> Setting for Spanned<T> {
    fn shape() -> Shape {
        T::shape()
    }

    fn to_toml(&self) -> Option<Value> {
        self.get_ref().to_toml()
    }
}

impl<T: Setting> Setting for Vec<T> {
    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }

    fn to_toml(&self) -> Option<Value> {
        let items = self.iter().filter_map(T::to_toml);
        Some(Value::Array(items.collect()))
    }
}

impl<T: Setting> Setting for BTreeMap<String, T> {
    fn shape() -> Shape {
        Shape::Map(Box::new(T::shape()))
    }

    fn to_toml(&self) -> Option<Value> {
        let entries = self.iter();
        let entries = entries.filter_map(|(key, value)| Some((key.clone(), value.to_toml()?)));
        Some(Value::Table(entries.collect()))
    }
}
