//! Protobuf's JSON mapping of the values of a filter, for any format that serde reads.

mod enumeration;
mod message;
mod number;
mod tcp_flags;

pub(crate) use enumeration::{
    directions, drop_reason_number, drop_reasons, ip_versions, verdict_number, verdicts,
};
pub(crate) use message::{Message, message, read_message};
pub(crate) use number::{number, numbers};
pub(crate) use tcp_flags::tcp_flags;

use serde::{Deserialize, Deserializer};

/// Reads a list; `null` is an empty one.
pub(crate) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    input: D,
) -> Result<Vec<T>, D::Error> {
    value(input)
}

/// Reads a value; `null` is its default.
pub(crate) fn value<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    input: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(input)?.unwrap_or_default())
}
