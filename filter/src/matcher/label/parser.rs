//! Parses the tokens of a selector as Kubernetes does (`k8s.io/apimachinery/pkg/labels`).

use super::key::Key;
use super::lexer::{Token, TokenKind};
use super::{Condition, Requirement};
use crate::matcher::go;

/// Parses a list of requirements.
pub(super) fn parse(tokens: &[Token<'_>]) -> Result<Vec<Requirement>, String> {
    let mut parser = Parser { tokens };
    let mut requirements = Vec::new();
    loop {
        let token = parser.peek_value();
        match token.kind {
            TokenKind::End => return Ok(requirements),
            TokenKind::Word | TokenKind::Not => {}
            _ => {
                let text = token.text;
                return Err(format!(
                    "found '{text}', expected: !, identifier, or 'end of string'"
                ));
            }
        }
        let requirement = parser
            .requirement()
            .map_err(|error| format!("unable to parse requirement: {error}"))?;
        requirements.push(requirement);
        let separator = parser.next_value();
        match separator.kind {
            TokenKind::End => return Ok(requirements),
            TokenKind::Comma => parser.expect_key()?,
            _ => {
                let text = separator.text;
                return Err(format!("found '{text}', expected: ',' or 'end of string'"));
            }
        }
    }
}

struct Parser<'a> {
    /// What is left; the last one is the end.
    tokens: &'a [Token<'a>],
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Token<'a> {
        self.tokens.first().copied().unwrap_or(Token {
            kind: TokenKind::End,
            text: "",
        })
    }

    fn next(&mut self) -> Token<'a> {
        let token = self.peek();
        self.tokens = self.tokens.get(1..).unwrap_or_default();
        token
    }

    /// The next token where `in` and `notin` are words.
    fn peek_value(&self) -> Token<'a> {
        as_value(self.peek())
    }

    fn next_value(&mut self) -> Token<'a> {
        as_value(self.next())
    }

    fn expect_key(&self) -> Result<(), String> {
        let token = self.peek_value();
        match token.kind {
            TokenKind::Word | TokenKind::Not => Ok(()),
            _ => {
                let text = token.text;
                Err(format!("found '{text}', expected: identifier after ','"))
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let mut token = self.next_value();
        let is_negated = token.kind == TokenKind::Not;
        if is_negated {
            token = self.next_value();
        }
        if token.kind != TokenKind::Word {
            return Err(format!("found '{}', expected: identifier", token.text));
        }
        check_key(token.text)?;
        let is_alone = matches!(self.peek_value().kind, TokenKind::End | TokenKind::Comma);
        // Behind a negated key nothing is read, and a condition is refused by the caller.
        let condition = match (is_negated, is_alone) {
            (true, _) => Condition::DoesNotExist,
            (false, true) => Condition::Exists,
            (false, false) => self.condition()?,
        };
        Ok(Requirement {
            key: Key::parse(token.text),
            condition,
        })
    }

    fn condition(&mut self) -> Result<Condition, String> {
        let operator = self.next();
        let condition = match operator.kind {
            TokenKind::In => Condition::In(self.values()?),
            TokenKind::NotIn => Condition::NotIn(self.values()?),
            TokenKind::Equals | TokenKind::DoubleEquals => Condition::In(self.value()?),
            TokenKind::NotEquals => Condition::NotIn(self.value()?),
            TokenKind::GreaterThan => Condition::GreaterThan(whole_number(&self.value()?)?),
            TokenKind::LessThan => Condition::LessThan(whole_number(&self.value()?)?),
            _ => {
                let text = operator.text;
                return Err(format!(
                    "found '{text}', expected: in, notin, =, ==, !=, gt, lt"
                ));
            }
        };
        if let Condition::In(values) | Condition::NotIn(values) = &condition {
            values.iter().try_for_each(|value| check_value(value))?;
        }
        Ok(condition)
    }

    /// The value behind an operator, which may be empty.
    fn value(&mut self) -> Result<Vec<String>, String> {
        let token = self.peek_value();
        match token.kind {
            TokenKind::End | TokenKind::Comma => Ok(vec![String::new()]),
            TokenKind::Word => {
                self.next();
                Ok(vec![token.text.to_owned()])
            }
            _ => Err(format!("found '{}', expected: identifier", token.text)),
        }
    }

    /// Values in parentheses, each of which may be empty.
    fn values(&mut self) -> Result<Vec<String>, String> {
        let open = self.next_value();
        if open.kind != TokenKind::Open {
            return Err(format!("found '{}' expected: '('", open.text));
        }
        let mut values = vec![String::new()];
        let mut is_behind_word = false;
        loop {
            let token = self.next_value();
            match token.kind {
                TokenKind::Close => return Ok(values),
                TokenKind::Comma => values.push(String::new()),
                TokenKind::Word if !is_behind_word => {
                    values.pop();
                    values.push(token.text.to_owned());
                }
                _ => {
                    let text = token.text;
                    let expected = if is_behind_word {
                        "',' or ')'"
                    } else {
                        "',', ')' or identifier"
                    };
                    return Err(format!("found '{text}', expected: {expected}"));
                }
            }
            is_behind_word = token.kind == TokenKind::Word;
        }
    }
}

fn as_value(token: Token<'_>) -> Token<'_> {
    match token.kind {
        TokenKind::In | TokenKind::NotIn => Token {
            kind: TokenKind::Word,
            ..token
        },
        _ => token,
    }
}

fn whole_number(values: &[String]) -> Result<i64, String> {
    let text = values.first().map_or("", String::as_str);
    check_value(text)?;
    text.parse().map_err(|_| {
        let text = go::quoted(text);
        format!("invalid value {text}: for 'Gt', 'Lt' operators, the value must be an integer")
    })
}

/// Checks that a key is `[prefix/]name`: the prefix a DNS name, the name of at most 63 characters.
fn check_key(key: &str) -> Result<(), String> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let is_label = |label: &str| {
        is_enclosed(label, |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit()
        }) && label
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let is_domain = |prefix: &str| prefix.len() <= 253 && prefix.split('.').all(is_label);
    if prefix.is_none_or(is_domain) && !name.is_empty() && is_name(name) {
        return Ok(());
    }
    Err(format!(
        "invalid key {}: a key is [prefix/]name, the prefix a DNS name, the name at most 63 of A-Z, \
         a-z, 0-9, '-', '_' and '.', with a letter or digit at both ends",
        go::quoted(key)
    ))
}

fn check_value(value: &str) -> Result<(), String> {
    if is_name(value) {
        return Ok(());
    }
    Err(format!(
        "invalid value {}: a value is empty or at most 63 of A-Z, a-z, 0-9, '-', '_' and '.', with \
         a letter or digit at both ends",
        go::quoted(value)
    ))
}

/// Whether a text is empty or the name of a label.
fn is_name(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    text.is_empty()
        || (text.len() <= 63
            && is_enclosed(text, |byte: u8| byte.is_ascii_alphanumeric())
            && text.bytes().all(is_inner))
}

/// Whether the first and the last byte are of a kind.
fn is_enclosed(text: &str, is_end: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|byte| is_end(*byte))
        && bytes.last().is_some_and(|byte| is_end(*byte))
}
