//! Numbers as short texts on their own, for writers of bytes.

use super::digits::PAIRS;

/// A short ASCII text on its own.
#[derive(Clone, Copy, Debug)]
pub struct Ascii {
    bytes: [u8; 8],
    len: u8,
}

impl Ascii {
    /// No text.
    pub const EMPTY: Self = Self {
        bytes: [0; 8],
        len: 0,
    };

    /// Appends it. All of its room is copied and cut down to its length then: a copy of known
    /// length is quick.
    pub fn append_to(self, out: &mut Vec<u8>) {
        let end = out.len() + self.len();
        out.extend_from_slice(&self.bytes);
        out.truncate(end);
    }

    /// Its characters.
    pub fn len(self) -> usize {
        self.len.into()
    }
}

/// A number in decimal digits.
pub fn decimal_text(n: u16) -> Ascii {
    let [a, b] = PAIRS[usize::from(n / 100 % 100)];
    let [c, d] = PAIRS[usize::from(n % 100)];
    let len = 1 + (n >= 10) as u8 + (n >= 100) as u8 + (n >= 1000) as u8 + (n >= 10_000) as u8;
    let digits = u64::from_be_bytes([b'0' + (n / 10_000) as u8, a, b, c, d, 0, 0, 0]);
    Ascii {
        bytes: (digits << (8 * (5 - len))).to_be_bytes(),
        len,
    }
}

#[cfg(test)]
mod tests {
    use super::decimal_text;

    #[test]
    fn every_number_is_written() {
        for n in 0..=u16::MAX {
            let mut out = b"before".to_vec();
            decimal_text(n).append_to(&mut out);
            assert_eq!(out, format!("before{n}").as_bytes());
            assert_eq!(out.len(), 6 + decimal_text(n).len());
        }
    }
}
