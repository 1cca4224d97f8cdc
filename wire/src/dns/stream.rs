//! Messages in a TCP stream: each behind its length in two bytes (RFC 1035 4.2.2).

use super::{Extent, Name, Question, Reason};

/// The messages of a payload that begins with one, in their order. The last one may go on in the
/// next payload, or behind what was captured.
#[derive(Debug, Clone)]
pub struct Segments<'a> {
    rest: &'a [u8],
    /// Where the rest begins.
    at: usize,
}

/// What a payload holds of a message.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// Where its length stands in the payload.
    pub at: usize,
    message: &'a [u8],
    length: usize,
}

impl<'a> Segments<'a> {
    /// Of a payload.
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
    /// Reads the message's question, as [`super::question_udp`].
    ///
    /// # Errors
    ///
    /// As [`super::parse_tcp`] before the first record.
    #[inline]
    pub fn question(self, name: &mut Name) -> Result<Question<'a>, Reason> {
        Question::read(self.message, Extent::Stream(self.length), name)
    }
}
