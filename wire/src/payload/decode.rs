//! Decodes the stream of one connection, frame by frame, from any part of it.
//!
//! Values are not copied: [`Payload`] borrows from the input. The caller reads the socket, and
//! keeps the bytes that a [`Step`] has not used.

use super::plan::Plan;
use super::{Error, Payload};
use crate::gob::{Header, Reader, Schema, Split, TypeId, split};

/// Default limit of the length of a frame: 16 MiB.
///
/// A datapath event has some hundreds of bytes, an access-log record some thousands.
pub const DEFAULT_MAX_FRAME: usize = 16 * 1024 * 1024;

/// The decoder of one connection. A new connection needs a new one, since definitions are sent once
/// per connection.
#[derive(Debug)]
pub struct Decoder {
    max_frame: usize,
    schema: Schema,
    plan: Option<Plan>,
    /// A definition was received, but not the value that follows it.
    is_value_due: bool,
}

/// The front of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// A value.
    Value {
        /// The number of bytes that it takes.
        used: usize,
        /// The value.
        payload: Payload<'a>,
    },
    /// A value with malformed fields. The frames after it are not affected.
    Refused {
        /// The number of bytes that it takes.
        used: usize,
        /// The error.
        reason: Error,
    },
    /// A type definition.
    Definition {
        /// The number of bytes that it takes.
        used: usize,
    },
    /// A part of a frame, or an empty input.
    Incomplete {
        /// The number of bytes that the input needs at least before a retry can succeed.
        needed: usize,
    },
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(DEFAULT_MAX_FRAME)
    }
}

impl Decoder {
    /// Returns a decoder that refuses frames of more than `max_frame` bytes.
    #[must_use]
    pub fn new(max_frame: usize) -> Self {
        Self {
            max_frame,
            schema: Schema::default(),
            plan: None,
            is_value_due: false,
        }
    }

    /// Decodes the front of `input`.
    ///
    /// # Errors
    /// The stream is not a monitor stream, or no longer one, and the rest cannot be decoded: the
    /// length of a frame, its header or a type definition is malformed, or the type of a value is
    /// not `Payload`.
    #[inline]
    pub fn next<'a>(&mut self, input: &'a [u8]) -> Result<Step<'a>, Error> {
        let fast_path = self.plan.as_ref().and_then(|plan| plan.fast_path);
        if let Some((payload, used)) = fast_path.and_then(|path| path.read(input, self.max_frame)) {
            self.is_value_due = false;
            return Ok(Step::Value { used, payload });
        }
        self.next_general(input)
    }

    /// Decodes any message.
    pub(super) fn next_general<'a>(&mut self, input: &'a [u8]) -> Result<Step<'a>, Error> {
        let (body, used) = match split(input, self.max_frame)? {
            Split::Message { body, used } => (body, used),
            Split::Incomplete { needed } => return Ok(Step::Incomplete { needed }),
        };
        let mut reader = Reader::new(body);
        match Header::read(&mut reader)? {
            Header::Value(id) => self.value(id, reader, used),
            Header::Definition(id) => {
                self.is_value_due = true;
                self.schema.define(id, &mut reader)?;
                Ok(Step::Definition { used })
            }
        }
    }

    /// Checks that the stream may end here; `rest` are the unused bytes.
    ///
    /// # Errors
    /// [`Error::UnexpectedEof`] if there are any, or if the value after a definition is missing.
    pub fn finish(&self, rest: &[u8]) -> Result<(), Error> {
        if rest.is_empty() && !self.is_value_due {
            Ok(())
        } else {
            Err(Error::UnexpectedEof)
        }
    }

    #[inline]
    fn value<'a>(
        &mut self,
        id: TypeId,
        mut reader: Reader<'a>,
        used: usize,
    ) -> Result<Step<'a>, Error> {
        self.is_value_due = false;
        let plan = match &self.plan {
            Some(plan) if plan.id == id => plan,
            _ => self.plan.insert(Plan::new(&self.schema, id)?),
        };
        Ok(match plan.read(&mut reader, &self.schema) {
            Ok(payload) => Step::Value { used, payload },
            Err(reason) => Step::Refused {
                used,
                reason: reason.into(),
            },
        })
    }
}

#[cfg(test)]
mod tests;
