//! Finds the end of one JSON value.

use memchr::memchr2;

/// Progress within a value, which may arrive in pieces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan {
    /// Arrays and objects that are open.
    depth: u32,
    in_string: bool,
    /// Whether the next byte of the string is escaped.
    is_escaped: bool,
    /// Whether it is a number, `true`, `false` or `null`, whose end shows only by what follows it.
    is_scalar: bool,
}

impl Scan {
    /// A value that begins with `first`; `None` if no value does.
    pub(super) fn begin(first: u8) -> Option<Self> {
        let is_scalar = matches!(first, b'-' | b'0'..=b'9' | b't' | b'f' | b'n');
        (is_scalar || matches!(first, b'"' | b'[' | b'{')).then_some(Self {
            depth: 0,
            in_string: false,
            is_escaped: false,
            is_scalar,
        })
    }

    /// Goes on with the next bytes of the value; returns how many of them belong to it if it ends
    /// within them.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.is_scalar {
            let is_delimiter =
                |byte: &u8| matches!(byte, b',' | b']' | b'}' | b':') || byte.is_ascii_whitespace();
            return bytes.iter().position(is_delimiter);
        }
        let mut at = 0;
        while at < bytes.len() {
            if self.in_string {
                at = self.skip_string(bytes, at);
                if !self.in_string && self.depth == 0 {
                    return Some(at);
                }
                continue;
            }
            let byte = bytes[at];
            at += 1;
            match byte {
                b'"' => self.in_string = true,
                b'[' | b'{' => self.depth = self.depth.saturating_add(1),
                b']' | b'}' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        return Some(at);
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Returns where the string ends, or the end of the bytes.
    fn skip_string(&mut self, bytes: &[u8], mut at: usize) -> usize {
        if self.is_escaped && at < bytes.len() {
            self.is_escaped = false;
            at += 1;
        }
        while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
            at += found + 1;
            if bytes[at - 1] == b'"' {
                self.in_string = false;
                return at;
            }
            if at == bytes.len() {
                self.is_escaped = true;
                return at;
            }
            at += 1;
        }
        bytes.len()
    }
}
