//! A gob stream of any types, whole and in pieces.
//!
//! The input is four bytes, the lengths of the pieces in turn, less one; then the stream.

use tidegate_wire::gob::{Definition, Error, Header, Reader, Schema, Split, TypeId, Value, split};

use super::memory::Bound;
use super::seeds;

/// Fields of a definition, which may be a byte each, take most; a map of them is counted as it
/// grows.
const BOUND: Bound = Bound {
    each: 64,
    base: 4096,
};
const MAX_MESSAGE: usize = 1 << 20;

/// What came of one message.
#[derive(Debug, PartialEq)]
enum Message {
    Defined(TypeId, Result<(), Error>),
    /// A value, and what is left behind it.
    Skipped(TypeId, Result<usize, Error>),
    Broken(Error),
}

/// Reads the stream at once and in pieces.
///
/// # Panics
/// If the two differ, if too much is allocated, or if a definition is not read back as it was
/// written.
pub fn run(data: &[u8]) {
    let Some((cuts, stream)) = data.split_first_chunk::<4>() else {
        return;
    };
    let mut buffer = Vec::with_capacity(stream.len());
    BOUND.holds(stream.len(), || read([stream], &mut buffer, |_, _| {}));
    let mut whole = Vec::new();
    read([stream], &mut buffer, |message, body| {
        write_back(&message, body);
        whole.push(message);
    });
    let mut in_pieces = Vec::new();
    read(pieces(stream, cuts), &mut buffer, |message, _| {
        in_pieces.push(message)
    });
    assert_eq!(in_pieces, whole);
}

/// Cuts bytes into pieces of the lengths that `cuts` say in turn, less one.
pub(super) fn pieces<'a>(mut bytes: &'a [u8], cuts: &[u8; 4]) -> impl Iterator<Item = &'a [u8]> {
    let mut lengths = cuts.iter().map(|cut| usize::from(*cut) + 1).cycle();
    std::iter::from_fn(move || {
        let piece = bytes.split_off(..lengths.next()?.min(bytes.len()))?;
        Some(piece).filter(|piece| !piece.is_empty())
    })
}

/// Reads as a receiver does: keeps what is not used yet, and tries again when there is as much as
/// was asked for.
fn read<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    buffer: &mut Vec<u8>,
    mut each: impl FnMut(Message, &[u8]),
) {
    buffer.clear();
    let (mut schema, mut start, mut wanted) = (Schema::default(), 0, 1);
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match split(&buffer[start..], MAX_MESSAGE) {
                Ok(Split::Message { body, used }) => {
                    assert!(
                        used >= wanted,
                        "there was enough for less than was asked for"
                    );
                    each(message(body, &mut schema), body);
                    (start, wanted) = (start + used, 1);
                }
                Ok(Split::Incomplete { needed }) => {
                    assert!(needed > buffer.len() - start && needed >= wanted);
                    wanted = needed;
                    break;
                }
                Err(error) => return each(Message::Broken(error), &[]),
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
        Err(error) => Message::Broken(error),
    }
}

fn write_back(message: &Message, body: &[u8]) {
    let Message::Defined(id, Ok(())) = message else {
        return;
    };
    let definition = |body| {
        let mut reader = Reader::new(body);
        assert_eq!(Header::read(&mut reader), Ok(Header::Definition(*id)));
        Definition::read(&mut reader)
    };
    let read = definition(body).expect("it was read before");
    let mut written = Vec::new();
    read.write(*id, &mut written);
    let Ok(Split::Message { body, used }) = split(&written, usize::MAX) else {
        panic!("{read:?}")
    };
    assert_eq!((definition(body), used), (Ok(read), written.len()));
}

/// The streams and definitions that Go wrote.
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
