//! Streams that carry definitions and then one value, with the definitions remembered.
//!
//! Cilium's agent writes each of its notifications and access-log records with a fresh encoder, so
//! the same definitions come with every one, more bytes than the value itself.

use super::{Error, Header, Reader, Schema, Split, TypeId, Value, split};
use std::collections::VecDeque;

/// Different definitions that are remembered: an agent has one set, and it changes when it restarts.
const REMEMBERED: usize = 4;

/// Opens one-value streams.
#[derive(Debug, Default)]
pub struct Documents {
    /// The most recently added first.
    known: VecDeque<Known>,
}

#[derive(Debug)]
struct Known {
    /// The definition messages as they came.
    bytes: Box<[u8]>,
    schema: Schema,
}

/// A stream opened at its value.
#[derive(Debug)]
pub struct Document<'a> {
    reader: Reader<'a>,
    schema: &'a Schema,
    id: TypeId,
}

impl Documents {
    /// Reads up to the value of `stream`, parsing its definitions if they are new.
    ///
    /// # Errors
    /// [`Error::MissingValue`] when the stream ends before its value or inside it, and as
    /// [`Schema::define`].
    pub fn open<'a>(&'a mut self, stream: &'a [u8]) -> Result<Document<'a>, Error> {
        let index = match self.known.iter().position(|known| known.value_of(stream).is_some()) {
            Some(index) => index,
            None => self.remember(stream)?,
        };
        let known = &self.known[index];
        let (id, reader) = known.value_of(stream).ok_or(Error::MissingValue)?;
        Ok(Document { reader, schema: &known.schema, id })
    }

    fn remember(&mut self, stream: &[u8]) -> Result<usize, Error> {
        let mut schema = Schema::default();
        let mut rest = stream;
        loop {
            match message(rest)? {
                (Header::Value(_), ..) => break,
                (Header::Definition(id), mut reader, used) => {
                    schema.define(id, &mut reader)?;
                    rest = &rest[used..];
                }
            }
        }
        let bytes = stream[..stream.len() - rest.len()].into();
        self.known.truncate(REMEMBERED - 1);
        self.known.push_front(Known { bytes, schema });
        Ok(0)
    }
}

impl Known {
    /// The value in `stream`, if exactly these definitions come before it.
    fn value_of<'a>(&self, stream: &'a [u8]) -> Option<(TypeId, Reader<'a>)> {
        match message(stream.strip_prefix(&*self.bytes)?) {
            Ok((Header::Value(id), reader, _)) => Some((id, reader)),
            _ => None,
        }
    }
}

impl<'a> Document<'a> {
    /// The value.
    pub fn value(&mut self) -> Value<'_, 'a> {
        Value::new(&mut self.reader, self.schema, self.id)
    }

    /// The types of the stream.
    #[must_use]
    pub fn schema(&self) -> &'a Schema {
        self.schema
    }

    /// The type of the value.
    #[must_use]
    pub fn id(&self) -> TypeId {
        self.id
    }
}

fn message(stream: &[u8]) -> Result<(Header, Reader<'_>, usize), Error> {
    match split(stream, usize::MAX)? {
        Split::Incomplete { .. } => Err(Error::MissingValue),
        Split::Message { body, used } => {
            let mut reader = Reader::new(body);
            Ok((Header::read(&mut reader)?, reader, used))
        }
    }
}

#[cfg(test)]
mod tests;
