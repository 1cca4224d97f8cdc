//! Rewrites a pattern in Go's syntax for the `regex` crate.
//!
//! The two differ in classes such as `\d`, which are of ASCII in Go, in braces that count nothing
//! (`{id}` is a text in Go), in `\Q…\E`, in brackets within brackets, and in what they refuse. Groups
//! capture nothing, since only the match counts.

use super::SyntaxError;
use super::class;
use super::escape::{character, perl_class, unicode_class};
use super::syntax_error::{
    INVALID_CAPTURE, INVALID_FLAGS, INVALID_REPEAT_COUNT, MISSING_ARGUMENT, MISSING_PARENTHESIS,
    NESTED_REPETITION, UNEXPECTED_PARENTHESIS,
};

/// The largest count of a repetition, and product of the counts of nested ones.
const MAX_REPEAT: u32 = 1000;

/// Rewrites a pattern.
pub(super) fn translate(pattern: &str) -> Result<String, SyntaxError<'_>> {
    let mut translation = Translation {
        pattern,
        rest: pattern,
        out: String::new(),
        groups: Vec::new(),
        widest: 1,
        atom: None,
        repetition: None,
    };
    while !translation.rest.is_empty() {
        translation.step()?;
    }
    if !translation.groups.is_empty() {
        return Err(SyntaxError {
            kind: MISSING_PARENTHESIS,
            part: pattern,
        });
    }
    Ok(translation.out)
}

struct Translation<'a> {
    pattern: &'a str,
    rest: &'a str,
    out: String,
    /// `widest` of the groups around the current one.
    groups: Vec<u32>,
    /// The largest product of nested counts in the current group.
    widest: u32,
    /// What a repetition operator would repeat.
    atom: Option<Atom>,
    /// The text from the repetition operator that was read last, if it was the last thing read.
    repetition: Option<&'a str>,
}

/// The last item of a sequence.
#[derive(Clone, Copy)]
struct Atom {
    /// Where it ends in the output; behind it are at most flags.
    end: usize,
    /// The product of nested counts in it.
    count: u32,
}

impl<'a> Translation<'a> {
    /// Translates the next item.
    fn step(&mut self) -> Result<(), SyntaxError<'a>> {
        let text = self.rest;
        let previous = self.repetition.take();
        let first = text.chars().next().unwrap_or_default();
        self.rest = &text[first.len_utf8()..];
        match first {
            '(' => return self.open(text),
            ')' => return self.close(),
            '|' => {
                self.out.push('|');
                self.atom = None;
            }
            '*' | '+' | '?' => {
                let operator = &text[..1];
                return self.repeat(text, operator, None, previous);
            }
            '{' => match counts(text) {
                Some((counts, rest)) => {
                    self.rest = rest;
                    let operator = &text[..text.len() - rest.len()];
                    return self.repeat(text, operator, Some(counts), previous);
                }
                None => self.literal('{'),
            },
            '[' => {
                self.rest = class::translate(text, &mut self.out)?;
                self.end_atom(1);
            }
            '^' | '$' | '.' => self.atom(&text[..1]),
            '\\' => return self.escape(text),
            literal => self.literal(literal),
        }
        Ok(())
    }

    /// Writes an atom.
    fn atom(&mut self, text: &str) {
        self.out.push_str(text);
        self.end_atom(1);
    }

    fn literal(&mut self, literal: char) {
        self.out
            .push_str(&::regex::escape(literal.encode_utf8(&mut [0; 4])));
        self.end_atom(1);
    }

    /// Ends an atom behind the output.
    fn end_atom(&mut self, count: u32) {
        self.widest = self.widest.max(count);
        self.atom = Some(Atom {
            end: self.out.len(),
            count,
        });
    }

    /// Opens a group, or sets flags.
    fn open(&mut self, text: &'a str) -> Result<(), SyntaxError<'a>> {
        let opening = match text.strip_prefix("(?") {
            None => "(?:",
            Some(named) if named.starts_with("P<") || named.starts_with('<') => {
                self.rest = name(text)?;
                "(?:"
            }
            Some(_) => {
                self.rest = flags(text)?;
                &text[..text.len() - self.rest.len()]
            }
        };
        self.out.push_str(opening);
        if !opening.ends_with(')') {
            self.groups.push(std::mem::replace(&mut self.widest, 1));
            self.atom = None;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), SyntaxError<'a>> {
        let around = self.groups.pop().ok_or(SyntaxError {
            kind: UNEXPECTED_PARENTHESIS,
            part: self.pattern,
        })?;
        self.out.push(')');
        let count = std::mem::replace(&mut self.widest, around);
        self.end_atom(count);
        Ok(())
    }

    /// Repeats the last atom. `text` begins with the operator, and `previous` with one right before
    /// it, if there is one.
    fn repeat(
        &mut self,
        text: &'a str,
        operator: &str,
        counts: Option<Counts>,
        previous: Option<&'a str>,
    ) -> Result<(), SyntaxError<'a>> {
        if counts.is_some_and(|counts| !counts.are_valid()) {
            return Err(SyntaxError::between(INVALID_REPEAT_COUNT, text, self.rest));
        }
        let lazy = self.rest.strip_prefix('?');
        self.rest = lazy.unwrap_or(self.rest);
        if let Some(previous) = previous {
            return Err(SyntaxError::between(NESTED_REPETITION, previous, self.rest));
        }
        let atom = self
            .atom
            .ok_or_else(|| SyntaxError::between(MISSING_ARGUMENT, text, self.rest))?;
        let count = counts.map_or(atom.count, |counts| counts.times(atom.count));
        if count > MAX_REPEAT {
            return Err(SyntaxError::between(INVALID_REPEAT_COUNT, text, self.rest));
        }
        let operator = if lazy.is_some() {
            format!("{operator}?")
        } else {
            operator.to_owned()
        };
        self.out.insert_str(atom.end, &operator);
        self.widest = self.widest.max(count);
        self.atom = Some(Atom {
            end: atom.end + operator.len(),
            count,
        });
        self.repetition = Some(text);
        Ok(())
    }

    fn escape(&mut self, text: &'a str) -> Result<(), SyntaxError<'a>> {
        let behind = text.get(2..).unwrap_or_default();
        match text.as_bytes().get(1) {
            Some(b'A') => self.escaped(behind, r"\A"),
            Some(b'z') => self.escaped(behind, r"\z"),
            Some(b'b') => self.escaped(behind, r"(?-u:\b)"),
            Some(b'B') => self.escaped(behind, r"(?-u:\B)"),
            Some(b'Q') => {
                let (quoted, rest) = behind.split_once(r"\E").unwrap_or((behind, ""));
                quoted.chars().for_each(|literal| self.literal(literal));
                self.rest = rest;
            }
            _ => return self.escaped_class_or_character(text),
        }
        Ok(())
    }

    fn escaped(&mut self, rest: &'a str, atom: &str) {
        self.rest = rest;
        self.atom(atom);
    }

    fn escaped_class_or_character(&mut self, text: &'a str) -> Result<(), SyntaxError<'a>> {
        if let Some((class, rest)) = unicode_class(text)? {
            self.escaped(rest, &format!("[{class}]"));
        } else if let Some((class, rest)) = perl_class(text) {
            self.escaped(rest, &format!("[{class}]"));
        } else {
            let (literal, rest) = character(text)?;
            self.rest = rest;
            self.literal(literal);
        }
        Ok(())
    }
}

/// Reads the name of a group, `(?P<name>` or `(?<name>`. Returns the text behind it.
fn name(text: &str) -> Result<&str, SyntaxError<'_>> {
    let invalid = |part| SyntaxError {
        kind: INVALID_CAPTURE,
        part,
    };
    let end = text.find('>').ok_or(invalid(text))?;
    let start = text.find('<').map_or(0, |at| at + 1);
    let name = &text[start..end];
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || !name.bytes().all(is_word) {
        return Err(invalid(&text[..=end]));
    }
    Ok(&text[end + 1..])
}

