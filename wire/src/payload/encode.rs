//! Encodes the stream of one connection, byte for byte as Cilium's agent does.

use super::Payload;
use crate::gob::{GoType, StructWriter, TypeId, put_int, write_message};

/// The encoder of one connection.
#[derive(Debug)]
pub struct Encoder {
    id: TypeId,
    /// The frame of the type definition, until it is written.
    definition: Vec<u8>,
    /// Kept for its capacity.
    body: Vec<u8>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new(TypeId::FIRST)
    }
}

impl Encoder {
    /// Returns an encoder in which `Payload` has this type id.
    ///
    /// Current agents use [`TypeId::FIRST`] if a datapath event is the first one; any greater id is
    /// valid, too.
    #[must_use]
    pub fn new(id: TypeId) -> Self {
        let mut definition = Vec::new();
        payload_type().define(id, &mut definition);
        Self {
            id,
            definition,
            body: Vec::new(),
        }
    }

    /// Appends the frame of one value, and the frame of the type definition before the first one.
    pub fn encode(&mut self, payload: &Payload<'_>, out: &mut Vec<u8>) {
        out.append(&mut self.definition);
        self.body.clear();
        put_int(&mut self.body, self.id.0);
        let mut fields = StructWriter::new(&mut self.body);
        fields
            .bytes(payload.data)
            .int(payload.cpu)
            .uint(payload.lost)
            .int(payload.kind);
        fields.end();
        write_message(out, &self.body);
    }
}

fn payload_type() -> GoType {
    let fields = [
        ("Data", TypeId::BYTES),
        ("CPU", TypeId::INT),
        ("Lost", TypeId::UINT),
        ("Type", TypeId::INT),
    ];
    GoType::structure(
        "Payload",
        fields.map(|(name, id)| (name, GoType::built_in(id))),
    )
}
