//! Streams that carry definitions and then one value, with the definitions remembered.
//!
//! Cilium's agent writes each of its notifications and access-log records with a fresh encoder, so
//! the same definitions come with every one, more bytes than the value itself.

use super::{Error, Header, Reader, Schema, Split, TagOf, TypeId, Value, split};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

/// Different definitions that are remembered: an agent has one set, and it changes when it
/// restarts.
const REMEMBERED: usize = 4;

static SERIALS: AtomicU64 = AtomicU64::new(1);

/// Opens one-value streams. `M` is what a reader remembers beside the definitions, such as what it
/// found out of them.
#[derive(Debug)]
pub struct Documents<M = ()> {
    /// The most recently added first.
    known: VecDeque<Known<M>>,
    empty: Schema,
}

#[derive(Debug)]
struct Known<M> {
    /// The definition messages as they came.
    bytes: Box<[u8]>,
    schema: Schema,
    serial: u64,
    memory: M,
}

/// A stream opened at its value.
#[derive(Debug)]
pub struct Document<'a, M = ()> {
    reader: Reader<'a>,
    id: TypeId,
    /// The types of the stream.
    pub schema: &'a Schema,
    /// Tells these definitions from all others of the process; the same ones can have several.
    pub serial: u64,
    /// What is remembered beside these definitions.
    pub memory: &'a mut M,
}

impl<M: Default> Default for Documents<M> {
    fn default() -> Self {
        Self {
            known: VecDeque::new(),
            empty: Schema::default(),
        }
    }
}

impl<M: Default> Documents<M> {
    /// Documents whose structs are read by tags, as of [`Schema::with_tags`].
    #[must_use]
    pub fn with_tags(tag_of: TagOf) -> Self {
        Self {
            empty: Schema::with_tags(tag_of),
            ..Self::default()
        }
    }

    /// Reads up to the value of `stream`, parsing its definitions if they are new.
    ///
    /// # Errors
    /// [`Error::MissingValue`] when the stream ends before its value or inside it, and as
    /// [`Schema::define`].
    pub fn open<'a>(&'a mut self, stream: &'a [u8]) -> Result<Document<'a, M>, Error> {
        let found = self
            .known
            .iter()
            .enumerate()
            .find_map(|(at, known)| Some((at, known.value_of(stream)?)));
        let (at, (id, reader)) = match found {
            Some(found) => found,
            None => {
                self.remember(stream)?;
                (
                    0,
                    self.known[0].value_of(stream).ok_or(Error::MissingValue)?,
                )
            }
        };
        let Known {
            schema,
            serial,
            memory,
            ..
        } = &mut self.known[at];
        Ok(Document {
            reader,
            id,
            schema,
            serial: *serial,
            memory,
        })
    }

    /// Adds the definitions of `stream` in front of the others.
    fn remember(&mut self, stream: &[u8]) -> Result<(), Error> {
        let mut schema = self.empty.clone();
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
        let serial = SERIALS.fetch_add(1, Ordering::Relaxed);
        self.known.truncate(REMEMBERED - 1);
        self.known.push_front(Known {
            bytes,
            schema,
            serial,
            memory: M::default(),
        });
        Ok(())
    }
}

impl<M> Known<M> {
    /// The value in `stream`, if exactly these definitions come before it.
    fn value_of<'a>(&self, stream: &'a [u8]) -> Option<(TypeId, Reader<'a>)> {
        match message(stream.strip_prefix(&*self.bytes)?) {
            Ok((Header::Value(id), reader, _)) => Some((id, reader)),
            _ => None,
        }
    }
}

impl<'a, M> Document<'a, M> {
    /// The value.
    pub fn value(&mut self) -> Value<'_, 'a> {
        Value::new(&mut self.reader, self.schema, self.id)
    }

    /// The type of the value.
    #[must_use]
    pub fn id(&self) -> TypeId {
        self.id
    }

    /// The value and the memory, which are needed together.
    pub fn parts(&mut self) -> (Value<'_, 'a>, &mut M) {
        (
            Value::new(&mut self.reader, self.schema, self.id),
            self.memory,
        )
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
