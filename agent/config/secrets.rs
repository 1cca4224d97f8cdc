//! Finds secrets in a configuration, to mask them in excerpts and messages. Works on the text, since
//! the file may not be valid TOML.
//!
//! Secrets are the values of keys with names such as `token` and `password`, or one edit away from
//! them, the values in a table `headers`, and user information, queries and fragments of URLs. The
//! value of a key that ends in `_file` or `_path` is a path.

use std::ops::Range;

use tidegate_runtime::config::{MASK, mask_url, url_secrets};

use super::suggest::is_misspelt;

/// Parts of the names of secrets.
const NAMES: [&str; 9] = [
    "password",
    "passwd",
    "secret",
    "token",
    "authorization",
    "credential",
    "api-key",
    "api_key",
    "apikey",
];

/// The table of request metadata, whose values are secrets.
const HEADERS: &str = "headers";

/// The shortest part of a secret that is masked within words.
const MIN_WORD: usize = 4;

/// Whether values of a key with this name are secrets.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_path = name.ends_with("_file") || name.ends_with("_path");
    !is_path
        && (name == HEADERS || NAMES.iter().any(|part| name.contains(part)) || misspells_one(&name))
}

/// Whether it is probably a misspelt name of a secret.
fn misspells_one(name: &str) -> bool {
    NAMES
        .into_iter()
        .chain([HEADERS])
        .any(|secret| is_misspelt(name, secret))
}

/// Secrets of one configuration.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// Adds a value that may differ from what is in the file, because it is unescaped or from the
    /// environment.
    pub(super) fn add(&mut self, secret: &str) {
        let words = secret
            .split_whitespace()
            .filter(|word| word.len() >= MIN_WORD);
        self.0.extend(
            std::iter::once(secret)
                .chain(words)
                .filter(|text| !text.is_empty())
                .map(str::to_owned),
        );
    }

    /// Masks them in a message.
    pub(super) fn hide(&self, sentence: &str) -> String {
        let masked = mask_words(sentence);
        self.0
            .iter()
            .fold(masked, |sentence, secret| replace(&sentence, secret))
    }

    /// Masks every byte of the secrets in the text of a file, so that spans remain valid, and adds
    /// the secrets.
    pub(super) fn mask(&mut self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        let mut end = 0;
        for range in Lexer::secrets(text, false) {
            masked.push_str(&text[end..range.start]);
            masked.extend(std::iter::repeat_n('*', range.len()));
            self.add(&text[range.clone()]);
            end = range.end;
        }
        // The longest first: a secret may be a part of another one.
        self.0.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        masked + &text[end..]
    }
}

/// Masks a secret. A short one is masked only as a whole word.
fn replace(sentence: &str, secret: &str) -> String {
    if secret.len() >= MIN_WORD {
        return sentence.replace(secret, MASK);
    }
    let is_word = |c: char| c.is_alphanumeric();
    let mut masked = String::with_capacity(sentence.len());
    let mut end = 0;
    for (at, _) in sentence.match_indices(secret) {
        let behind = at + secret.len();
        if !sentence[..at].ends_with(is_word) && !sentence[behind..].starts_with(is_word) {
            masked.push_str(&sentence[end..at]);
            masked.push_str(MASK);
            end = behind;
        }
    }
    masked + &sentence[end..]
}

/// Masks URLs in a message.
fn mask_words(sentence: &str) -> String {
    let is_between = |c: char| matches!(c, ' ' | '`' | '"');
    let words = sentence
        .split_inclusive(is_between)
        .map(|word| word.split_at(word.trim_end_matches(is_between).len()));
    words.fold(String::new(), |masked, (word, behind)| {
        masked + &mask_url(word) + behind
    })
}

/// Finds keys and values in TOML, and continues after invalid syntax.
struct Lexer<'t> {
    text: &'t str,
    at: usize,
    found: Vec<Range<usize>>,
    /// The number of open brackets.
    depth: usize,
    is_comment: bool,
}

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 100;

