//! The header of recordings, which holds the number of their format.
//!
//! A recording is the byte stream of a monitor socket. The header is a gob type definition before
//! it, of a type that no value has: readers of gob skip it, so a recording with a header is a
//! monitor stream, too, and one without, as `socat` makes it, is a recording.

use crate::gob::{Definition, GoType, Header, Reader, Split, TypeId, split};
use crate::payload::DEFAULT_MAX_FRAME;

/// The format that this version writes, and the latest one that it reads.
pub const FORMAT: u32 = 1;

/// The name of the type is this and the number of the format.
const NAME: &str = "tidegate.recording.";

/// The id of the type, far from those that Go gives to an agent's types.
const ID: TypeId = TypeId(0x5447_5243);

/// A recording in a format that this version cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the recording has format {format}, and this version reads formats up to {FORMAT}")]
pub struct UnsupportedFormat {
    /// The number in the header.
    pub format: u32,
}

/// What a stream begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// A header, of this many bytes.
    Header {
        /// The bytes that it takes.
        used: usize,
    },
    /// Something else, or nothing readable.
    NoHeader,
    /// A part of a message.
    Incomplete,
}

/// Returns the header of a new recording.
#[must_use]
pub fn header() -> Vec<u8> {
    let mut header = Vec::new();
    let fields = [("Format", GoType::built_in(TypeId::UINT))];
    GoType::structure(concat!("tidegate.recording.", 1), fields).define(ID, &mut header);
    header
}

/// Reads what `input` begins with.
///
/// # Errors
/// It begins with a header of a later format.
pub fn read_start(input: &[u8]) -> Result<Start, UnsupportedFormat> {
    let (body, used) = match split(input, DEFAULT_MAX_FRAME) {
        Ok(Split::Message { body, used }) => (body, used),
        Ok(Split::Incomplete { .. }) => return Ok(Start::Incomplete),
        Err(_) => return Ok(Start::NoHeader),
    };
    match format(body) {
        Some(format) if format > FORMAT => Err(UnsupportedFormat { format }),
        Some(_) => Ok(Start::Header { used }),
        None => Ok(Start::NoHeader),
    }
}

/// The number of the format in a message that is a header.
fn format(body: &[u8]) -> Option<u32> {
    let mut reader = Reader::new(body);
    match Header::read(&mut reader).ok()? {
        Header::Definition(ID) => {}
        _ => return None,
    }
    let definition = Definition::read(&mut reader).ok()?;
    definition.name.strip_prefix(NAME)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{FORMAT, ID, NAME, Start, UnsupportedFormat, header, read_start};
    use crate::gob::{GoType, TypeId};
    use crate::payload::{Decoder, Encoder, Payload, Step};

    const EVENT: Payload<'static> = Payload {
        data: b"event",
        cpu: 1,
        lost: 0,
        kind: 9,
    };

    fn stream() -> Vec<u8> {
        let mut stream = Vec::new();
        Encoder::default().encode(&EVENT, &mut stream);
        stream
    }

    #[test]
    fn a_header_is_told_from_a_stream_without_one() {
        let used = header().len();
        let recording = [header(), stream()].concat();
        assert_eq!(read_start(&recording), Ok(Start::Header { used }));
        assert_eq!(read_start(&recording[..used - 1]), Ok(Start::Incomplete));
        assert_eq!(read_start(&stream()), Ok(Start::NoHeader));
        assert_eq!(read_start(&[0, 1, 2]), Ok(Start::NoHeader));
        assert_eq!(read_start(&[]), Ok(Start::Incomplete));
    }

    #[test]
    fn a_recording_with_a_header_is_a_monitor_stream() {
        let recording = [header(), stream()].concat();
        let mut decoder = Decoder::default();
        let mut rest = &recording[..];
        let mut values = Vec::new();
        while !rest.is_empty() {
            let used = match decoder.next(rest).unwrap() {
                Step::Value { used, payload } => {
                    values.push(payload);
                    used
                }
                Step::Definition { used } => used,
                other => panic!("{other:?}"),
            };
            rest = &rest[used..];
        }
        assert_eq!(values, [EVENT]);
    }

    #[test]
    fn a_later_format_is_refused() {
        let mut later = Vec::new();
        let fields = [("Format", GoType::built_in(TypeId::UINT))];
        GoType::structure("tidegate.recording.2", fields).define(ID, &mut later);
        assert_eq!(read_start(&later), Err(UnsupportedFormat { format: 2 }));
        let name = format!("{NAME}{FORMAT}");
        assert!(
            header()
                .windows(name.len())
                .any(|bytes| bytes == name.as_bytes())
        );
    }
}
