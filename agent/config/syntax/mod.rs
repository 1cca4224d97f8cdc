//! Parses TOML. The parser's errors are put into the terms of the file, and one mistake is one error:
//! after an unclosed bracket, for example, the parser reports most of what follows.
//!
//! [`foreign`] recognizes files that are no TOML at all, [`scan`] finds what is not closed; what is
//! left are errors of a [`value`], a [`statement`], or [keys that are given twice](duplicate).

mod duplicate;
mod foreign;
mod scan;
mod statement;
mod value;

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::table::Value;
use super::{Problem, Problems, Source};
use scan::{Statement, Unclosed, line_end, line_start, statements};

/// Errors of the parser that are explained at most.
const MAX_ERRORS: usize = 200;

/// Parses TOML and reports all syntax errors; `None` if there are any.
pub(super) fn parse<'s>(source: &'s Source, problems: &mut Problems) -> Option<Value<'s>> {
    let text = &source.text;
    let (root, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Some(Spanned::new(root.span(), DeValue::Table(root.into_inner())));
    }
    match foreign::explain(text) {
        Some(problem) => problems.push(problem),
        None => Explanation::of(text).explain(&errors, problems),
    }
    None
}

struct Explanation<'t> {
    text: &'t str,
    statements: Vec<Statement>,
    /// Parts of the text of which all is said.
    settled: Vec<Range<usize>>,
}

/// The error of a statement, and the part of the text of which it says all.
struct Explained {
    problem: Problem,
    covers: Range<usize>,
}

impl<'t> Explanation<'t> {
    fn of(text: &'t str) -> Self {
        Self {
            text,
            statements: statements(text),
            settled: Vec::new(),
        }
    }

    fn explain(mut self, errors: &[toml::de::Error], problems: &mut Problems) {
        let mut rest = self.text.to_owned();
        for conflict in foreign::merge_conflicts(self.text) {
            problems.push(foreign::merge_conflict(conflict.clone(), self.text));
            blank(&mut rest, conflict);
        }
        self.unclosed(&mut rest, problems);
        if rest == self.text {
            self.explain_all(errors, problems);
        } else {
            // What follows an unclosed bracket was a part of it for the parser.
            self.explain_all(&DeTable::parse_recoverable(&rest).1, problems);
        }
    }

    fn explain_all(&mut self, errors: &[toml::de::Error], problems: &mut Problems) {
        let end = self.text.len();
        let mut errors: Vec<_> = errors
            .iter()
            .take(MAX_ERRORS)
            .map(|error| (error.span().unwrap_or(end..end), error.message()))
            .collect();
        errors.sort_by_key(|(span, _)| span.start);
        for (span, message) in errors {
            let is_settled =
                |part: &Range<usize>| part.start <= span.start && span.start <= part.end;
            if self.settled.iter().any(is_settled) {
                continue;
            }
            let Explained { problem, covers } = self.one(message, span);
            problems.push(problem);
            self.settled.push(covers);
        }
    }

    /// Reports brackets and strings that are not closed at their opening, and removes their
    /// statements from `rest`.
    fn unclosed(&mut self, rest: &mut String, problems: &mut Problems) {
        for statement in &self.statements {
            let Some(unclosed) = &statement.unclosed else {
                continue;
            };
            if !rest[unclosed.open.clone()].trim().is_empty() {
                problems.push(explain_unclosed(unclosed, self.text));
            }
            if statement.is_header {
                // Its keys would be those of the table before it.
                self.settled.push(statement.span.clone());
            } else {
                blank(
                    rest,
                    statement.span.start..unclosed.end.max(statement.span.end),
                );
            }
        }
    }

    /// One error of the parser.
    fn one(&self, message: &str, span: Range<usize>) -> Explained {
        let whole_line = line_start(self.text, span.start)..line_end(self.text, span.start);
        if message.contains("duplicate key") {
            let problem = duplicate::explain(span.clone(), &self.statements, self.text);
            return Explained {
                problem,
                covers: span,
            };
        }
        if message.contains("cannot extend") {
            let problem = duplicate::explain_extension(message, span.clone(), &self.statements);
            return Explained {
                problem,
                covers: span,
            };
        }
        if message.contains("carriage return") {
            let problem = Problem::new("a line ends with a carriage return alone", span)
                .help("save the file with the line breaks of Unix");
            return Explained {
                problem,
                covers: 0..self.text.len(),
            };
        }
        if let Some(problem) = statement::explain(message, &span, self.text) {
            return Explained {
                problem,
                covers: whole_line,
            };
        }
        if let Some((problem, covers)) = value::explain(message, &span, self.text) {
            return Explained { problem, covers };
        }
        let problem = Problem::new(format!("invalid TOML: {message}"), span);
        Explained {
            problem,
            covers: whole_line,
        }
    }
}

/// Replaces a part of a text by spaces, except for its line breaks.
fn blank(text: &mut String, part: Range<usize>) {
    let blanks: String = text[part.clone()]
        .bytes()
        .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
        .collect();
    text.replace_range(part, &blanks);
}

fn explain_unclosed(unclosed: &Unclosed, text: &str) -> Problem {
    let Unclosed { open, close, .. } = unclosed;
    let opening = &text[open.clone()];
    let problem = |what: &str| Problem::new(format!("{what} is not closed"), open.clone());
    match opening {
        "{" => problem("this table").help("add `}` behind its last key"),
        "\"" | "'" => {
            let line = &text[open.start..line_end(text, open.start)];
            let problem = Problem::new(
                "this string is not closed",
                open.start..open.start + line.len(),
            );
            match line.chars().find(|c| value::straight(*c).is_some()) {
                Some(quote) => problem.help(format!(
                    "`{quote}` is a typographic quote; end it with `{close}`"
                )),
                None => problem.help(format!("end it with `{close}`, on the same line")),
            }
        }
        "\"\"\"" | "'''" => problem("this string").help(format!("end it with `{close}`")),
        _ if text[line_start(text, open.start)..open.start].contains('=') => {
            problem("this list").help("add `]` behind its last item")
        }
        _ => {
            let line = open.start..line_end(text, open.start);
            Problem::new("the header of this table is not closed", line)
                .help(format!("end it with `{close}`"))
        }
    }
}
