//! Classes in brackets.

use super::SyntaxError;
use super::escape::{character, perl_class, unicode_class};
use super::syntax_error::{INVALID_RANGE, MISSING_BRACKET};

/// The names of POSIX classes.
const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// Translates a class. `text` begins with its bracket. Returns the text behind it.
pub(super) fn translate<'a>(text: &'a str, out: &mut String) -> Result<&'a str, SyntaxError<'a>> {
    let mut rest = &text[1..];
    out.push('[');
    if let Some(behind) = rest.strip_prefix('^') {
        out.push('^');
        rest = behind;
    }
    let mut is_first = true;
    while is_first || !rest.starts_with(']') {
        is_first = false;
        rest = item(text, rest, out)?;
    }
    out.push(']');
    Ok(&rest[1..])
}

/// Translates an item of the class `whole`. Returns the text behind it.
fn item<'a>(whole: &'a str, text: &'a str, out: &mut String) -> Result<&'a str, SyntaxError<'a>> {
    if let Some(rest) = posix(text, out)? {
        return Ok(rest);
    }
    if let Some((class, rest)) = unicode_class(text)? {
        out.push_str(&class);
        return Ok(rest);
    }
    if text.starts_with('\\')
        && let Some((class, rest)) = perl_class(text)
    {
        out.push_str(class);
        return Ok(rest);
    }
    let (low, rest) = member(whole, text)?;
    push(low, out);
    let end = rest
        .strip_prefix('-')
        .filter(|end| !end.is_empty() && !end.starts_with(']'));
    let Some(end) = end else {
        return Ok(rest);
    };
    let (high, rest) = member(whole, end)?;
    if high < low {
        return Err(SyntaxError::between(INVALID_RANGE, text, rest));
    }
    out.push('-');
    push(high, out);
    Ok(rest)
}

/// Translates `[:name:]` or `[:^name:]`. Returns `None` if the text is something else.
fn posix<'a>(text: &'a str, out: &mut String) -> Result<Option<&'a str>, SyntaxError<'a>> {
    let Some((name, rest)) = text
        .strip_prefix("[:")
        .and_then(|behind| behind.split_once(":]"))
    else {
        return Ok(None);
    };
    if !POSIX.contains(&name.strip_prefix('^').unwrap_or(name)) {
        return Err(SyntaxError::between(INVALID_RANGE, text, rest));
    }
    out.push_str("[:");
    out.push_str(name);
    out.push_str(":]");
    Ok(Some(rest))
}

/// Reads a character, escaped or not.
fn member<'a>(whole: &'a str, text: &'a str) -> Result<(char, &'a str), SyntaxError<'a>> {
    let mut rest = text.chars();
    match rest.next() {
        Some('\\') => character(text),
        Some(plain) => Ok((plain, rest.as_str())),
        None => Err(SyntaxError {
            kind: MISSING_BRACKET,
            part: whole,
        }),
    }
}

/// Writes a character by its number, which has no other meaning in a class.
fn push(member: char, out: &mut String) {
    out.push_str(&format!(r"\x{{{:x}}}", u32::from(member)));
}
