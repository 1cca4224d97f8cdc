//! Finds the elements of a list.

use super::held::append;
use super::scan::Scan;

/// The longest name of a key, and the longest value of a field, that are kept.
const MAX_FIELD: usize = 4096;

/// Reads the elements that a [`Splitter`] finds.
pub trait ElementReader {
    /// Reads the element with which `json` begins, and returns its length. `json` may break off
    /// within the element, and go on behind it. `None` leaves it to the splitter to find the end;
    /// that is always right, and slower.
    fn read_first(&mut self, json: &[u8]) -> Option<usize> {
        let _ = json;
        None
    }

    /// Reads an element. Its end is where that of a valid value would be.
    fn read(&mut self, json: &[u8]);

    /// An element was longer than the limit, and was skipped.
    fn too_large(&mut self);

    /// Reads the value of a field beside the list.
    fn field(&mut self, name: &'static str, json: &[u8]) {
        let _ = (name, json);
    }
}

/// The text is not what was expected of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// A byte that cannot be there.
    #[error("unexpected data after {at} bytes of JSON")]
    Unexpected {
        /// How many bytes were in front of it.
        at: u64,
    },
    /// The text ends before the list does.
    #[error("the JSON breaks off after {at} bytes")]
    Cut {
        /// The length of the text.
        at: u64,
    },
}

/// Finds the elements of a list in a text that arrives in pieces.
#[derive(Debug)]
pub struct Splitter {
    shape: Shape,
    max_element: usize,
    state: State,
    /// The value that has begun.
    value: Option<(Role, Scan)>,
    /// What has arrived of it in earlier pieces.
    held: Vec<u8>,
    /// Whether it is longer than its limit.
    is_too_large: bool,
    /// The role of the value that follows the current key.
    next_role: Role,
    /// How many bytes came in earlier pieces.
    offset: u64,
}

/// The text that is expected.
#[derive(Clone, Copy, Debug)]
enum Shape {
    List,
    Object {
        list: &'static str,
        fields: &'static [&'static str],
    },
}

/// What comes next, apart from white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Begin,
    FirstElement,
    Element,
    AfterElement,
    FirstKey,
    Key,
    AfterKey,
    Value,
    AfterValue,
    End,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Element,
    Key,
    Field(&'static str),
    /// The list of an object.
    List,
    /// `null` in place of a list.
    Null,
    Other,
}

impl Splitter {
    /// Expects a list. Elements of more than `max_element` bytes are skipped.
    #[must_use]
    pub fn list(max_element: usize) -> Self {
        Self::new(Shape::List, max_element)
    }

