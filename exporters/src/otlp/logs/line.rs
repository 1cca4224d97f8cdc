//! The line of a flow, put together from pieces: what [`super::LINE`] writes, without making it anew.

use tidegate_core::flow::Flow;

use super::event::LINE_END;
use super::flow::Pieces;
use super::side::{IDENTITY, NAME, NAME_OF_PORT, SidePiece};
use crate::hubble::{arrow, decimal_text};

/// Writes it. `ports` are those of source and destination.
pub(super) fn write(out: &mut Vec<u8>, flow: &Flow, pieces: Pieces<'_>, ports: [Option<u16>; 2]) {
    let sides = [(pieces.source, ports[0]), (pieces.destination, ports[1])];
    let [near, far] = if flow.is_reply == Some(true) { [sides[1], sides[0]] } else { sides };
    write_side(out, near);
    out.extend_from_slice(arrow(flow).as_bytes());
    write_side(out, far);
    pieces.event.copy(LINE_END, out);
}

fn write_side(out: &mut Vec<u8>, (piece, port): (&SidePiece, Option<u16>)) {
    match port {
        Some(port) => {
            piece.copy(NAME_OF_PORT, out);
            decimal_text(port).append_to(out);
        }
        None => piece.copy(NAME, out),
    }
    piece.copy(IDENTITY, out);
}
