//! The primitives of a message: integers, byte strings, and the field numbers of a struct.
//!
//! Independent of types. Follows "Encoding Details" of `encoding/gob`.

use super::Error;

/// A cursor over the rest of one message.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Returns a reader at the first byte of `bytes`.
    #[must_use]
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The bytes not read yet.
    #[must_use]
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// An unsigned integer.
    ///
    /// # Errors
    /// [`Error::Truncated`] and [`Error::IntegerTooLong`].
    #[inline]
    pub fn uint(&mut self) -> Result<u64, Error> {
        let (&first, rest) = self.rest.split_first().ok_or(Error::Truncated)?;
        if first < 0x80 {
            self.rest = rest;
            return Ok(first.into());
        }
        let width = usize::from(first.wrapping_neg());
        // Integers of all widths are read in the same way, without a branch on the width.
        match rest.first_chunk() {
            Some(word) if width <= 8 => {
                self.rest = &rest[width..];
                Ok(u64::from_be_bytes(*word) >> (64 - 8 * width))
            }
            _ => {
                let (value, rest) = last_uint(width, rest)?;
                self.rest = rest;
                Ok(value)
            }
        }
    }

    /// A signed integer: if bit 0 is set, the other bits are complemented.
    ///
    /// # Errors
    /// As [`uint`](Self::uint).
    #[inline]
    pub fn int(&mut self) -> Result<i64, Error> {
        let bits = self.uint()?;
        let magnitude = (bits >> 1).cast_signed();
        Ok(if bits & 1 == 0 { magnitude } else { !magnitude })
    }

    /// A length and as many bytes: a byte slice, a string or an opaque value.
    ///
    /// # Errors
    /// [`Error::LengthOutOfRange`] if the message has fewer, and as [`uint`](Self::uint).
    #[inline]
    pub fn bytes(&mut self) -> Result<&'a [u8], Error> {
        let length = self.uint()?;
        let cut = usize::try_from(length)
            .ok()
            .and_then(|at| self.rest.split_at_checked(at));
        let (bytes, rest) = cut.ok_or(Error::LengthOutOfRange {
            length,
            left: self.rest.len(),
        })?;
        self.rest = rest;
        Ok(bytes)
    }

    /// A count of elements that take at least `least` bytes each.
    ///
    /// # Errors
    /// [`Error::LengthOutOfRange`] if they do not fit, and as [`uint`](Self::uint).
    pub fn count(&mut self, least: usize) -> Result<usize, Error> {
        let length = self.uint()?;
        let left = self.rest.len();
        match usize::try_from(length) {
            Ok(count) if count <= left / least => Ok(count),
            _ => Err(Error::LengthOutOfRange { length, left }),
        }
    }

    /// Checks that there is an element to read. The end of the message ends a struct, so without
    /// this check any count of empty structs would be accepted. Go refuses them, too.
    ///
    /// # Errors
    /// [`Error::Truncated`] at the end of the message.
    #[inline]
    pub(super) fn element(&self) -> Result<(), Error> {
        if self.rest.is_empty() {
            Err(Error::Truncated)
        } else {
            Ok(())
        }
    }
}

/// Reads an integer of `width` bytes close to the end of its message, and returns the bytes behind
/// it.
///
/// Takes a slice instead of the reader, so that the reader stays in registers.
#[inline(never)]
fn last_uint(width: usize, bytes: &[u8]) -> Result<(u64, &[u8]), Error> {
    if width > 8 {
        return Err(Error::IntegerTooLong(width));
    }
    let (digits, rest) = bytes.split_at_checked(width).ok_or(Error::Truncated)?;
    Ok((
        digits
            .iter()
            .fold(0, |value, &digit| value << 8 | u64::from(digit)),
        rest,
    ))
}

/// The field numbers of one struct value, in the order that they are sent in.
#[derive(Debug)]
pub struct Fields {
    next: u64,
    count: usize,
}

impl Fields {
    /// Returns the field numbers of a struct whose definition has `count` fields.
    #[must_use]
    #[inline]
    pub fn new(count: usize) -> Self {
        Self { next: 0, count }
    }

