//! Go's `encoding/gob`: the framing, the primitives and the type definitions of a stream.
//!
//! Follows the documentation of `encoding/gob` and the behaviour of Go 1.19 and later. A stream is
//! a sequence of length-prefixed messages; each one defines a type or holds a value of a defined
//! type.
//!
//! Reading order: [`Reader`] reads primitives, [`split`] and [`Header`] frame messages, a
//! [`Definition`] is a parsed type definition and a [`Schema`] has all definitions of one stream, a
//! [`Value`] reads any value by its type, [`Documents`] opens short streams that carry one value
//! each. [`StructWriter`] and [`GoType`] encode.
//!
//! All input may be hostile. Lengths and counts are checked against the available bytes, nesting,
//! types and fields are limited, and nothing is allocated for a length before it is checked.
//! Interface values are refused, since nothing on the monitor socket uses them.

mod definition;
mod document;
mod error;
mod go_type;
mod limits;
mod message;
mod reader;
mod schema;
mod types;
mod value;
mod writer;

pub use definition::Definition;
pub use document::{Document, Documents};
pub use error::Error;
pub use go_type::{GoShape, GoType};
pub use limits::{MAX_DEFINITION_BYTES, MAX_DEPTH, MAX_FIELDS, MAX_TYPES};
pub use message::{Header, Split, prefix_len, split, write_message};
pub use reader::{Fields, Reader};
pub use schema::{Schema, Tag, TagOf};
pub use types::{Field, Marshaler, Type, TypeId};
pub use value::{TaggedFields, Value};
pub use writer::{StructWriter, put_bytes, put_int, put_uint, uint_len};
