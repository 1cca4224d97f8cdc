//! The few protobuf encodings that log records need, appended to a buffer: a record is written in
//! one pass, without a tree of messages. Wire types are those of protobuf; field numbers are the
//! callers' and below 16.

/// Wire type of integers.
pub(super) const VARINT: u8 = 0;
/// Wire type of eight bytes.
const FIXED64: u8 = 1;
/// Wire type of four bytes.
const FIXED32: u8 = 5;
/// Wire type of strings, bytes and messages.
pub(super) const LEN: u8 = 2;

/// Appends a base-128 integer.
pub(super) fn varint(buf: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        buf.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    buf.push(value.to_le_bytes()[0]);
}

/// Encodes a base-128 integer without branches. Returns the bytes and how many of them are used.
#[inline]
pub(super) fn varint32(value: u32) -> ([u8; 5], u8) {
    let [a, b, c, d] = [7, 14, 21, 28].map(|shift| u64::from(value >> shift != 0));
    let groups = [0, 1, 2, 3, 4].into_iter().fold(0, |groups, n| {
        groups | (u64::from(value) & 0x7f << (7 * n)) << n
    });
    let more = a << 7 | b << 15 | c << 23 | d << 31;
    let [bytes @ .., _, _, _] = (groups | more).to_le_bytes();
    (bytes, (1 + a + b + c + d) as u8)
}

/// Returns the number of bytes that [`varint`] appends.
pub(super) fn varint_len(value: u64) -> usize {
    let bits = u64::BITS - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

/// Returns the number of bytes that [`field`] appends for `len` bytes.
pub(super) fn field_len(len: usize) -> usize {
    1 + varint_len(len as u64) + len
}

/// Appends tag and length of a string, bytes or message of `len` bytes.
pub(super) fn field_header(buf: &mut Vec<u8>, number: u8, len: usize) {
    let tag = number << 3 | LEN;
    match u8::try_from(len) {
        Ok(len @ ..0x80) => buf.extend_from_slice(&[tag, len]),
        _ => {
            buf.push(tag);
            varint(buf, len as u64);
        }
    }
}

/// Appends a string, bytes or an encoded message.
pub(super) fn field(buf: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    field_header(buf, number, bytes.len());
    buf.extend_from_slice(bytes);
}

/// Appends an integer, an enum value or a boolean.
pub(super) fn integer(buf: &mut Vec<u8>, number: u8, value: u64) {
    buf.push(number << 3 | VARINT);
    varint(buf, value);
}

/// Appends a `fixed64`.
pub(super) fn fixed64(buf: &mut Vec<u8>, number: u8, value: u64) {
    let [a, b, c, d, e, f, g, h] = value.to_le_bytes();
    buf.extend_from_slice(&[number << 3 | FIXED64, a, b, c, d, e, f, g, h]);
}

/// Appends a `fixed32`.
pub(super) fn fixed32(buf: &mut Vec<u8>, number: u8, value: u32) {
    let [a, b, c, d] = value.to_le_bytes();
    buf.extend_from_slice(&[number << 3 | FIXED32, a, b, c, d]);
}

#[cfg(test)]
mod tests {
    use super::{varint, varint_len, varint32};

    #[test]
    fn the_length_of_an_integer_is_that_of_its_encoding() {
        for shift in 0..64 {
            for value in [(1_u64 << shift) - 1, 1 << shift, u64::MAX >> shift] {
                let mut buf = Vec::new();
                varint(&mut buf, value);
                assert_eq!(varint_len(value), buf.len(), "{value}");
                if let Ok(small) = u32::try_from(value) {
                    let (bytes, len) = varint32(small);
                    assert_eq!(bytes[..len.into()], buf, "{value}");
                }
                assert_eq!(
                    prost::decode_length_delimiter(&buf[..]).ok(),
                    usize::try_from(value).ok(),
                    "{value}"
                );
            }
        }
    }
}
