//! Labels: an endpoint's are the longest part of a record, and the same in all records of its
//! identity.

use super::{Error, tag};
use crate::gob::{Reader, Schema, Type, TypeId, Value};
use crate::text::Text;
use std::fmt::{Debug, Formatter};

/// The security labels of an endpoint, `source:key=value`, or `source:key` when the value is empty.
#[derive(Debug, Clone, Copy, Default)]
pub struct Labels<'a> {
    bytes: &'a [u8],
    form: LabelForm,
    schema: Option<&'a Schema>,
}

/// What the bytes of labels mean: equal bytes of one form are equal labels.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct LabelForm {
    /// The definitions that came with them.
    pub(super) serial: u64,
    list: TypeId,
}

/// Without the number of the definitions, which depends on what else the process has read.
impl Debug for LabelForm {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LabelForm")
            .field("list", &self.list)
            .finish_non_exhaustive()
    }
}

impl<'a> Labels<'a> {
    /// Checks the labels of the endpoint `identity`, or passes over them if they are known.
    pub(super) fn read(
        value: Value<'_, 'a>,
        identity: u64,
        memory: &mut Memory,
    ) -> Result<Self, Error> {
        let (schema, list) = (Some(value.schema()), value.id());
        let labels = |bytes| Self {
            bytes,
            form: LabelForm { serial: 0, list },
            schema,
        };
        let value = match memory.known(identity, list) {
            Some(known) => match value.pass(known) {
                Ok(bytes) => return Ok(labels(bytes)),
                Err(value) => value,
            },
            None => value,
        };
        let (bytes, rest) = value.bytes(|value| value.elements(|label| parts(label).map(drop)))?;
        // The end of the message may have ended the last label: another message could have more of
        // it.
        if !rest.is_empty() {
            memory.learn(identity, list, bytes);
        }
        Ok(labels(bytes))
    }

    /// These labels as a decoder's that calls their definitions `serial`.
    pub(super) fn of_definitions(self, serial: u64) -> Self {
        Self {
            form: LabelForm {
                serial,
                ..self.form
            },
            ..self
        }
    }

    /// Labels whose texts are not known any more.
    pub(super) fn of_form(form: LabelForm, bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            form,
            schema: None,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        matches!(self.bytes, [] | [0])
    }

    /// Their bytes, and what these mean.
    #[must_use]
    pub fn raw(self) -> (LabelForm, &'a [u8]) {
        (self.form, self.bytes)
    }

    /// Their texts; none if they come from a [`Kept`](super::Kept).
    #[must_use]
    pub fn to_vec(self) -> Vec<String> {
        let mut texts = Vec::new();
        let Some(schema) = self.schema else {
            return texts;
        };
        // What is right was found out when they were first read.
        let _ = Value::new(&mut Reader::new(self.bytes), schema, self.form.list)
            .elements(|label| parts(label).map(|parts| texts.push(parts.text())));
        texts
    }
}

/// A label as it was sent.
enum Parts<'a> {
    Whole(Text<'a>),
    Split {
        source: Text<'a>,
        key: Text<'a>,
        value: Text<'a>,
    },
}

fn parts<'a>(label: Value<'_, 'a>) -> Result<Parts<'a>, Error> {
    if *label.ty()? == Type::String {
        return Ok(Parts::Whole(Text(label.string()?)));
    }
    let (mut source, mut key, mut value) = (Text::default(), Text::default(), Text::default());
    let mut fields = label.tagged()?;
    while let Some((tag, field)) = fields.next()? {
        match tag {
            tag::SOURCE => source = Text(field.tagged_string()?),
            tag::KEY => key = Text(field.tagged_string()?),
            tag::VALUE => value = Text(field.tagged_string()?),
            _ => tag::pass(tag, field, &[tag::SOURCE, tag::KEY, tag::VALUE])?,
        }
    }
    Ok(Parts::Split { source, key, value })
}

impl Parts<'_> {
    fn text(self) -> String {
        let (source, key, value) = match self {
            Self::Whole(text) => return text.to_owned(),
            Self::Split { source, key, value } => (source.lossy(), key.lossy(), value.lossy()),
        };
        let mut label = String::with_capacity(source.len() + key.len() + value.len() + 2);
        label.extend([&*source, ":", &*key]);
        if !value.is_empty() {
            label.extend(["=", &*value]);
        }
        label
    }
}

/// Labels that were found right, by identity. Their place is the identity's low bits, so that
/// identities of equal ones take turns; a cluster numbers its own without gaps.
#[derive(Debug, Default)]
pub(super) struct Memory {
    slots: Vec<Slot>,
}

/// Identities that are remembered.
const SLOTS: usize = 256;

/// Bytes of labels that are remembered, at most.
const LONGEST: usize = 1024;

#[derive(Debug, Clone, Default)]
struct Slot {
    identity: u64,
    list: TypeId,
    /// Empty in a slot that was never used: labels have a count, at least.
    bytes: Vec<u8>,
}

impl Memory {
    fn known(&self, identity: u64, list: TypeId) -> Option<&[u8]> {
        let slot = self.slots.get(place(identity))?;
        (slot.identity == identity && slot.list == list && !slot.bytes.is_empty())
            .then_some(&slot.bytes)
    }

    fn learn(&mut self, identity: u64, list: TypeId, bytes: &[u8]) {
        if bytes.len() > LONGEST {
            return;
        }
        let place = place(identity);
        if self.slots.len() <= place {
            self.slots.resize_with(place + 1, Slot::default);
        }
        let slot = &mut self.slots[place];
        (slot.identity, slot.list) = (identity, list);
        slot.bytes.clear();
        slot.bytes.extend_from_slice(bytes);
    }
}

fn place(identity: u64) -> usize {
    usize::try_from(identity % SLOTS as u64).unwrap_or_default()
}
