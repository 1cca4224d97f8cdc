//! The variants of `LogRecord`, which the type definitions of a stream identify.

use super::Error;
use crate::gob::{self, Field, Schema, Type, TypeId};
use crate::release::{Release, Releases};

/// A variant of `LogRecord`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variant {
    /// Cilium 1.12 to 1.15: labels are strings.
    A,
    /// Cilium 1.16: labels are structs, DNS addresses are bytes.
    B,
    /// Cilium 1.17 to 1.19: DNS addresses marshal themselves.
    #[default]
    C,
    /// Cilium 1.20-dev: no Kafka.
    D,
}

impl Variant {
    /// All variants, oldest first.
    pub const ALL: [Self; 4] = [Self::A, Self::B, Self::C, Self::D];

    /// The releases that send the variant.
    #[must_use]
    pub fn senders(self) -> Releases {
        match self {
            Self::A => Releases::before(Release::V1_16),
            Self::B => Releases::minor(1, 16),
            Self::C => Releases::between(Release::V1_17, Release::V1_20),
            Self::D => Releases::since(Release::V1_20),
        }
    }

    /// The variant of the struct `id`: the newest one that matches its fields.
    pub(super) fn of(schema: &Schema, id: TypeId) -> Result<Self, Error> {
        let fields = fields(schema, id)?;
        if !fields.iter().any(|field| &*field.name == "Timestamp") {
            return Err(Error::UnknownShape);
        }
        let labels = element(schema, fields, "SourceEndpoint", "Labels")?;
        let ips = element(schema, fields, "DNS", "IPs")?;
        let kafka = fields.iter().any(|field| &*field.name == "Kafka");
        Ok(match (labels, ips, kafka) {
            (Some(Type::String), ..) => Self::A,
            (_, Some(Type::Bytes), _) => Self::B,
            (_, _, true) => Self::C,
            _ => Self::D,
        })
    }
}

/// The type of the elements of the slice `inner` in the struct `outer`, if both exist.
fn element<'s>(
    schema: &'s Schema,
    record: &[Field],
    outer: &str,
    inner: &str,
) -> Result<Option<&'s Type>, gob::Error> {
    let Some(outer) = record.iter().find(|field| &*field.name == outer) else {
        return Ok(None);
    };
    let inner = fields(schema, outer.id)?
        .iter()
        .find(|field| &*field.name == inner);
    match inner.map(|field| schema.resolve(field.id)).transpose()? {
        Some(Type::Slice { elem }) => schema.resolve(*elem).map(Some),
        _ => Ok(None),
    }
}

fn fields(schema: &Schema, id: TypeId) -> Result<&[Field], gob::Error> {
    match schema.resolve(id)? {
        Type::Struct(fields) => Ok(fields),
        other => Err(gob::Error::TypeMismatch {
            wanted: "struct",
            found: other.name(),
        }),
    }
}
