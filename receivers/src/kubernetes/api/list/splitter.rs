//! Splits the JSON text of a list, which arrives in pieces, into its items and what is around them.
//! It follows strings and nesting only; whether the parts are JSON is for their parser to decide.

/// The largest size of everything but the items.
const MAX_ENVELOPE: usize = 64 << 10;

/// Splits a list.
#[derive(Debug)]
pub(super) struct ItemSplitter {
    max_item: usize,
    /// The text without the items.
    envelope: Vec<u8>,
    /// The item so far.
    item: Vec<u8>,
    is_item_too_large: bool,
    state: State,
    /// How many objects and arrays are open.
    depth: usize,
    is_within_items: bool,
}

/// Whether a byte is part of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Outside,
    InString,
    Escaped,
}

/// Why a text is no list.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAList {
    #[error("more than {MAX_ENVELOPE} bytes beside the items of a list")]
    EnvelopeTooLarge,
    #[error("a bracket that closes nothing")]
    Unbalanced,
}

/// The depth of the list itself, and of its items.
const IN_LIST: usize = 1;
const IN_ITEMS: usize = 2;

impl ItemSplitter {
    pub(super) fn new(max_item: usize) -> Self {
        Self {
            max_item,
            envelope: Vec::new(),
            item: Vec::new(),
            is_item_too_large: false,
            state: State::Outside,
            depth: 0,
            is_within_items: false,
        }
    }

    /// The text without the items.
    pub(super) fn envelope(&self) -> &[u8] {
        &self.envelope
    }

    /// Reads a piece, and calls `on_item` with each item that ends in it; with `None` for one that is
    /// too large.
    pub(super) fn split(
        &mut self,
        piece: &[u8],
        on_item: &mut impl FnMut(Option<&[u8]>),
    ) -> Result<(), NotAList> {
        for byte in piece {
            self.byte(*byte, on_item)?;
        }
        Ok(())
    }

    fn byte(&mut self, byte: u8, on_item: &mut impl FnMut(Option<&[u8]>)) -> Result<(), NotAList> {
        let is_between_items = self.is_within_items && self.depth == IN_ITEMS;
        match (self.state, byte) {
            (State::Escaped, _) => self.state = State::InString,
            (State::InString, b'\\') => self.state = State::Escaped,
            (State::InString, b'"') => self.state = State::Outside,
            (State::Outside, b'"') => self.state = State::InString,
            (State::Outside, b',') if is_between_items => {
                self.end_item(on_item);
                return Ok(());
            }
            (State::Outside, b'[' | b'{') => {
                self.depth += 1;
                if byte == b'[' && self.depth == IN_ITEMS && self.is_after_key() {
                    self.is_within_items = true;
                    return self.push_envelope(byte);
                }
            }
            (State::Outside, b']' | b'}') => {
                self.depth = self.depth.checked_sub(1).ok_or(NotAList::Unbalanced)?;
                if self.is_within_items && self.depth == IN_LIST {
                    self.end_item(on_item);
                    self.is_within_items = false;
                }
            }
            _ => {}
        }
        if self.is_within_items {
            self.push_item(byte);
            return Ok(());
        }
        self.push_envelope(byte)
    }

    /// Whether the key `items` of the list was the last token.
    fn is_after_key(&self) -> bool {
        let text = self.envelope.trim_ascii_end();
        let key = text.strip_suffix(b":").map(<[u8]>::trim_ascii_end);
        let before = key.and_then(|key| key.strip_suffix(b"\"items\""));
        before.is_some_and(|before| !before.ends_with(b"\\"))
    }

    fn push_envelope(&mut self, byte: u8) -> Result<(), NotAList> {
        if self.envelope.len() == MAX_ENVELOPE {
            return Err(NotAList::EnvelopeTooLarge);
        }
        self.envelope.push(byte);
        Ok(())
    }

    fn push_item(&mut self, byte: u8) {
        if self.item.len() < self.max_item {
            self.item.push(byte);
        } else {
            self.is_item_too_large = true;
        }
    }

    fn end_item(&mut self, on_item: &mut impl FnMut(Option<&[u8]>)) {
        let item = self.item.trim_ascii();
        if self.is_item_too_large {
            on_item(None);
        } else if !item.is_empty() {
            on_item(Some(item));
        }
        self.item.clear();
        self.is_item_too_large = false;
    }
}
