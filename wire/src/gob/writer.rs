//! Writes primitives and struct values, byte for byte as Go does.

/// Appends an unsigned integer.
#[inline]
pub fn put_uint(out: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        out.push(value as u8);
        return;
    }
    let width = uint_len(value) - 1;
    out.push((width as u8).wrapping_neg());
    out.extend_from_slice(&value.to_be_bytes()[8 - width..]);
}

/// Appends a signed integer.
#[inline]
pub fn put_int(out: &mut Vec<u8>, value: i64) {
    put_uint(out, int_bits(value));
}

/// Appends a length and the bytes: a byte slice, a string or an opaque value.
#[inline]
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_uint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// The number of bytes that [`put_uint`] appends.
#[must_use]
#[inline]
pub fn uint_len(value: u64) -> usize {
    if value < 0x80 {
        1
    } else {
        9 - value.leading_zeros() as usize / 8
    }
}

#[inline]
pub(crate) fn int_bits(value: i64) -> u64 {
    (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned()
}

/// Writes the fields of one struct, one with each call. Fields that Go omits are omitted.
///
/// The struct ends with [`end`](Self::end) or with its message.
#[derive(Debug)]
pub struct StructWriter<'o> {
    out: &'o mut Vec<u8>,
    delta: u64,
}

impl<'o> StructWriter<'o> {
    /// Begins a struct at the end of `out`.
    #[must_use]
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out, delta: 1 }
    }

    /// Ends the struct.
    pub fn end(&mut self) {
        self.out.push(0);
    }

    /// Skips a field that is not sent: a nil pointer, slice or map.
    pub fn absent(&mut self) -> &mut Self {
        self.delta += 1;
        self
    }

    /// Begins a field that is always sent, and returns the buffer for its value.
    pub fn present(&mut self) -> &mut Vec<u8> {
        put_uint(self.out, self.delta);
        self.delta = 1;
        self.out
    }

    /// An unsigned integer, omitted when zero.
    pub fn uint(&mut self, value: impl Into<u64>) -> &mut Self {
        match value.into() {
            0 => return self.absent(),
            value => put_uint(self.present(), value),
        }
        self
    }

    /// A signed integer, omitted when zero.
    pub fn int(&mut self, value: impl Into<i64>) -> &mut Self {
        match value.into() {
            0 => return self.absent(),
            value => put_int(self.present(), value),
        }
        self
    }

    /// A byte slice or a string, omitted when empty.
    pub fn bytes(&mut self, value: impl AsRef<[u8]>) -> &mut Self {
        match value.as_ref() {
            [] => return self.absent(),
            value => put_bytes(self.present(), value),
        }
        self
    }

    /// A struct, never omitted.
    pub fn nested(&mut self, fields: impl FnOnce(&mut StructWriter<'_>)) -> &mut Self {
        let mut inner = StructWriter::new(self.present());
        fields(&mut inner);
        inner.end();
        self
    }

    /// A pointer to a struct, omitted when nil.
    pub fn optional<T>(
        &mut self,
        value: Option<&T>,
        fields: impl FnOnce(&mut StructWriter<'_>, &T),
    ) -> &mut Self {
        match value {
            Some(value) => self.nested(|inner| fields(inner, value)),
            None => self.absent(),
        }
    }

    /// A slice, omitted when empty. `each` writes one element.
    pub fn slice<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Vec<u8>, &T)) -> &mut Self {
        if items.is_empty() {
            return self.absent();
        }
        let out = self.present();
        put_uint(out, items.len() as u64);
        items.iter().for_each(|item| each(out, item));
        self
    }

    /// A slice of strings, omitted when empty.
    pub fn strings<T: AsRef<[u8]>>(&mut self, items: &[T]) -> &mut Self {
        self.slice(items, |out, item| put_bytes(out, item.as_ref()))
    }

    /// A map, omitted when `None` but not when empty. `each` writes a key and its element.
    pub fn map<T>(
        &mut self,
        entries: Option<impl ExactSizeIterator<Item = T>>,
        mut each: impl FnMut(&mut Vec<u8>, T),
    ) -> &mut Self {
        let Some(entries) = entries else {
            return self.absent();
        };
        let out = self.present();
        put_uint(out, entries.len() as u64);
        entries.for_each(|entry| each(out, entry));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reader;
    use super::*;
    use proptest::prelude::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out);
        out
    }

    proptest! {
        #[test]
        fn every_integer_is_read_back(value: u64, shift in 0u32..64) {
            let value = value >> shift;
            let bytes = written(|out| put_uint(out, value));
            prop_assert_eq!(bytes.len(), uint_len(value));
            prop_assert_eq!(Reader::new(&bytes).uint(), Ok(value));

            let signed = value.cast_signed();
            let bytes = written(|out| put_int(out, signed));
            prop_assert_eq!(Reader::new(&bytes).int(), Ok(signed));
        }
    }

    #[test]
    fn integers_are_minimal() {
        for (value, bytes) in [
            (0, &[0][..]),
            (127, &[0x7f]),
            (128, &[0xff, 0x80]),
            (256, &[0xfe, 1, 0]),
            (u64::MAX, &[0xf8, 255, 255, 255, 255, 255, 255, 255, 255]),
        ] {
            assert_eq!(written(|out| put_uint(out, value)), bytes);
        }
    }

    #[test]
    fn a_struct_omits_the_fields_that_go_omits() {
        let bytes = written(|out| {
            let mut fields = StructWriter::new(out);
            fields
                .uint(0u8)
                .int(-1)
                .bytes("")
                .nested(|_| {})
                .slice::<u8>(&[], |_, _| {});
            fields.map(None::<std::slice::Iter<'_, u8>>, |_, _| {});
            fields
                .map(Some([0u8; 0].iter()), |_, _| {})
                .bytes("a")
                .end();
        });
        assert_eq!(bytes, [2, 1, 2, 0, 3, 0, 1, 1, b'a', 0]);
    }
}
