//! Texts and numbers as Go's `strconv` reads and prints them.

/// A text as `%q` prints it.
pub(crate) fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// Parses a decimal number as `strconv.ParseUint(text, 10, bits)` does: without a sign.
///
/// # Errors
///
/// Go's text for a number that is malformed or above `max`.
pub(crate) fn parse_decimal(text: &str, max: u64) -> Result<u64, String> {
    let refused = |reason| {
        Err(format!(
            "strconv.ParseUint: parsing {}: {reason}",
            quoted(text)
        ))
    };
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return refused("invalid syntax");
    }
    match text.parse() {
        Ok(number) if number <= max => Ok(number),
        _ => refused("value out of range"),
    }
}

/// A character as `%q` prints it.
pub(crate) fn quoted_rune(rune: char) -> String {
    format!("{rune:?}")
}

/// Parses a number of 32 bits as `strconv.ParseUint(text, 0, 32)` does: in decimal, or in another
/// base with the prefix `0x`, `0o`, `0b` or `0`, with `_` between digits.
pub(crate) fn parse_number(text: &str) -> Option<u32> {
    let lower = text.to_ascii_lowercase();
    let (digits, base, is_prefixed) = match lower.as_bytes() {
        [b'0', b'x', ..] => (&lower[2..], 16, true),
        [b'0', b'o', ..] => (&lower[2..], 8, true),
        [b'0', b'b', ..] => (&lower[2..], 2, true),
        [b'0', _, ..] => (&lower[1..], 8, true),
        _ => (&*lower, 10, false),
    };
    // An underscore separates digits, or a prefix and a digit.
    let digits = match digits.strip_prefix('_') {
        Some(rest) if is_prefixed => rest,
        _ => digits,
    };
    let is_separated = digits.split('_').all(|group| !group.is_empty());
    let digits = digits.replace('_', "");
    let is_unsigned = !digits.starts_with('+');
    (is_separated && is_unsigned)
        .then(|| u32::from_str_radix(&digits, base).ok())
        .flatten()
}
