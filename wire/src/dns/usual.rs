//! Names as most are: labels of letters, digits, hyphens and underscores up to the root, without a
//! pointer. Such a name is its own text but for the lengths, which become dots. Whatever is unusual
//! takes the general way.

use super::name::MAX_NAME;
use super::reader::Reader;

/// The longest text: a name without its first length.
const MAX_TEXT: usize = MAX_NAME - 1;

/// Bytes that are looked at together, as vectors.
const STEP: usize = 32;

/// Room for a text, and for a step that begins at its end.
pub(super) const ROOM: usize = 256 + STEP;

/// Reads a name as text in lower case with a trailing dot, and gives the text's length; `None` if
/// the name is unusual or none.
#[inline]
pub(super) fn read(reader: &mut Reader<'_>, text: &mut [u8; ROOM]) -> Option<usize> {
    let (&first, rest) = reader.rest().split_first()?;
    let len = rest.len().min(MAX_TEXT);
    text[..len].copy_from_slice(&rest[..len]);
    let (mut label, mut end, mut labels) = (first, 0, 0);
    while label != 0 {
        end += usize::from(label);
        if label > 63 || end >= len {
            return None;
        }
        label = std::mem::replace(&mut text[end], b'.');
        (end, labels) = (end + 1, labels + 1);
    }
    // A dot within a label would have to be escaped, and the root's text is none of its bytes.
    if labels == 0 || lower(text, end)? != labels {
        return None;
    }
    reader.at += 1 + end;
    Some(end)
}

/// Makes a text lower case, and counts its dots; `None` if it has to be escaped.
#[inline]
fn lower(text: &mut [u8; ROOM], end: usize) -> Option<u8> {
    // What is behind the text is no part of it.
    *text[end..].first_chunk_mut()? = [b'a'; STEP];
    let (steps, _) = text[..end.next_multiple_of(STEP)].as_chunks_mut::<STEP>();
    let (mut dots, mut is_plain) = (0_u8, true);
    for byte in steps.as_flattened_mut() {
        *byte |= u8::from(byte.wrapping_sub(b'A') < 26) << 5;
        // From the hyphen to the 9 there are the dot, the digits, and a slash.
        let is_low = (byte.wrapping_sub(b'-') < 13) & (*byte != b'/');
        is_plain &= is_low | (byte.wrapping_sub(b'a') < 26) | (*byte == b'_');
        dots += u8::from(*byte == b'.');
    }
    is_plain.then_some(dots)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dns::name;

    /// A message that is a name between two others' bytes.
    fn wire(labels: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = vec![0xee; 12];
        for label in labels {
            bytes.push(label.len() as u8);
            bytes.extend(label);
        }
        bytes.extend([0, b'A', 0, 1]);
        bytes
    }

    fn quick(message: &[u8]) -> Option<(usize, Vec<u8>)> {
        let (mut reader, mut text) = (Reader { message, at: 12 }, [b'.'; ROOM]);
        let len = read(&mut reader, &mut text)?;
        Some((reader.at, text[..len].to_vec()))
    }

    fn general(message: &[u8]) -> Option<(usize, Vec<u8>)> {
        let mut reader = Reader { message, at: 12 };
        let text = name::read(&mut reader).ok()?;
        Some((reader.at, text.to_ascii_lowercase().into_bytes()))
    }

    #[test]
    fn a_name_of_any_length_is_read_the_quick_way_up_to_the_longest() {
        for labels in 1..=4 {
            for len in 1..=63 {
                let message = wire(&vec![vec![b'Z'; len]; labels]);
                let is_name = labels * (len + 1) < MAX_NAME;
                assert_eq!(quick(&message), general(&message), "{labels} of {len}");
                assert_eq!(quick(&message).is_some(), is_name, "{labels} of {len}");
            }
        }
    }

    #[test]
    fn every_byte_of_a_label_is_read_as_the_general_way_reads_it_or_left_to_it() {
        for byte in 0..=u8::MAX {
            let message = wire(&[b"a".to_vec(), vec![b'b', byte, b'c']]);
            let is_usual = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            assert_eq!(
                quick(&message),
                general(&message).filter(|_| is_usual),
                "{byte}"
            );
        }
    }

    #[test]
    fn a_length_that_no_label_has_is_left_to_the_general_way() {
        for len in 64..=u8::MAX {
            let message = [&[0xee; 12][..], &[len], &vec![b'a'; len.into()], &[0]].concat();
            assert_eq!(quick(&message), None, "{len}");
        }
    }

    fn byte() -> impl Strategy<Value = u8> {
        prop_oneof![20 => prop::char::range('-', 'z').prop_map(|char| char as u8), 1 => any::<u8>()]
    }

    proptest! {
        #[test]
        fn what_the_quick_way_reads_is_what_the_general_way_reads(
            labels in prop::collection::vec(prop::collection::vec(byte(), 0..64), 0..6),
            cut in 0..400_usize,
            change in prop::option::of((12..200_usize, any::<u8>())),
        ) {
            let mut message = wire(&labels);
            message.truncate(cut.max(12));
            if let Some((at, byte)) = change
                && let Some(place) = message.get_mut(at)
            {
                *place = byte;
            }
            if let Some(read) = quick(&message) {
                prop_assert_eq!(Some(read), general(&message));
            }
        }
    }
}
