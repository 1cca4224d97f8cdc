//! The place of an error in a text of words.

use std::ops::Range;

use crate::{Filters, Matcher};

/// The place of an error is not looked for in a text with more words.
const MAX_WORDS: usize = 1024;

/// What is wrong with a text of words, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LineError {
    /// What is wrong.
    pub message: String,
    /// The word, and the flag in front of it if it is a value; `None` for the whole text.
    pub part: Option<Range<usize>>,
}

impl Filters {
    /// Makes filters of one text, as [`Self::from_line`], and compiles them.
    ///
    /// # Errors
    ///
    /// As for [`Self::from_line`] and [`Self::compile`], with the place.
    pub fn compile_line(text: &str) -> Result<(Self, Matcher), LineError> {
        compile(text).map_err(|message| {
            let part = place(text, &message);
            LineError { message, part }
        })
    }
}

fn compile(text: &str) -> Result<(Filters, Matcher), String> {
    let filters = Filters::from_line(text).map_err(|error| error.to_string())?;
    let matcher = filters.compile().map_err(|error| error.to_string())?;
    Ok((filters, matcher))
}

/// The place of an error: the text up to there is the shortest one that has it.
fn place(text: &str, message: &str) -> Option<Range<usize>> {
    let words = words(text);
    let has_error =
        |word: &&Range<usize>| compile(&text[..word.end]).is_err_and(|other| other == message);
    let last = words.iter().take(MAX_WORDS).find(has_error)?;
    let is_flag = |word: &&Range<usize>| text[word.start..].starts_with('-');
    let before = words.iter().rev().find(|word| word.end <= last.start);
    let flag = before.filter(is_flag).filter(|_| !is_flag(&last));
    Some(flag.unwrap_or(last).start..last.end)
}

/// The words as written in the text, with quotes.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (None | Some('"'), '\\') => {
                start.get_or_insert(at);
                chars.next();
            }
            (Some(_), _) => {}
            (None, ' ' | '\t' | '\n') => words.extend(start.take().map(|start| start..at)),
            (None, _) => {
                start.get_or_insert(at);
                quote = matches!(c, '"' | '\'').then_some(c);
            }
        }
    }
    words.extend(start.map(|start| start..text.len()));
    words
}

#[cfg(test)]
mod tests {
    use super::words;
    use crate::Filters;

    /// The part of the text that is wrong.
    fn wrong(text: &str) -> &str {
        let error = Filters::compile_line(text).unwrap_err();
        &text[error.part.unwrap()]
    }

    #[test]
    fn an_error_has_the_flag_and_the_value_that_are_wrong() {
        for (text, expected) in [
            ("--to-prot 53", "--to-prot"),
            (
                "--to-port 53 --verdict FORWADED --tcp-flags SYN",
                "--verdict FORWADED",
            ),
            (
                "--from-ip 10.0.0.0/8 --to-ip='10.0.0.0/99'",
                "--to-ip='10.0.0.0/99'",
            ),
            (
                "--to-port 53 --http-path '[' --to-port 80",
                "--http-path '['",
            ),
            ("--to-port", "--to-port"),
            ("--to-port 53 udp", "udp"),
            ("--not --not --to-port 53", "--not"),
            ("--to-port 53 --not", "--not"),
            ("--to-port 53 --from-port 1 --port 8", "--port 8"),
            ("--to-port '53", "--to-port '53"),
        ] {
            assert_eq!(wrong(text), expected, "{text}");
        }
    }

    #[test]
    fn words_end_where_a_shell_ends_them() {
        for text in [
            "",
            "  --to-port\t53\n",
            r#"--to-pod 'a b'"c d"e\ f --not"#,
            r#""a\"b" \' 'it'"#,
        ] {
            let words: Vec<_> = words(text).into_iter().map(|word| &text[word]).collect();
            let of_each: Vec<_> = words
                .iter()
                .flat_map(|word| shlex::split(word).unwrap())
                .collect();
            assert_eq!(Some(of_each), shlex::split(text), "{words:?}");
        }
    }
}
