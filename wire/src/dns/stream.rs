//! Messages in a TCP stream, each after its length in two bytes (RFC 1035 4.2.2).

use super::{Extent, Name, Question, Reason};

/// Iterates over the messages of a payload that starts with one. The last one may continue in the
/// next payload, or after the captured bytes.
#[derive(Debug, Clone)]
pub struct Segments<'a> {
    rest: &'a [u8],
    /// The position of the rest.
    at: usize,
}

/// The part of a message that is in a payload.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// The position of the length in the payload.
    pub at: usize,
    message: &'a [u8],
    length: usize,
}

impl<'a> Segments<'a> {
    /// Returns the messages of a payload.
    #[must_use]
    #[inline]
    pub fn new(payload: &'a [u8]) -> Self {
        Self {
            rest: payload,
            at: 0,
        }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Result<Segment<'a>, Reason>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let Some((&length, rest)) = self.rest.split_first_chunk() else {
            self.rest = &[];
            return Some(Err(Reason::Truncated));
        };
        let length = usize::from(u16::from_be_bytes(length));
        let (message, rest) = rest.split_at(length.min(rest.len()));
        self.rest = rest;
        let at = self.at;
        self.at += size_of::<u16>() + message.len();
        Some(Ok(Segment {
            at,
            message,
            length,
        }))
    }
}

impl<'a> Segment<'a> {
    /// Reads only the question of the message; see [`super::question_udp`].
    ///
    /// # Errors
    ///
    /// As [`super::parse_tcp`] up to the first record.
    #[inline]
    pub fn question(self, name: &mut Name) -> Result<Question<'a>, Reason> {
        Question::read(self.message, Extent::Stream(self.length), name)
    }
}
