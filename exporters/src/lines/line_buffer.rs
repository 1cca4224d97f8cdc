//! Lines that are waiting to be written.

/// Lines, of which a part may already be written.
#[derive(Debug, Default)]
pub(super) struct LineBuffer {
    pub(super) text: String,
    /// The number of bytes that are written.
    pub(super) written: usize,
}

impl LineBuffer {
    /// Returns the number of whole lines that are written.
    pub(super) fn written_lines(&self) -> u64 {
        count_lines(self.written_bytes())
    }

    /// Returns the length of the part of a line that is written without the rest of the line.
    pub(super) fn partial_line(&self) -> usize {
        self.written_bytes()
            .iter()
            .rev()
            .take_while(|byte| **byte != b'\n')
            .count()
    }

    /// Returns the bytes that are not written.
    pub(super) fn rest(&self) -> &[u8] {
        &self.text.as_bytes()[self.written..]
    }

    fn written_bytes(&self) -> &[u8] {
        &self.text.as_bytes()[..self.written]
    }
}

/// Returns the number of line ends.
pub(super) fn count_lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// Returns the first line, or everything if there is no line end.
pub(super) fn first_line(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    &bytes[..end.map_or(bytes.len(), |end| end + 1)]
}

/// Returns as many whole lines as fit into `limit` bytes, but at least one.
pub(super) fn whole_lines(bytes: &[u8], limit: usize) -> &[u8] {
    if bytes.len() <= limit {
        return bytes;
    }
    match bytes[..limit].iter().rposition(|byte| *byte == b'\n') {
        Some(last) => &bytes[..=last],
        None => first_line(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::{LineBuffer, whole_lines};

    #[test]
    fn whole_lines_are_cut_at_the_limit_but_there_is_at_least_one() {
        let cases = [
            ("aa\nbb\ncc\n", 9, 9),
            ("aa\nbb\ncc\n", 8, 6),
            ("aa\nbb\ncc\n", 3, 3),
            ("aa\nbb\n", 2, 3),
            ("aa", 1, 2),
        ];
        for (text, limit, expected) in cases {
            assert_eq!(
                whole_lines(text.as_bytes(), limit).len(),
                expected,
                "{text:?} {limit}"
            );
        }
    }

    #[test]
    fn written_lines_and_a_partial_line_are_counted_separately() {
        for (written, lines, partial) in [(0, 0, 0), (1, 0, 1), (3, 1, 0), (5, 1, 2), (6, 2, 0)] {
            let buffer = LineBuffer {
                text: "aa\nbb\n".to_owned(),
                written,
            };
            assert_eq!(
                (buffer.written_lines(), buffer.partial_line()),
                (lines, partial),
                "{written}"
            );
        }
    }
}
