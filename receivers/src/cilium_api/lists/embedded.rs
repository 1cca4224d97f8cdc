//! Reads JSON that is the text of a key of an object, such as `{"policy":"[{..}]"}`, piece by piece.

/// The text of a key, without its escapes.
#[derive(Debug)]
pub(super) struct Embedded {
    /// The key and what follows up to the text: `"policy":"`.
    begin: &'static [u8],
    state: State,
}

#[derive(Debug)]
enum State {
    /// So many bytes of the beginning were read.
    Before(usize),
    Text,
    /// After a backslash.
    Escape,
    /// In the hexadecimal digits of a character.
    Character {
        digits: u8,
        value: u32,
    },
    After,
}

impl Embedded {
    /// Expects an object with `begin`, a key and the quotation mark of its text, without white space,
    /// as Go writes it.
    pub(super) fn new(begin: &'static str) -> Self {
        Self {
            begin: begin.as_bytes(),
            state: State::Before(0),
        }
    }

    /// Takes the next piece; returns what it has of the text.
    pub(super) fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut text = Vec::with_capacity(piece.len());
        for byte in piece {
            self.state = self.step(*byte, &mut text);
        }
        text
    }

    fn step(&self, byte: u8, text: &mut Vec<u8>) -> State {
        match self.state {
            State::Before(read) => self.begin(read, byte),
            State::Text if byte == b'"' => State::After,
            State::Text if byte == b'\\' => State::Escape,
            State::Text => {
                text.push(byte);
                State::Text
            }
            State::Escape => escape(byte, text),
            State::Character { digits, value } => character(digits, value, byte, text),
            State::After => State::After,
        }
    }

    /// Takes a byte after so many of the beginning.
    fn begin(&self, read: usize, byte: u8) -> State {
        let is_next = self.begin.get(read) == Some(&byte);
        if is_next && read + 1 == self.begin.len() {
            State::Text
        } else if is_next {
            State::Before(read + 1)
        } else {
            State::Before(usize::from(self.begin.first() == Some(&byte)))
        }
    }
}

/// Takes the byte after a backslash.
fn escape(byte: u8, text: &mut Vec<u8>) -> State {
    text.push(match byte {
        b'u' => {
            return State::Character {
                digits: 0,
                value: 0,
            };
        }
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'f' => 12,
        byte => byte,
    });
    State::Text
}

/// Takes the next hexadecimal digit of a character.
fn character(digits: u8, value: u32, byte: u8, text: &mut Vec<u8>) -> State {
    let digit = char::from(byte).to_digit(16).unwrap_or_default();
    let value = value << 4 | digit;
    if digits < 3 {
        return State::Character {
            digits: digits + 1,
            value,
        };
    }
    let character = char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER);
    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    State::Text
}

#[cfg(test)]
mod tests {
    use super::Embedded;

    #[test]
    fn the_text_of_a_key_is_the_same_whatever_its_pieces_are() {
        let json = r#"{"a":"policy","policy":"[\n {\"k\": \"\u0026\\\"\u00e9\"}]","revision":7}"#;
        for len in 1..json.len() {
            let mut embedded = Embedded::new(r#""policy":""#);
            let pieces = json.as_bytes().chunks(len);
            let text: Vec<_> = pieces.flat_map(|piece| embedded.push(piece)).collect();
            let text = String::from_utf8(text).unwrap();
            assert_eq!(text, "[\n {\"k\": \"&\\\"é\"}]", "{len}");
        }
        assert_eq!(
            Embedded::new(r#""policy":""#).push(br#"{"revision":7}"#),
            b""
        );
    }
}
