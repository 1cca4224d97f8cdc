//! Escaping of what was just written: the common text needs none and is left where it is.

/// Characters that an output must not have, and what stands for them.
pub(super) trait Escapes {
    /// Whether a byte may begin such a character: true too often rather than too seldom, but not
    /// for bytes in the middle of a character.
    fn suspects(byte: u8) -> bool;

    /// Appends what stands for the character; false, and nothing, if it may stay.
    fn replace(out: &mut String, c: char) -> bool;
}

/// Appends `text`, escaped.
pub(super) fn push_escaped<E: Escapes>(out: &mut String, text: &str) {
    if !is_suspect::<E>(text) {
        return out.push_str(text);
    }
    let mut rest = text;
    while let Some(at) = rest.bytes().position(E::suspects) {
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

/// Has `write` append a text, then escapes it.
pub(super) fn escaped<E: Escapes>(out: &mut String, write: impl FnOnce(&mut String)) {
    let start = out.len();
    write(out);
    if is_suspect::<E>(&out[start..]) {
        let raw = out.split_off(start);
        push_escaped::<E>(out, &raw);
    }
}

/// Looks at every byte without leaving early, which compilers make many bytes a step of.
fn is_suspect<E: Escapes>(text: &str) -> bool {
    text.bytes()
        .fold(false, |any, byte| any | E::suspects(byte))
}
