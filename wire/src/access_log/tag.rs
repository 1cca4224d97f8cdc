//! Tags: the names of fields as numbers, which cost one comparison to tell apart.

use super::Error;
use crate::gob::{Tag, TypeId, Value};

/// The tag of a field that is in no list.
const OTHER: Tag = 0;

/// Added to the tag of a field whose type differs from the listed one.
const MISTYPED: Tag = 0x80;

/// The listed fields of all structs: the name of each and its built-in type, if it has one.
///
/// A type definition does not reliably name its struct, so fields of one name share one tag.
pub(super) struct Tags(&'static [(&'static str, Option<TypeId>)]);

impl Tags {
    /// Numbers `fields` from 1. Fields of one name must have one type.
    pub(super) const fn new(fields: &'static [(&'static str, Option<TypeId>)]) -> Self {
        assert!(fields.len() < MISTYPED as usize);
        let tags = Self(fields);
        let mut at = 0;
        while at < fields.len() {
            let first = tags.position(fields[at].0);
            assert!(
                type_number(fields[at].1) == type_number(fields[first].1),
                "fields of one name have different types: their kind has to check the type"
            );
            at += 1;
        }
        tags
    }

    /// The tag of the listed field `name`.
    pub(super) const fn tag(&self, name: &str) -> Tag {
        // The position is less than `MISTYPED`.
        1 + self.position(name) as Tag
    }

    /// The position of the first field called `name`.
    const fn position(&self, name: &str) -> usize {
        let mut at = 0;
        while !is_equal(self.0[at].0, name) {
            at += 1;
        }
        at
    }

    /// The tag of a field that a stream defines.
    pub(super) fn of_definition(&self, name: &str, found: TypeId) -> Tag {
        let Some(position) = self.0.iter().position(|(listed, _)| *listed == name) else {
            return OTHER;
        };
        let tag = 1 + position as Tag;
        match self.0[position].1 {
            Some(expected) if expected != found => tag | MISTYPED,
            _ => tag,
        }
    }

    /// Passes over a field whose tag is not among `listed`, the tags of the fields of its struct.
    ///
    /// # Errors
    /// The type, if the field is listed with another one.
    pub(super) fn skip(&self, tag: Tag, field: Value<'_, '_>, listed: &[Tag]) -> Result<(), Error> {
        let expected = tag & !MISTYPED;
        if tag == expected || !listed.contains(&expected) {
            return Ok(field.skip()?);
        }
        match self.0[usize::from(expected) - 1].1 {
            Some(TypeId::STRING) => field.string().map(drop)?,
            Some(TypeId::UINT) => field.uint().map(drop)?,
            _ => field.int().map(drop)?,
        }
        Ok(())
    }
}

const fn type_number(id: Option<TypeId>) -> i64 {
    match id {
        Some(id) => id.0,
        None => 0,
    }
}

/// `==` of texts is not const yet.
const fn is_equal(one: &str, other: &str) -> bool {
    let one = one.as_bytes();
    let other = other.as_bytes();
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}
