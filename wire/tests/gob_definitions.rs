//! Type definitions encoded by Go, decoded and encoded again.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "this test needs the bytes alone")]
mod gob_golden;

use gob_golden::{hex_files, unhex};
use std::fs;
use tidegate_wire::gob::{Definition, Header, Reader, Split, split};

/// All definition messages in the vectors.
fn messages() -> Vec<Vec<u8>> {
    let files = hex_files("typedefs");
    let texts = files.iter().map(|file| fs::read_to_string(file).unwrap());
    texts
        .flat_map(|text| text.lines().map(unhex).collect::<Vec<_>>())
        .collect()
}

fn header(message: &[u8]) -> (Header, Reader<'_>) {
    let Ok(Split::Message { body, used }) = split(message, 4096) else {
        panic!("{message:x?}")
    };
    assert_eq!(used, message.len());
    let mut reader = Reader::new(body);
    (Header::read(&mut reader).unwrap(), reader)
}

#[test]
fn definitions_are_written_as_they_were_read() {
    let messages = messages();
    assert!(messages.len() > 90);
    for message in messages {
        let (Header::Definition(id), mut reader) = header(&message) else {
            panic!()
        };
        let definition = Definition::read(&mut reader).unwrap();
        let mut again = Vec::new();
        definition.write(id, &mut again);
        assert_eq!(again, message, "{definition:?}");
    }
}

#[test]
fn a_truncated_definition_differs_from_the_complete_one() {
    for message in messages() {
        let (_, reader) = header(&message);
        let read = |body| Definition::read(&mut Reader::new(body));
        let whole = read(reader.rest());
        // The last bytes are zeros that end structs, which the end of a message does, too.
        let meaningful = reader.rest().iter().rposition(|byte| *byte != 0).unwrap();
        for end in 0..=meaningful {
            assert_ne!(
                read(&reader.rest()[..end]),
                whole,
                "{message:x?} cut at {end}"
            );
        }
    }
}
