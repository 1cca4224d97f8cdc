//! Streams that carry definitions and then one value. The definitions are cached.
//!
//! Cilium's agent encodes each notification and access-log record with a new encoder, so the same
//! definitions precede each of them, and are longer than the value.

use super::{Error, Header, Reader, Schema, Split, TagOf, TypeId, Value, split};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};

/// Maximum number of cached sets of definitions. An agent has one set, until it restarts.
const MAX_CACHED: usize = 4;

static SERIALS: AtomicU64 = AtomicU64::new(1);

/// Opens one-value streams. `M` is additional state that a reader caches with each set of
/// definitions, such as what it derived from them.
#[derive(Debug)]
pub struct Documents<M = ()> {
    /// The most recently added set first.
    cached: VecDeque<DefinitionSet<M>>,
    empty: Schema,
}

#[derive(Debug)]
struct DefinitionSet<M> {
    /// The definition messages as sent.
    bytes: Box<[u8]>,
    schema: Schema,
    serial: u64,
    state: M,
}

/// A stream that was read up to its value.
#[derive(Debug)]
pub struct Document<'a, M = ()> {
    reader: Reader<'a>,
    id: TypeId,
    /// The types of the stream.
    pub schema: &'a Schema,
    /// Distinguishes these definitions from all others of the process. Equal definitions can have
    /// different serials.
    pub serial: u64,
    /// The state that is cached with these definitions.
    pub state: &'a mut M,
}

impl<M: Default> Default for Documents<M> {
    fn default() -> Self {
        Self {
            cached: VecDeque::new(),
            empty: Schema::default(),
        }
    }
}

impl<M: Default> Documents<M> {
    /// Returns documents whose structs are read by tags; see [`Schema::with_tags`].
    #[must_use]
    pub fn with_tags(tag_of: TagOf) -> Self {
        Self {
            empty: Schema::with_tags(tag_of),
            ..Self::default()
        }
    }

    /// Reads up to the value of `stream`, and parses its definitions if they are not cached.
    ///
    /// # Errors
    /// [`Error::MissingValue`] when the stream ends before its value or inside it, and as
    /// [`Schema::define`].
    pub fn open<'a>(&'a mut self, stream: &'a [u8]) -> Result<Document<'a, M>, Error> {
        let found = self
            .cached
            .iter()
            .enumerate()
            .find_map(|(at, set)| Some((at, set.value_of(stream)?)));
        let (at, (id, reader)) = match found {
            Some(found) => found,
            None => {
                self.add_definitions(stream)?;
                let value = self.cached[0].value_of(stream);
                (0, value.ok_or(Error::MissingValue)?)
            }
        };
        let DefinitionSet {
            schema,
            serial,
            state,
            ..
        } = &mut self.cached[at];
        Ok(Document {
            reader,
            id,
            schema,
            serial: *serial,
            state,
        })
    }

    /// Caches the definitions of `stream` in front of the others.
    fn add_definitions(&mut self, stream: &[u8]) -> Result<(), Error> {
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
        self.cached.truncate(MAX_CACHED - 1);
        self.cached.push_front(DefinitionSet {
            bytes,
            schema,
            serial,
            state: M::default(),
        });
        Ok(())
    }
}

impl<M> DefinitionSet<M> {
    /// The value in `stream`, if exactly these definitions precede it.
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

    /// The value and the cached state, to be used together.
    pub fn parts(&mut self) -> (Value<'_, 'a>, &mut M) {
        (
            Value::new(&mut self.reader, self.schema, self.id),
            self.state,
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
