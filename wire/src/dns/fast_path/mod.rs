//! Fast path for the most common names: labels of letters, digits, hyphens and underscores up to
//! the root, without a pointer. Such a name becomes its text when dots replace the lengths.
//!
//! Everything else is read by [`name`](super::name). A property test checks that both read alike.

use super::reader::{MAX_NAME, Reader};

/// The longest text: a name without its first length.
const MAX_TEXT: usize = MAX_NAME - 1;

/// Bytes that are processed together, as vectors.
const STEP: usize = 32;

/// Size of the buffer for a text: the longest one, and a step that begins at its end.
pub(super) const BUFFER: usize = 256 + STEP;

/// Reads a name into `text`, in lower case with a trailing dot, and returns the length of the text;
/// `None` leaves the name to the general reader.
#[inline]
pub(super) fn read(reader: &mut Reader<'_>, text: &mut [u8; BUFFER]) -> Option<usize> {
    let (&first, rest) = reader.rest().split_first()?;
    let len = rest.len().min(MAX_TEXT);
    text[..len].copy_from_slice(&rest[..len]);
    let mut label = first;
    let mut end = 0;
    let mut labels = 0;
    while label != 0 {
        end += usize::from(label);
        if label > 63 || end >= len {
            return None;
        }
        label = std::mem::replace(&mut text[end], b'.');
        end += 1;
        labels += 1;
    }
    // More dots than labels: one is inside of a label and has to be escaped. The root has no label.
    if labels == 0 || make_lowercase(text, end)? != labels {
        return None;
    }
    reader.at += 1 + end;
    Some(end)
}

/// Converts a text to lower case and counts its dots; `None` if it has to be escaped.
#[inline]
fn make_lowercase(text: &mut [u8; BUFFER], end: usize) -> Option<u8> {
    // The last step reads bytes behind the text, which must not count.
    *text[end..].first_chunk_mut()? = [b'a'; STEP];
    let (steps, _) = text[..end.next_multiple_of(STEP)].as_chunks_mut::<STEP>();
    let mut dots = 0_u8;
    let mut is_unescaped = true;
    for byte in steps.as_flattened_mut() {
        *byte |= u8::from(byte.wrapping_sub(b'A') < 26) << 5;
        // From the hyphen to the 9: the dot, a slash and the digits.
        let is_hyphen_dot_or_digit = (byte.wrapping_sub(b'-') < 13) & (*byte != b'/');
        is_unescaped &= is_hyphen_dot_or_digit | (byte.wrapping_sub(b'a') < 26) | (*byte == b'_');
        dots += u8::from(*byte == b'.');
    }
    is_unescaped.then_some(dots)
}

#[cfg(test)]
mod tests;