impl<'t> Lexer<'t> {
    /// The places of the secrets of a text, in their order.
    fn secrets(text: &'t str, is_comment: bool) -> Vec<Range<usize>> {
        let mut lexer = Self {
            text,
            at: 0,
            found: Vec::new(),
            depth: 0,
            is_comment,
        };
        let mut section = false;
        while lexer.at < text.len() {
            lexer.blank(true);
            if lexer.rest().starts_with('{') || lexer.rest().starts_with("[{") {
                // A file of JSON.
                lexer.value(false);
            } else if lexer.takes('[') {
                section = lexer.header();
            } else {
                lexer.pair(section);
            }
            lexer.line();
        }
        lexer.found
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn takes(&mut self, c: char) -> bool {
        let takes = self.rest().starts_with(c);
        self.at += if takes { c.len_utf8() } else { 0 };
        takes
    }

    /// Skips blanks and, with `with_lines`, line ends and comments.
    fn blank(&mut self, with_lines: bool) {
        loop {
            let rest = self.rest();
            let blanks = rest.find(|c: char| !(c.is_whitespace() && (with_lines || c != '\n')));
            self.at += blanks.unwrap_or(rest.len());
            if !with_lines || !self.rest().starts_with('#') {
                return;
            }
            self.comment();
        }
    }

    /// Skips the rest of a line.
    fn line(&mut self) {
        self.blank(false);
        if self.rest().starts_with('#') {
            self.comment();
        }
        self.at += self.rest().find('\n').unwrap_or(self.rest().len());
    }

    /// Reads a comment, which may be a line that was commented out.
    fn comment(&mut self) {
        let line = self.rest().lines().next().unwrap_or_default();
        let start = self.at + line.len() - line.trim_start_matches('#').len();
        self.at += line.len();
        if !self.is_comment {
            let secrets = Lexer::secrets(&self.text[start..self.at], true).into_iter();
            self.found
                .extend(secrets.map(|range| start + range.start..start + range.end));
        }
    }

    /// Reads the header of a table after its bracket. Returns whether its values are secret.
    fn header(&mut self) -> bool {
        self.takes('[');
        self.key().0
    }

    /// Reads a key. Returns whether its value is secret, and whether there was a key.
    fn key(&mut self) -> (bool, bool) {
        let mut secret = false;
        let mut any = false;
        loop {
            self.blank(false);
            let start = self.at;
            if self.rest().starts_with(['"', '\'']) {
                self.string();
            } else {
                let is_bare = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
                self.at += self
                    .rest()
                    .find(|c| !is_bare(c))
                    .unwrap_or(self.rest().len());
            }
            secret |= is_secret(self.text[start..self.at].trim_matches(['"', '\'']));
            any |= self.at > start;
            self.blank(false);
            if !self.takes('.') {
                return (secret, any);
            }
        }
    }

    /// Reads a key and its value, even if the `=` between them is missing.
    fn pair(&mut self, section: bool) {
        let (secret, any) = self.key();
        self.blank(false);
        if self.takes('=') || self.takes(':') || any {
            self.value(section || secret);
        }
    }

    fn value(&mut self, secret: bool) {
        self.blank(false);
        let start = self.at;
        match self.rest().chars().next() {
            Some('"' | '\'') => {
                let content = self.string();
                self.keep(content, secret);
            }
            Some('[') => {
                self.at += 1;
                self.items(']', |lexer| lexer.value(secret));
            }
            Some('{') => {
                self.at += 1;
                self.items('}', |lexer| lexer.pair(secret));
            }
            _ => {
                let end = self
                    .rest()
                    .find([',', ']', '}', '\n', '#'])
                    .unwrap_or(self.rest().len());
                self.at += end;
                let token = self.text[start..self.at].trim_end();
                self.keep(
                    start..start + token.len(),
                    secret && !matches!(token, "true" | "false"),
                );
            }
        }
    }

    /// Reads the items between brackets.
    fn items(&mut self, close: char, item: impl Fn(&mut Self)) {
        self.depth += 1;
        loop {
            self.blank(true);
            if self.takes(close) || self.at >= self.text.len() || self.depth > MAX_DEPTH {
                self.depth -= 1;
                return;
            }
            let before = self.at;
            item(self);
            self.blank(true);
            // Anything else is skipped.
            if !self.takes(',') && self.at == before {
                self.at += self.rest().chars().next().map_or(0, char::len_utf8);
            }
        }
    }

    /// Reads a string and returns its content. An unclosed one ends with its line, or with the text.
    fn string(&mut self) -> Range<usize> {
        let quote = if self.rest().starts_with('"') {
            '"'
        } else {
            '\''
        };
        let long = if quote == '"' { "\"\"\"" } else { "'''" };
        let is_long = self.rest().starts_with(long);
        let delimiter = if is_long { long } else { &long[..1] };
        self.at += delimiter.len();
        let start = self.at;
        let mut escaped = false;
        for (offset, c) in self.rest().char_indices() {
            let here = start + offset;
            if c == '\n' && !is_long {
                self.at = here;
                return start..here;
            }
            if !escaped && self.text[here..].starts_with(delimiter) {
                self.at = here + delimiter.len();
                return start..here;
            }
            escaped = quote == '"' && c == '\\' && !escaped;
        }
        self.at = self.text.len();
        start..self.at
    }

    fn keep(&mut self, content: Range<usize>, secret: bool) {
        let text = &self.text[content.clone()];
        let end = text.len();
        let ranges = if secret {
            [0..end, end..end]
        } else {
            url_secrets(text)
        };
        let ranges = ranges.into_iter().filter(|range| !range.is_empty());
        self.found
            .extend(ranges.map(|range| content.start + range.start..content.start + range.end));
    }
}

#[cfg(test)]
mod tests;
