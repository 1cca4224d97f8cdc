//! A gob stream of arbitrary types, whole and in chunks.
//!
//! The input is four bytes, the lengths of the chunks in turn, minus one; then the stream.

use tidegate_wire::gob::{Definition, Error, Header, Reader, Schema, Split, TypeId, Value, split};

use super::memory::Bound;
use super::seeds;

/// Fields of a definition, which may be a byte each, need the most; every growth of their map counts.
const BOUND: Bound = Bound {
    each: 64,
    base: 4096,
};
const MAX_MESSAGE: usize = 1 << 20;

/// The result of one message.
#[derive(Debug, PartialEq)]
enum Message {
    Defined(TypeId, Result<(), Error>),
    /// A value, and the number of bytes after it.
    Skipped(TypeId, Result<usize, Error>),
    Invalid(Error),
}

/// Reads the stream at once and in chunks.
///
/// # Panics
/// If the two differ, if too much is allocated, or if a definition does not survive a round trip
/// through the encoder.
pub fn run(data: &[u8]) {
    let Some((lengths, stream)) = data.split_first_chunk::<4>() else {
        return;
    };
    let mut buffer = Vec::with_capacity(stream.len());
    BOUND.holds(stream.len(), || read([stream], &mut buffer, |_, _| {}));
    let mut whole = Vec::new();
    read([stream], &mut buffer, |message, body| {
        check_round_trip(&message, body);
        whole.push(message);
    });
    let mut chunked = Vec::new();
    read(chunks(stream, lengths), &mut buffer, |message, _| {
        chunked.push(message)
    });
    assert_eq!(chunked, whole);
}

/// Splits bytes into chunks of the given lengths in turn, plus one.
pub(super) fn chunks<'a>(mut bytes: &'a [u8], lengths: &[u8; 4]) -> impl Iterator<Item = &'a [u8]> {
    let mut lengths = lengths.iter().map(|len| usize::from(*len) + 1).cycle();
    std::iter::from_fn(move || {
        let chunk = bytes.split_off(..lengths.next()?.min(bytes.len()))?;
        Some(chunk).filter(|chunk| !chunk.is_empty())
    })
}

/// Reads as a receiver does: keeps unread bytes, and tries again when the requested number of bytes
/// is there.
fn read<'a>(
    chunks: impl IntoIterator<Item = &'a [u8]>,
    buffer: &mut Vec<u8>,
    mut each: impl FnMut(Message, &[u8]),
) {
    buffer.clear();
    let mut schema = Schema::default();
    let mut start = 0;
    let mut wanted = 1;
    for chunk in chunks {
        buffer.extend_from_slice(chunk);
        loop {
            match split(&buffer[start..], MAX_MESSAGE) {
                Ok(Split::Message { body, used }) => {
                    assert!(used >= wanted, "fewer bytes than requested were enough");
                    each(message(body, &mut schema), body);
                    start += used;
                    wanted = 1;
                }
                Ok(Split::Incomplete { needed }) => {
                    assert!(needed > buffer.len() - start && needed >= wanted);
                    wanted = needed;
                    break;
                }
                Err(error) => return each(Message::Invalid(error), &[]),
            }
        }
    }
}

fn message(body: &[u8], schema: &mut Schema) -> Message {
    let mut reader = Reader::new(body);
    match Header::read(&mut reader) {
        Ok(Header::Definition(id)) => Message::Defined(id, schema.define(id, &mut reader)),
        Ok(Header::Value(id)) => {
            let skipped = Value::new(&mut reader, schema, id).skip();
            Message::Skipped(id, skipped.map(|()| reader.rest().len()))
        }
        Err(error) => Message::Invalid(error),
    }
}

fn check_round_trip(message: &Message, body: &[u8]) {
    let Message::Defined(id, Ok(())) = message else {
        return;
    };
    let definition = |body| {
        let mut reader = Reader::new(body);
        assert_eq!(Header::read(&mut reader), Ok(Header::Definition(*id)));
        Definition::read(&mut reader)
    };
    let read = definition(body).expect("a valid definition");
    let mut written = Vec::new();
    read.write(*id, &mut written);
    let Ok(Split::Message { body, used }) = split(&written, usize::MAX) else {
        panic!("{read:?}")
    };
    assert_eq!((definition(body), used), (Ok(read), written.len()));
}

/// Streams and definitions written by Go.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let documents = ["agent", "logrecord"]
        .into_iter()
        .flat_map(seeds::golden)
        .map(|data| data[1..].to_vec());
    let streams = ["payload", "typedefs"]
        .into_iter()
        .flat_map(seeds::golden)
        .chain(documents);
    streams
        .map(|stream| [&[255, 0, 2, 30], &*stream].concat())
        .collect()
}
