//! Escaping of what was just written: the common text needs none and is left where it is.

/// Characters that some output must not have, and what stands for them.
pub(super) struct Escapes {
    /// Whether a byte may begin such a character. May be true too often, never too seldom.
    pub(super) suspect: fn(u8) -> bool,
    /// Appends what stands for the character; false, and nothing, if it may stay.
    pub(super) replace: fn(&mut String, char) -> bool,
}

impl Escapes {
    /// Appends `text`, escaped.
    pub(super) fn push(&self, out: &mut String, text: &str) {
        if !text.bytes().any(self.suspect) {
            return out.push_str(text);
        }
        for c in text.chars() {
            if !(self.replace)(out, c) {
                out.push(c);
            }
        }
    }

    /// Has `write` append a text, then escapes it.
    pub(super) fn written(&self, out: &mut String, write: impl FnOnce(&mut String)) {
        let start = out.len();
        write(out);
        if out.as_bytes()[start..].iter().copied().any(self.suspect) {
            let raw = out.split_off(start);
            self.push(out, &raw);
        }
    }
}
