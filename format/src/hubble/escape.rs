//! Escaping. Most texts need none, so they are written first and scanned afterwards.

/// The characters that an output must not contain, and their replacements.
pub(super) trait Escapes {
    /// Whether a byte may be the first of such a character. May err towards `true`, but not for a
    /// byte in the middle of a character.
    fn may_begin(byte: u8) -> bool;

    /// Appends the replacement of a character. Returns `false`, and appends nothing, if the
    /// character is allowed.
    fn replace(out: &mut String, c: char) -> bool;
}

/// Appends `text`, escaped.
pub(super) fn push_escaped<E: Escapes>(out: &mut String, text: &str) {
    if !may_need_escapes::<E>(text) {
        return out.push_str(text);
    }
    let mut rest = text;
    while let Some(at) = rest.bytes().position(E::may_begin) {
        let mut chars = rest[at..].chars();
        out.push_str(&rest[..at]);
        if let Some(c) = chars.next()
            && !E::replace(out, c)
        {
            out.push(c);
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}

/// Calls `write`, and escapes what it appended.
pub(super) fn escaped<E: Escapes>(out: &mut String, write: impl FnOnce(&mut String)) {
    let start = out.len();
    write(out);
    if may_need_escapes::<E>(&out[start..]) {
        let raw = out.split_off(start);
        push_escaped::<E>(out, &raw);
    }
}

/// Looks at every byte, without an early exit, so that the loop is vectorized.
fn may_need_escapes<E: Escapes>(text: &str) -> bool {
    text.bytes()
        .fold(false, |any, byte| any | E::may_begin(byte))
}
