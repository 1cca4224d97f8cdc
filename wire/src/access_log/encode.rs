//! Encodes a `LogRecord` in any variant, byte for byte as Cilium's agent does.
//!
//! The one difference is maps of two keys or more: Go writes them in random order, this encoder in
//! the order of the keys.

use super::go_struct::GoStruct;
use super::{LogRecord, MESSAGE_TYPE, Variant};
use crate::gob::{StructWriter, TypeId, put_int, write_message};

/// Encodes records of one variant.
#[derive(Debug)]
pub struct Encoder {
    variant: Variant,
    id: TypeId,
    /// The frames of the type definitions, which come with every record.
    definitions: Vec<u8>,
    /// Kept for its capacity.
    body: Vec<u8>,
}

impl Encoder {
    /// Returns an encoder that numbers its types from `first`.
    #[must_use]
    pub fn new(variant: Variant, first: TypeId) -> Self {
        let mut definitions = Vec::new();
        let id = LogRecord::go_type(variant).define(first, &mut definitions);
        Self {
            variant,
            id,
            definitions,
            body: Vec::new(),
        }
    }

    /// Appends the data of a payload that carries `record`.
    ///
    /// [`Variant::D`] has no Kafka, so that part is left out.
    pub fn encode(&mut self, record: &LogRecord, out: &mut Vec<u8>) {
        self.body.clear();
        put_int(&mut self.body, self.id.0);
        let mut fields = StructWriter::new(&mut self.body);
        record.write(&mut fields, self.variant);
        fields.end();
        out.push(MESSAGE_TYPE);
        out.extend_from_slice(&self.definitions);
        write_message(out, &self.body);
    }
}
