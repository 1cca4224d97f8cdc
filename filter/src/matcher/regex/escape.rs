//! Escape sequences.

use super::SyntaxError;
use super::syntax_error::{INVALID_ESCAPE, INVALID_RANGE, TRAILING_BACKSLASH};

/// Reads an escaped character. Returns it and the text behind it.
///
/// `text` begins with the backslash.
pub(super) fn character(text: &str) -> Result<(char, &str), SyntaxError<'_>> {
    let mut rest = text[1..].chars();
    let Some(first) = rest.next() else {
        return Err(SyntaxError {
            kind: TRAILING_BACKSLASH,
            part: "",
        });
    };
    let is_octal = |next: Option<char>| next.is_some_and(|digit| digit.is_digit(8));
    let character = match first {
        'a' => Some('\x07'),
        'f' => Some('\x0c'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\x0b'),
        'x' => hexadecimal(&mut rest),
        // One digit other than 0 would refer to a group.
        '0' => Some(octal(first, &mut rest)),
        '1'..='7' if is_octal(rest.clone().next()) => Some(octal(first, &mut rest)),
        other if other.is_ascii() && !other.is_ascii_alphanumeric() => Some(other),
        _ => None,
    };
    match character {
        Some(character) => Ok((character, rest.as_str())),
        None => Err(SyntaxError::between(INVALID_ESCAPE, text, rest.as_str())),
    }
}

/// Reads up to two digits more.
fn octal(first: char, rest: &mut std::str::Chars<'_>) -> char {
    let mut number = first.to_digit(8).unwrap_or_default();
    for _ in 0..2 {
        let Some(digit) = rest.clone().next().and_then(|next| next.to_digit(8)) else {
            break;
        };
        rest.next();
        number = number * 8 + digit;
    }
    // At most 0o777.
    char::from_u32(number).unwrap_or_default()
}

/// Reads `{…}` or two digits.
fn hexadecimal(rest: &mut std::str::Chars<'_>) -> Option<char> {
    let first = rest.next()?;
    if first != '{' {
        let number = first.to_digit(16);
        let second = rest.next().and_then(|second| second.to_digit(16));
        return char::from_u32(number? * 16 + second?);
    }
    let mut number = None;
    loop {
        match rest.next()? {
            '}' => return char::from_u32(number?),
            digit => {
                let sum = number.unwrap_or(0) * 16 + digit.to_digit(16)?;
                if sum > u32::from(char::MAX) {
                    return None;
                }
                number = Some(sum);
            }
        }
    }
}

/// Reads a class that Perl has: `\d`, `\s`, `\w` and their complements, which are of ASCII in Go.
/// Returns its content in a class.
pub(super) fn perl_class(text: &str) -> Option<(&'static str, &str)> {
    let class = match text.as_bytes().get(1)? {
        b'd' => "0-9",
        b'D' => "[^0-9]",
        b's' => r"\t\n\f\r ",
        b'S' => r"[^\t\n\f\r ]",
        b'w' => "0-9A-Za-z_",
        b'W' => "[^0-9A-Za-z_]",
        _ => return None,
    };
    Some((class, &text[2..]))
}

/// Reads a class of Unicode: `\pN`, `\p{Greek}`, `\P{Greek}`, `\p{^Greek}`; `None` if the text is
/// something else.
pub(super) fn unicode_class(text: &str) -> Result<Option<(String, &str)>, SyntaxError<'_>> {
    let is_class = text.starts_with(r"\p") || text.starts_with(r"\P");
    if !is_class {
        return Ok(None);
    }
    let whole = SyntaxError {
        kind: INVALID_RANGE,
        part: text,
    };
    let mut rest = text[2..].chars();
    let (name, rest) = match rest.next() {
        Some('{') => rest.as_str().split_once('}').ok_or(whole)?,
        Some(letter) => text[2..].split_at(letter.len_utf8()),
        None => return Err(whole),
    };
    let (is_inverted, name) = match name.strip_prefix('^') {
        Some(name) => (true, name),
        None => (false, name),
    };
    let letter = if text.starts_with(r"\P") == is_inverted {
        'p'
    } else {
        'P'
    };
    let class = match name {
        "Any" if letter == 'p' => r"\x00-\x{10FFFF}".to_owned(),
        "Any" => r"[^\x00-\x{10FFFF}]".to_owned(),
        name => format!(r"\{letter}{{{name}}}"),
    };
    if !is_known(&class) {
        return Err(SyntaxError::between(INVALID_RANGE, text, rest));
    }
    Ok(Some((class, rest)))
}

/// Whether the `regex` crate knows the class.
fn is_known(class: &str) -> bool {
    ::regex::bytes::Regex::new(&format!("[{class}]")).is_ok()
}
