//! Lines of a stream that arrives in pieces.

use crate::json::append;

/// Collects lines of a bounded length.
#[derive(Debug)]
pub(in crate::kubernetes) struct Lines {
    line: Vec<u8>,
    max: usize,
}

/// A line has more bytes than a line may have.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::kubernetes) struct LineTooLong;

impl Lines {
    /// Lines of at most `max` bytes.
    pub(in crate::kubernetes) fn new(max: usize) -> Self {
        Self {
            line: Vec::new(),
            max,
        }
    }

    /// Takes the next line from a piece, which keeps what is behind it; `None` if the rest of the
    /// line is yet to arrive.
    ///
    /// # Errors
    ///
    /// If the line is too long.
    pub(in crate::kubernetes) fn next(
        &mut self,
        piece: &mut &[u8],
    ) -> Result<Option<Vec<u8>>, LineTooLong> {
        let end = piece.iter().position(|byte| *byte == b'\n');
        let (part, rest) = match end {
            Some(end) => (&piece[..end], &piece[end + 1..]),
            None => (*piece, &[][..]),
        };
        if self.line.len() + part.len() > self.max {
            return Err(LineTooLong);
        }
        append(&mut self.line, part, self.max);
        *piece = rest;
        Ok(end.map(|_| std::mem::take(&mut self.line)))
    }
}

#[cfg(test)]
mod tests {
    use super::{LineTooLong, Lines};

    #[test]
    fn lines_are_the_same_however_a_stream_is_cut_into_pieces() {
        let stream = b"one\n\nthree\nres";
        for size in 1..=stream.len() {
            let mut lines = Lines::new(5);
            let mut found = Vec::new();
            for mut piece in stream.chunks(size) {
                while let Some(line) = lines.next(&mut piece).unwrap() {
                    found.push(String::from_utf8(line).unwrap());
                }
            }
            assert_eq!(found, ["one", "", "three"], "pieces of {size}");
            assert_eq!(lines.line, b"res");
        }
    }

    #[test]
    fn a_line_of_more_than_its_bound_is_an_error_before_it_ends() {
        let mut lines = Lines::new(5);
        assert_eq!(lines.next(&mut &b"abc"[..]), Ok(None));
        assert_eq!(lines.next(&mut &b"def"[..]), Err(LineTooLong));
    }
}
