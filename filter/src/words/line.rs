//! Words in one text.

use super::suggestion::unknown_flag;
use super::{Flag, FlagValue, WordError};

/// The name of a flag and its value, if it has one.
type Word<'a> = (&'a str, Option<String>);

/// Splits a text as a POSIX shell does, without expansions.
pub(super) fn split(text: &str) -> Result<Vec<String>, WordError> {
    shlex::split(text).ok_or_else(|| WordError::OpenQuote(text.to_owned()))
}

/// Reads `--flag value`, `--flag=value`, `-f value`, `-fvalue`, `-f=value`, and `-46` for two
/// switches.
pub(super) fn flags(words: &[String]) -> Result<Vec<Word<'_>>, WordError> {
    let mut flags = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut next = || words.next().cloned();
        if let Some(long) = word.strip_prefix("--") {
            flags.push(long_flag(long, &mut next)?);
        } else if let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) {
            short_flags(word, letters, &mut next, &mut flags)?;
        } else {
            return Err(WordError::UnexpectedWord(word.clone()));
        }
    }
    Ok(flags)
}

fn long_flag<'a>(
    word: &'a str,
    next: &mut impl FnMut() -> Option<String>,
) -> Result<Word<'a>, WordError> {
    let (name, value) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (word, None),
    };
    let flag = Flag::by_name(name).ok_or_else(|| unknown_flag(name))?;
    let value = match value {
        None if flag.takes_next() => next(),
        value => value,
    };
    Ok((flag.name, value))
}

fn short_flags(
    word: &str,
    letters: &str,
    next: &mut impl FnMut() -> Option<String>,
    flags: &mut Vec<Word<'_>>,
) -> Result<(), WordError> {
    let mut rest = letters.chars();
    while let Some(letter) = rest.next() {
        let flag = Flag::by_letter(letter).ok_or_else(|| WordError::UnknownLetter {
            letter,
            word: word.to_owned(),
        })?;
        let value = rest.as_str();
        let is_last = flag.takes_next() || value.starts_with('=');
        if !is_last {
            flags.push((flag.name, None));
            continue;
        }
        let value = match value.strip_prefix('=').unwrap_or(value) {
            "" if value.is_empty() => next(),
            value => Some(value.to_owned()),
        };
        flags.push((flag.name, value));
        break;
    }
    Ok(())
}

impl Flag {
    /// Whether the value may be the next word.
    fn takes_next(&self) -> bool {
        matches!(self.value, FlagValue::Required(_))
    }
}
