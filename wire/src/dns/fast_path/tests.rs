//! Holds the fast path to the general reader of names.

use proptest::prelude::*;

use super::*;
use crate::dns::name;

/// A name between other bytes.
fn wire(labels: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0xee; 12];
    for label in labels {
        bytes.push(label.len() as u8);
        bytes.extend(label);
    }
    bytes.extend([0, b'A', 0, 1]);
    bytes
}

fn fast(message: &[u8]) -> Option<(usize, Vec<u8>)> {
    let mut reader = Reader { message, at: 12 };
    let mut text = [b'.'; BUFFER];
    let len = read(&mut reader, &mut text)?;
    Some((reader.at, text[..len].to_vec()))
}

fn general(message: &[u8]) -> Option<(usize, Vec<u8>)> {
    let mut reader = Reader { message, at: 12 };
    let text = name::read(&mut reader).ok()?;
    Some((reader.at, text.to_ascii_lowercase().into_bytes()))
}

#[test]
fn names_up_to_the_longest_take_the_fast_path() {
    for labels in 1..=4 {
        for len in 1..=63 {
            let message = wire(&vec![vec![b'Z'; len]; labels]);
            let is_name = labels * (len + 1) < MAX_NAME;
            assert_eq!(fast(&message), general(&message), "{labels} of {len}");
            assert_eq!(fast(&message).is_some(), is_name, "{labels} of {len}");
        }
    }
}

#[test]
fn both_readers_agree_on_every_byte_of_a_label() {
    for byte in 0..=u8::MAX {
        let message = wire(&[b"a".to_vec(), vec![b'b', byte, b'c']]);
        let is_common = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        assert_eq!(
            fast(&message),
            general(&message).filter(|_| is_common),
            "{byte}"
        );
    }
}

#[test]
fn invalid_label_lengths_are_left_to_the_general_reader() {
    for len in 64..=u8::MAX {
        let message = [&[0xee; 12][..], &[len], &vec![b'a'; len.into()], &[0]].concat();
        assert_eq!(fast(&message), None, "{len}");
    }
}

fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![20 => prop::char::range('-', 'z').prop_map(|char| char as u8), 1 => any::<u8>()]
}

proptest! {
    #[test]
    fn the_fast_path_and_the_general_reader_agree(
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
        if let Some(read) = fast(&message) {
            prop_assert_eq!(Some(read), general(&message));
        }
    }
}
