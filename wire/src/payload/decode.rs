//! Decodes the stream of one connection, frame by frame, from whatever bytes have come.
//!
//! Allocates nothing for a value: [`Payload`] borrows from the input. Reads no socket and keeps no
//! bytes: the caller keeps what a [`Step`] has not used.

use super::plan::Plan;
use super::{Error, Payload};
use crate::gob::{Header, Reader, Schema, Split, TypeId, split};

/// Longest frame that is accepted unless another limit is asked for: 16 MiB.
///
/// A datapath event has some hundreds of bytes, and an access-log record some thousands.
pub const DEFAULT_MAX_FRAME: usize = 16 * 1024 * 1024;

/// The decoder of one connection. A new connection needs a new one: definitions come once in each.
#[derive(Debug)]
pub struct Decoder {
    max_frame: usize,
    schema: Schema,
    plan: Option<Plan>,
    /// A definition has come, and the value that it was sent for has not.
    value_due: bool,
}

/// What was found at the front of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// A value.
    Value {
        /// The bytes that it took.
        used: usize,
        /// The value.
        payload: Payload<'a>,
    },
    /// A value whose fields are broken. The frames behind it are not affected.
    Refused {
        /// The bytes that it took.
        used: usize,
        /// What is wrong with it.
        reason: Error,
    },
    /// A type definition.
    Definition {
        /// The bytes that it took.
        used: usize,
    },
    /// A part of a frame, or nothing.
    Incomplete {
        /// How many bytes the input must have, at least, before another call can do better.
        needed: usize,
    },
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new(DEFAULT_MAX_FRAME)
    }
}

impl Decoder {
    /// A decoder that refuses frames of more than `max_frame` bytes.
    #[must_use]
    pub fn new(max_frame: usize) -> Self {
        Self {
            max_frame,
            schema: Schema::default(),
            plan: None,
            value_due: false,
        }
    }

    /// Decodes what `input` begins with.
    ///
    /// # Errors
    /// The stream is not, or no longer, a monitor stream, and nothing behind this point can be
    /// trusted: the length of a frame, its header, or a type definition is broken, or the type of a
    /// value is not `Payload`.
    #[inline]
    pub fn next<'a>(&mut self, input: &'a [u8]) -> Result<Step<'a>, Error> {
        let fast_path = self.plan.as_ref().and_then(|plan| plan.fast_path);
        if let Some((payload, used)) = fast_path.and_then(|path| path.read(input, self.max_frame)) {
            self.value_due = false;
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
                self.value_due = true;
                self.schema.define(id, &mut reader)?;
                Ok(Step::Definition { used })
            }
        }
    }

    /// Whether the stream may end here, with the bytes of `rest` not used.
    ///
    /// # Errors
    /// [`Error::UnexpectedEof`] when there are any, or a definition waits for its value.
    pub fn finish(&self, rest: &[u8]) -> Result<(), Error> {
        if rest.is_empty() && !self.value_due {
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
        self.value_due = false;
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