    /// Returns the number of the field whose value `reader` is at, or `None` after the last one.
    ///
    /// A struct ends with a zero or, as in Go's reader, with its message.
    ///
    /// # Errors
    /// [`Error::FieldOutOfRange`], and as [`Reader::uint`].
    #[inline]
    pub fn next(&mut self, reader: &mut Reader<'_>) -> Result<Option<usize>, Error> {
        if reader.rest.is_empty() {
            return Ok(None);
        }
        let delta = reader.uint()?;
        if delta == 0 {
            return Ok(None);
        }
        let field = self.next.saturating_add(delta - 1);
        match usize::try_from(field) {
            Ok(number) if number < self.count => {
                self.next = field + 1;
                Ok(Some(number))
            }
            _ => Err(Error::FieldOutOfRange {
                field,
                count: self.count,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_as_go_writes_them() {
        for (bytes, value) in [
            (&[0][..], 0),
            (&[0x7f], 127),
            (&[0xff, 0x80], 128),
            (&[0xff, 0xff], 255),
            (&[0xfe, 1, 0x2c], 300),
            (&[0xfc, 0, 0, 0, 5], 5),
            (&[0xf8, 255, 255, 255, 255, 255, 255, 255, 255], u64::MAX),
        ] {
            let mut reader = Reader::new(bytes);
            assert_eq!(reader.uint(), Ok(value), "{bytes:x?}");
            assert!(reader.rest().is_empty(), "{bytes:x?}");
            let longer = [bytes, &[9; 8]].concat();
            let mut reader = Reader::new(&longer);
            assert_eq!(
                (reader.uint(), reader.rest()),
                (Ok(value), &[9; 8][..]),
                "{bytes:x?}"
            );
        }
    }

    #[test]
    fn the_low_bit_of_a_signed_integer_complements_the_others() {
        for (bytes, value) in [
            (&[0x12][..], 9),
            (&[1], -1),
            (&[0xfe, 1, 1], -129),
            (&[0xf8, 255, 255, 255, 255, 255, 255, 255, 255], i64::MIN),
            (&[0xf8, 255, 255, 255, 255, 255, 255, 255, 254], i64::MAX),
        ] {
            assert_eq!(Reader::new(bytes).int(), Ok(value), "{bytes:x?}");
        }
    }

    #[test]
    fn short_and_overlong_primitives_are_refused() {
        for (bytes, error) in [
            (&[][..], Error::Truncated),
            (&[0xff], Error::Truncated),
            (&[0xfe, 1], Error::Truncated),
            (&[0xf7, 0, 0, 0, 0, 0, 0, 0, 0, 1], Error::IntegerTooLong(9)),
            (&[0x80], Error::IntegerTooLong(128)),
            (
                &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 1],
                Error::IntegerTooLong(128),
            ),
            (&[3, 1, 2], Error::LengthOutOfRange { length: 3, left: 2 }),
            (
                &[0xf8, 255, 255, 255, 255, 255, 255, 255, 255],
                Error::LengthOutOfRange {
                    length: u64::MAX,
                    left: 0,
                },
            ),
        ] {
            assert_eq!(Reader::new(bytes).bytes(), Err(error), "{bytes:x?}");
        }
    }

    #[test]
    fn a_count_must_fit_into_the_rest_of_the_message() {
        assert_eq!(Reader::new(&[2, 0, 0, 0, 0]).count(2), Ok(2));
        let error = Error::LengthOutOfRange { length: 3, left: 4 };
        assert_eq!(Reader::new(&[3, 0, 0, 0, 0]).count(2), Err(error));
    }

    #[test]
    fn field_numbers_are_sums_of_deltas_within_the_definition() {
        let mut reader = Reader::new(&[1, 2, 0]);
        let mut fields = Fields::new(3);
        assert_eq!(fields.next(&mut reader), Ok(Some(0)));
        assert_eq!(fields.next(&mut reader), Ok(Some(2)));
        assert_eq!(fields.next(&mut reader), Ok(None));

        let error = Error::FieldOutOfRange { field: 3, count: 3 };
        assert_eq!(Fields::new(3).next(&mut Reader::new(&[4])), Err(error));
        let mut far = Reader::new(&[1, 0xf8, 255, 255, 255, 255, 255, 255, 255, 255]);
        let mut fields = Fields::new(3);
        assert_eq!(fields.next(&mut far), Ok(Some(0)));
        let error = Error::FieldOutOfRange {
            field: u64::MAX,
            count: 3,
        };
        assert_eq!(fields.next(&mut far), Err(error));
    }

    #[test]
    fn the_end_of_a_message_ends_a_struct() {
        assert_eq!(Fields::new(3).next(&mut Reader::new(&[])), Ok(None));
    }
}
