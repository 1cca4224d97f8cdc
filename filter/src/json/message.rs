//! Objects: members are named as in the proto file or in lower camel case, and unknown ones are
//! refused.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize as _, Deserializer};

/// A message of `flow.proto`.
pub(crate) trait Message: Sized {
    /// The names of its fields in the proto file.
    const FIELDS: &[&str];

    /// Reads an object whose members have these names.
    fn read<'de, D: Deserializer<'de>>(object: D) -> Result<Self, D::Error>;
}

/// Reads an object as a type whose derived implementation is remote to itself
/// (`#[serde(remote = "Self")]`), so that serde accepts no list in place of it.
macro_rules! message {
    ($name:ident, $fields:expr) => {
        impl $crate::json::Message for $name {
            const FIELDS: &[&str] = $fields;

            fn read<'de, D: serde::Deserializer<'de>>(object: D) -> Result<Self, D::Error> {
                Self::deserialize(object)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                $crate::json::read_message(input)
            }
        }
    };
}
pub(crate) use message;

/// Reads an object.
pub(crate) fn read_message<'de, D: Deserializer<'de>, T: Message>(input: D) -> Result<T, D::Error> {
    input.deserialize_map(ObjectVisitor(PhantomData))
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Message> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::read(MapAccessDeserializer::new(Members {
            members,
            fields: T::FIELDS,
        }))
    }
}

/// The members of an object, under their names in the proto file.
struct Members<A> {
    members: A,
    fields: &'static [&'static str],
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let Some(field) = self.members.next_key_seed(Field(self.fields))? else {
            return Ok(None);
        };
        let field: StringDeserializer<A::Error> = field.into_deserializer();
        seed.deserialize(field).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.members.next_value_seed(seed)
    }
}

/// Reads the name of a member as that of one of these fields. An error has the place of the name.
struct Field(&'static [&'static str]);

impl<'de> DeserializeSeed<'de> for Field {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<String, D::Error> {
        let member = String::deserialize(name)?;
        let field = snake_case(&member);
        if self.0.contains(&&*field) {
            Ok(field)
        } else {
            Err(unknown(&member, self.0))
        }
    }
}

/// An unknown member, with what may have been meant: names that have it in them or that it has in it,
/// or else all.
fn unknown<E: Error>(member: &str, fields: &[&str]) -> E {
    let start = snake_case(member).to_lowercase();
    let similar: Vec<_> = fields
        .iter()
        .copied()
        .filter(|field| field.contains(&*start) || start.contains(field))
        .collect();
    let names = match fields.len() <= 4 || similar.is_empty() {
        true => fields,
        false => &similar,
    };
    let names = names.join("`, `");
    E::custom(format!(
        "unknown field `{member}`, expected one of `{names}`"
    ))
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(if at > 0 {
            letter.to_ascii_lowercase()
        } else {
            letter
        });
    }
    snake
}