    /// Expects an object, and in it the key `list` with a list. The values of `fields` are read as
    /// well, if they are not longer than 4 KiB; all others are skipped.
    #[must_use]
    pub fn object(list: &'static str, fields: &'static [&'static str], max_element: usize) -> Self {
        Self::new(Shape::Object { list, fields }, max_element)
    }

    fn new(shape: Shape, max_element: usize) -> Self {
        Self {
            shape,
            max_element,
            state: State::Begin,
            value: None,
            held: Vec::new(),
            is_too_large: false,
            next_role: Role::Other,
            offset: 0,
        }
    }

    /// Goes on with the next piece of the text, and hands the elements that end in it to `reader`.
    ///
    /// # Errors
    ///
    /// If the text is something else. What was read before stays valid.
    pub fn push(
        &mut self,
        bytes: &[u8],
        reader: &mut impl ElementReader,
    ) -> Result<(), SplitError> {
        let mut at = 0;
        while at < bytes.len() {
            at += match self.value {
                Some((role, scan)) => self.continue_value(role, scan, &bytes[at..], reader)?,
                None if bytes[at].is_ascii_whitespace() => 1,
                None => self.step(&bytes[at..], reader).ok_or({
                    let at = self.offset + at as u64;
                    SplitError::Unexpected { at }
                })?,
            };
        }
        self.offset += bytes.len() as u64;
        Ok(())
    }

    /// Ends the text.
    ///
    /// # Errors
    ///
    /// If the list had not ended.
    pub fn finish(&mut self) -> Result<(), SplitError> {
        if let Some((Role::Null, _)) = self.value {
            self.end_value(Role::Null, &[], &mut Nothing)?;
        }
        match self.state {
            State::End => Ok(()),
            _ => Err(SplitError::Cut { at: self.offset }),
        }
    }

    /// Takes the next byte, or a whole element; returns how much, or `None` if it cannot be there.
    fn step(&mut self, rest: &[u8], reader: &mut impl ElementReader) -> Option<usize> {
        let state = match (self.state, rest[0]) {
            (State::Begin, b'[') if matches!(self.shape, Shape::List) => State::FirstElement,
            (State::Begin, b'{') if matches!(self.shape, Shape::Object { .. }) => State::FirstKey,
            (State::Begin, b'n') => return self.begin(Role::Null, rest),
            (State::FirstElement, b']') | (State::AfterElement, b']') => self.after_list(),
            (State::FirstElement | State::Element, _) => return self.element(rest, reader),
            (State::AfterElement, b',') => State::Element,
            (State::FirstKey, b'}') | (State::AfterValue, b'}') => State::End,
            (State::FirstKey | State::Key, b'"') => return self.begin(Role::Key, rest),
            (State::AfterKey, b':') => State::Value,
            (State::Value, b'[') if self.next_role == Role::List => State::FirstElement,
            (State::Value, b'n') if self.next_role == Role::List => {
                return self.begin(Role::Other, rest);
            }
            (State::Value, _) if self.next_role != Role::List => {
                return self.begin(self.next_role, rest);
            }
            (State::AfterValue, b',') => State::Key,
            _ => return None,
        };
        self.state = state;
        Some(1)
    }

    fn after_list(&self) -> State {
        match self.shape {
            Shape::List => State::End,
            Shape::Object { .. } => State::AfterValue,
        }
    }

    fn element(&mut self, rest: &[u8], reader: &mut impl ElementReader) -> Option<usize> {
        let within = &rest[..rest.len().min(self.max_element)];
        match reader.read_first(within) {
            Some(length) if (1..=within.len()).contains(&length) => {
                self.state = State::AfterElement;
                Some(length)
            }
            _ => self.begin(Role::Element, rest),
        }
    }

    /// Begins a value, without taking any of it.
    fn begin(&mut self, role: Role, rest: &[u8]) -> Option<usize> {
        self.value = Some((role, Scan::begin(rest[0])?));
        self.held.clear();
        self.is_too_large = false;
        Some(0)
    }

    /// Goes on with a value; returns how many bytes belong to it.
    fn continue_value(
        &mut self,
        role: Role,
        mut scan: Scan,
        rest: &[u8],
        reader: &mut impl ElementReader,
    ) -> Result<usize, SplitError> {
        let end = scan.advance(rest);
        let length = end.unwrap_or(rest.len());
        let limit = self.limit(role);
        if self.held.len() + length > limit {
            self.is_too_large = true;
            self.held = Vec::new();
        }
        if end.is_some() {
            self.end_value(role, &rest[..length], reader)?;
        } else {
            if !self.is_too_large {
                append(&mut self.held, &rest[..length], limit);
            }
            self.value = Some((role, scan));
        }
        Ok(length)
    }

    /// The length up to which a value is kept.
    fn limit(&self, role: Role) -> usize {
        match role {
            Role::Element => self.max_element,
            Role::Other | Role::List => 0,
            Role::Key | Role::Field(_) | Role::Null => MAX_FIELD,
        }
    }

    /// Hands on a value, whose last piece is `tail`.
    fn end_value(
        &mut self,
        role: Role,
        tail: &[u8],
        reader: &mut impl ElementReader,
    ) -> Result<(), SplitError> {
        self.value = None;
        let mut held = std::mem::take(&mut self.held);
        let json = match held.is_empty() || self.is_too_large {
            true => tail,
            false => {
                append(&mut held, tail, self.limit(role));
                &held
            }
        };
        self.state = match role {
            Role::Element => State::AfterElement,
            Role::Key => State::AfterKey,
            Role::Null => State::End,
            Role::Field(_) | Role::List | Role::Other => State::AfterValue,
        };
        match role {
            Role::Element if self.is_too_large => reader.too_large(),
            Role::Element => reader.read(json),
            Role::Key if self.is_too_large => self.next_role = Role::Other,
            Role::Key => self.next_role = self.role_of(json),
            Role::Field(name) if !self.is_too_large => reader.field(name, json),
            Role::Null if json != b"null" => {
                return Err(SplitError::Unexpected { at: self.offset });
            }
            _ => {}
        }
        held.clear();
        self.held = held;
        Ok(())
    }

    /// The role of the value of a key, which is in quotes.
    fn role_of(&self, key: &[u8]) -> Role {
        let Shape::Object { list, fields } = self.shape else {
            return Role::Other;
        };
        let key = key.get(1..key.len().saturating_sub(1)).unwrap_or_default();
        let is_key = |name: &&&str| name.as_bytes() == key;
        match fields.iter().find(is_key) {
            Some(name) => Role::Field(name),
            None if list.as_bytes() == key => Role::List,
            None => Role::Other,
        }
    }
}

/// Reads nothing.
struct Nothing;

impl ElementReader for Nothing {
    fn read(&mut self, _: &[u8]) {}

    fn too_large(&mut self) {}
}
