//! The line of a flow, put together from pieces: what [`super::LINE`] writes, without making it
//! anew.

use tidegate_model::flow::Flow;

use super::event::LINE_END;
use super::flow::Pieces;
use super::side::{IDENTITY, NAME, NAME_OF_PORT, SidePiece};
use super::writer::Writer;
use itoa::Buffer;
use tidegate_format::hubble::arrow;

/// A side in the line.
struct Name<'a> {
    piece: &'a SidePiece,
    part: usize,
    port: &'a str,
}

impl<'a> Name<'a> {
    fn new(piece: &'a SidePiece, port: Option<u16>, digits: &'a mut Buffer) -> Self {
        match port {
            Some(port) => Self {
                piece,
                part: NAME_OF_PORT,
                port: digits.format(port),
            },
            None => Self {
                piece,
                part: NAME,
                port: "",
            },
        }
    }

    fn len(&self) -> usize {
        self.piece.len(self.part) + self.port.len() + self.piece.len(IDENTITY)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.piece.copy(self.part, out);
        out.extend_from_slice(self.port.as_bytes());
        self.piece.copy(IDENTITY, out);
    }
}

/// Writes it as the body of a record. `ports` are those of source and destination.
pub(super) fn write(
    out: &mut Writer<'_>,
    flow: &Flow,
    pieces: Pieces<'_>,
    ports: [Option<u16>; 2],
) {
    let mut source_digits = Buffer::new();
    let mut destination_digits = Buffer::new();
    let source = Name::new(pieces.source, ports[0], &mut source_digits);
    let destination = Name::new(pieces.destination, ports[1], &mut destination_digits);
    let (near, far) = if flow.is_reply == Some(true) {
        (destination, source)
    } else {
        (source, destination)
    };
    let arrow = arrow(flow);
    let out = out.body(near.len() + arrow.len() + far.len() + pieces.event.len(LINE_END));
    near.write(out);
    out.extend_from_slice(arrow.as_bytes());
    far.write(out);
    pieces.event.copy(LINE_END, out);
}