/// Reads flags, `(?i)` or `(?i-s:`. Returns the text behind them.
fn flags(text: &str) -> Result<&str, SyntaxError<'_>> {
    let mut rest = text[2..].chars();
    let mut is_negative = false;
    let mut has_flag = false;
    loop {
        match rest.next() {
            Some('i' | 'm' | 's' | 'U') => has_flag = true,
            Some('-') if !is_negative => {
                is_negative = true;
                has_flag = false;
            }
            Some(':' | ')') if has_flag || !is_negative => return Ok(rest.as_str()),
            _ => {
                return Err(SyntaxError::between(INVALID_FLAGS, text, rest.as_str()));
            }
        }
    }
}

/// The counts of a repetition: `{min}`, `{min,}`, `{min,max}`.
#[derive(Clone, Copy)]
struct Counts {
    min: u32,
    /// `None` for any number.
    max: Option<u32>,
}

impl Counts {
    fn are_valid(self) -> bool {
        self.min <= MAX_REPEAT
            && self
                .max
                .is_none_or(|max| max <= MAX_REPEAT && self.min <= max)
    }

    /// The product of these counts and those within.
    fn times(self, within: u32) -> u32 {
        match self.max.unwrap_or(self.min) {
            0 | 1 => within,
            count => within.saturating_mul(count),
        }
    }
}

/// Reads counts. Returns `None` if the brace is a character like others.
fn counts(text: &str) -> Option<(Counts, &str)> {
    let (min, rest) = number(&text[1..])?;
    let Some(rest) = rest.strip_prefix(',') else {
        let max = Some(min);
        return Some((Counts { min, max }, rest.strip_prefix('}')?));
    };
    if let Some(rest) = rest.strip_prefix('}') {
        return Some((Counts { min, max: None }, rest));
    }
    let (max, rest) = number(rest)?;
    let max = Some(max);
    Some((Counts { min, max }, rest.strip_prefix('}')?))
}

/// Reads a number without leading zeros; one that is too large is the largest.
fn number(text: &str) -> Option<(u32, &str)> {
    let rest = text.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let digits = &text[..text.len() - rest.len()];
    let is_number = digits == "0" || (!digits.is_empty() && !digits.starts_with('0'));
    is_number.then(|| (digits.parse().unwrap_or(u32::MAX), rest))
}
