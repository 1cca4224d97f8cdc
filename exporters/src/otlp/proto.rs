//! The few protobuf encodings that log records need, appended to a buffer: enough to write a record
//! in one pass, without a message tree. Numbers of fields and wire types are those of
//! opentelemetry-proto 1.9; [`super::logs`] knows which field is which.

/// Wire type of integers.
pub(super) const VARINT: u8 = 0;
/// Wire type of eight bytes.
const FIXED64: u8 = 1;
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

/// A base-128 integer, and how many of the bytes are it.
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

/// Bytes that [`varint`] takes.
pub(super) fn varint_len(value: u64) -> usize {
    let bits = u64::BITS - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

/// Bytes that [`field`] takes for `len` bytes, with a field number below 16.
pub(super) fn field_len(len: usize) -> usize {
    1 + varint_len(len as u64) + len
}

/// Appends what stands before the `len` bytes of a string or message.
pub(super) fn field_head(buf: &mut Vec<u8>, number: u8, len: usize) {
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
    field_head(buf, number, bytes.len());
    buf.extend_from_slice(bytes);
}

/// Appends an integer, an enumeration's number or a boolean.
pub(super) fn integer(buf: &mut Vec<u8>, number: u8, value: u64) {
    buf.push(number << 3 | VARINT);
    varint(buf, value);
}

/// Appends a `fixed64`.
pub(super) fn fixed64(buf: &mut Vec<u8>, number: u8, value: u64) {
    let [a, b, c, d, e, f, g, h] = value.to_le_bytes();
    buf.extend_from_slice(&[number << 3 | FIXED64, a, b, c, d, e, f, g, h]);
}

#[cfg(test)]
mod tests {
    use super::{varint, varint_len, varint32};

    #[test]
    fn the_length_of_an_integer_is_what_it_takes() {
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
