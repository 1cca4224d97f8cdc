//! How to decode each field of a value, determined once from the type definition.

use super::fast_path::FastPath;
use super::{Error, Mismatch, Payload};
use crate::gob::{self, Fields, Reader, Schema, Type, TypeId, Value};

/// How to decode values of one type.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) id: TypeId,
    /// The role of each field, by number.
    roles: Box<[Role]>,
    /// The fast path, if the type allows it.
    pub(super) fast_path: Option<FastPath>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Data,
    Cpu,
    Lost,
    Kind,
    /// An unknown field of this type.
    Unknown(TypeId),
}

impl Plan {
    /// Returns the plan for type `id`, whose fields are matched by name.
    pub(super) fn new(schema: &Schema, id: TypeId) -> Result<Self, Error> {
        let fields = match schema.resolve(id)? {
            Type::Struct(fields) => fields,
            other => {
                return Err(Mismatch::NotAStruct {
                    found: other.name(),
                }
                .into());
            }
        };
        let roles = fields.iter().map(|field| Role::of(field, schema));
        let roles = roles.collect::<Result<Box<[_]>, _>>()?;
        if roles.iter().all(|role| matches!(role, Role::Unknown(_))) {
            return Err(Mismatch::NoKnownField.into());
        }
        let as_upstream = *roles == [Role::Data, Role::Cpu, Role::Lost, Role::Kind];
        let fast_path = if as_upstream { FastPath::new(id) } else { None };
        Ok(Self {
            id,
            roles,
            fast_path,
        })
    }

    /// Decodes the fields of one value.
    #[inline]
    pub(super) fn read<'a>(
        &self,
        reader: &mut Reader<'a>,
        schema: &Schema,
    ) -> Result<Payload<'a>, gob::Error> {
        let mut payload = Payload::default();
        let mut fields = Fields::new(self.roles.len());
        while let Some(number) = fields.next(reader)? {
            match self.roles[number] {
                Role::Data => payload.data = reader.bytes()?,
                Role::Cpu => payload.cpu = reader.int()?,
                Role::Lost => payload.lost = reader.uint()?,
                Role::Kind => payload.kind = reader.int()?,
                Role::Unknown(id) => *reader = Reader::new(skip(reader.rest(), schema, id)?),
            }
        }
        Ok(payload)
    }
}

/// Skips a value of type `id`, and returns the bytes after it. Takes a slice instead of the reader,
/// so that the reader of the hot loop stays in registers.
#[cold]
fn skip<'a>(bytes: &'a [u8], schema: &Schema, id: TypeId) -> Result<&'a [u8], gob::Error> {
    // The bytes outlive the schema, but a value has one lifetime for both.
    let mut reader = Reader::new(bytes);
    Value::new(&mut reader, schema, id).skip()?;
    let left = reader.rest().len();
    Ok(&bytes[bytes.len() - left..])
}

impl Role {
    fn of(field: &gob::Field, schema: &Schema) -> Result<Self, Error> {
        let (role, field_name, wanted) = match &*field.name {
            "Data" => (Self::Data, "Data", &Type::Bytes),
            "CPU" => (Self::Cpu, "CPU", &Type::Int),
            "Lost" => (Self::Lost, "Lost", &Type::Uint),
            "Type" => (Self::Kind, "Type", &Type::Int),
            _ => return Ok(Self::Unknown(field.id)),
        };
        let found = schema.resolve(field.id)?;
        if found == wanted {
            return Ok(role);
        }
        Err(Mismatch::FieldType {
            field: field_name,
            wanted: wanted.name(),
            found: found.name(),
        }
        .into())
    }
}
