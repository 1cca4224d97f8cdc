//! Messages: a length, and a body that defines a type or holds a value.
//!
//! Does no I/O: the caller keeps the bytes of an incomplete message.

use super::{Error, Reader, TypeId, put_uint};

/// The result of [`split`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split<'a> {
    /// A complete message.
    Message {
        /// The message without its length.
        body: &'a [u8],
        /// The number of bytes that the message takes, including its length.
        used: usize,
    },
    /// A part of a message.
    Incomplete {
        /// The number of bytes that are needed at least before a retry can succeed.
        needed: usize,
    },
}

/// Splits the first message off `input`.
///
/// # Errors
/// [`Error::MessageTooLarge`] as soon as the length is known, and [`Error::IntegerTooLong`]. After
/// either, the next message cannot be found.
#[inline]
pub fn split(input: &[u8], limit: usize) -> Result<Split<'_>, Error> {
    let mut reader = Reader::new(input);
    let length = match reader.uint() {
        Ok(length) => length,
        Err(Error::Truncated) => {
            return Ok(Split::Incomplete {
                needed: prefix_len(input),
            });
        }
        Err(error) => return Err(error),
    };
    let length = match usize::try_from(length) {
        Ok(fits) if fits <= limit => fits,
        _ => return Err(Error::MessageTooLarge { length, limit }),
    };
    let prefix = input.len() - reader.rest().len();
    let used = prefix.saturating_add(length);
    Ok(match reader.rest().get(..length) {
        Some(body) => Split::Message { body, used },
        None => Split::Incomplete { needed: used },
    })
}

/// The size of the integer at the start of `input`, in bytes; 1 if `input` is empty.
#[must_use]
pub fn prefix_len(input: &[u8]) -> usize {
    input
        .first()
        .map_or(1, |first| 1 + usize::from(first.wrapping_neg()))
}

/// The front of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// The message defines this type.
    Definition(TypeId),
    /// The message has a value of this type.
    Value(TypeId),
}

impl Header {
    /// Reads the front of a message's body.
    ///
    /// # Errors
    /// As [`Reader::uint`].
    #[inline]
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let id = reader.int()?;
        Ok(match id.checked_neg() {
            Some(defined @ 1..) => Self::Definition(TypeId(defined)),
            _ => Self::Value(TypeId(id)),
        })
    }
}

/// Appends a message with this body.
pub fn write_message(out: &mut Vec<u8>, body: &[u8]) {
    put_uint(out, body.len() as u64);
    out.extend_from_slice(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complete_message_is_split_off() {
        let split = split(&[2, 7, 8, 9], 16);
        assert_eq!(
            split,
            Ok(Split::Message {
                body: &[7, 8],
                used: 3
            })
        );
    }

    #[test]
    fn a_part_of_a_message_reports_the_bytes_needed() {
        for (bytes, needed) in [
            (&[][..], 1),
            (&[2], 3),
            (&[2, 7], 3),
            (&[0xff], 2),
            (&[0xfe, 1], 3),
            (&[0xfe, 1, 0], 259),
        ] {
            assert_eq!(
                split(bytes, 256),
                Ok(Split::Incomplete { needed }),
                "{bytes:x?}"
            );
        }
    }

    #[test]
    fn invalid_lengths_are_refused_at_once() {
        let error = Error::MessageTooLarge {
            length: 17,
            limit: 16,
        };
        assert_eq!(split(&[17], 16), Err(error));
        assert_eq!(split(&[0x80], 16), Err(Error::IntegerTooLong(128)));
    }

    #[test]
    fn definitions_have_negative_ids() {
        for (bytes, header) in [
            (&[0xff, 0x81][..], Header::Definition(TypeId(65))),
            (&[0xff, 0x82], Header::Value(TypeId(65))),
            (&[0], Header::Value(TypeId(0))),
            (
                &[0xf8, 255, 255, 255, 255, 255, 255, 255, 255],
                Header::Value(TypeId(i64::MIN)),
            ),
        ] {
            assert_eq!(
                Header::read(&mut Reader::new(bytes)),
                Ok(header),
                "{bytes:x?}"
            );
        }
    }
}
