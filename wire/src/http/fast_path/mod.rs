//! Fast path for payloads that are no HTTP: their first four bytes rule most of them out.

/// Whether a payload with these first bytes could begin with a head. `true` for every payload that
/// [`parse`](super::parse) accepts, and for few others.
///
/// A start line begins with a letter and two visible characters or spaces, perhaps after empty
/// lines.
#[must_use]
#[inline]
pub fn may_be_head(bytes: [u8; 4]) -> bool {
    let word = u32::from_le_bytes(bytes);
    // Of the upper three bits of a character of text, the first is 0 and the others are not both 0.
    let is_text = (word & 0x0080_8000 == 0) & (word & 0x6000 != 0) & (word & 0x0060_0000 != 0);
    (bytes[0].is_ascii_alphabetic() & is_text)
        | (word & 0xffff == 0x0a0d)
        | (word & 0xc0ff == 0x400a)
}

#[cfg(test)]
mod tests;
