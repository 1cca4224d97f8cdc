//! Tokens of a selector.

/// A token, with its text for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    pub(super) text: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    End,
    Open,
    Close,
    Comma,
    Not,
    Equals,
    DoubleEquals,
    NotEquals,
    GreaterThan,
    LessThan,
    In,
    NotIn,
    /// A key or a value.
    Word,
}

const SYMBOLS: [char; 7] = ['=', '!', '(', ')', ',', '>', '<'];
const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

/// Splits a selector. The last token is [`TokenKind::End`].
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    // Kubernetes reads to the first byte of zero.
    let mut rest = text.split('\0').next().unwrap_or_default();
    let mut tokens = Vec::new();
    loop {
        rest = rest.trim_start_matches(SPACES);
        if rest.is_empty() {
            tokens.push(Token {
                kind: TokenKind::End,
                text: "",
            });
            return tokens;
        }
        let (kind, len) = if rest.starts_with(SYMBOLS) {
            symbol(rest)
        } else {
            word(rest)
        };
        let (text, behind) = rest.split_at(len);
        tokens.push(Token { kind, text });
        rest = behind;
    }
}

/// Reads an operator of one or two symbols, the longer one first.
fn symbol(text: &str) -> (TokenKind, usize) {
    match text.as_bytes() {
        [b'=', b'=', ..] => (TokenKind::DoubleEquals, 2),
        [b'!', b'=', ..] => (TokenKind::NotEquals, 2),
        [b'=', ..] => (TokenKind::Equals, 1),
        [b'!', ..] => (TokenKind::Not, 1),
        [b'(', ..] => (TokenKind::Open, 1),
        [b')', ..] => (TokenKind::Close, 1),
        [b',', ..] => (TokenKind::Comma, 1),
        [b'>', ..] => (TokenKind::GreaterThan, 1),
        _ => (TokenKind::LessThan, 1),
    }
}

fn word(text: &str) -> (TokenKind, usize) {
    let is_end = |c: char| SYMBOLS.contains(&c) || SPACES.contains(&c);
    let len = text.find(is_end).unwrap_or(text.len());
    let kind = match &text[..len] {
        "in" => TokenKind::In,
        "notin" => TokenKind::NotIn,
        _ => TokenKind::Word,
    };
    (kind, len)
}
