//! Errors of gob streams, definitions and values.

use crate::label::labels;

/// An error in gob bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A message ends inside a value.
    #[error("the message ends inside a value")]
    Truncated,
    /// An integer claims more than eight bytes.
    #[error("an integer of {0} bytes, the most is 8")]
    IntegerTooLong(usize),
    /// A message is longer than the reader's limit.
    #[error("a message of {length} bytes, the limit is {limit}")]
    MessageTooLarge {
        /// The length on the wire.
        length: u64,
        /// The reader's limit, in bytes.
        limit: usize,
    },
    /// A byte string, or a count of elements, exceeds the rest of its message.
    #[error("a length of {length} with {left} bytes left in the message")]
    LengthOutOfRange {
        /// The length or count on the wire.
        length: u64,
        /// The number of bytes left in the message.
        left: usize,
    },
    /// An array's count differs from the length of its type.
    #[error("{count} elements for an array of {length}")]
    ArrayLength {
        /// The count on the wire.
        count: u64,
        /// The length in the definition.
        length: u64,
    },
    /// A struct's field number is at or above the number of its fields.
    #[error("field {field} of a struct with {count} fields")]
    FieldOutOfRange {
        /// The field number on the wire.
        field: u64,
        /// The number of fields in the definition.
        count: usize,
    },
    /// A value nests deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
    #[error("values nest deeper than {}", super::MAX_DEPTH)]
    NestingTooDeep,
    /// A value's type on the wire is not the one that its reader expects.
    #[error("{found} where {wanted} is expected")]
    TypeMismatch {
        /// The type that the reader expects.
        wanted: &'static str,
        /// The type in the definition.
        found: &'static str,
    },
    /// An interface value. No type of the monitor socket has any.
    #[error("an interface value")]
    InterfaceValue,
    /// A value of a type, or a reference to one, that the stream has not defined.
    #[error("type {0} is not defined")]
    UnknownType(i64),
    /// A definition of an id that is reserved for the built-in types.
    #[error("definition of reserved type {0}")]
    ReservedType(i64),
    /// A second definition of an id.
    #[error("type {0} is defined twice")]
    DuplicateType(i64),
    /// A definition that is not a `wireType`.
    #[error("malformed type definition: {0}")]
    BadDefinition(&'static str),
    /// More definitions than [`MAX_TYPES`](super::MAX_TYPES).
    #[error("more than {} types", super::MAX_TYPES)]
    TooManyTypes,
    /// A struct with more fields than [`MAX_FIELDS`](super::MAX_FIELDS).
    #[error("a struct with more than {} fields", super::MAX_FIELDS)]
    TooManyFields,
    /// Definitions whose total size exceeds [`MAX_DEFINITION_BYTES`](super::MAX_DEFINITION_BYTES).
    #[error("more than {} bytes of type definitions", super::MAX_DEFINITION_BYTES)]
    DefinitionsTooLarge,
    /// A stream that should carry one value ends before the value.
    #[error("the stream ends before its value")]
    MissingValue,
}

labels! {
    Error {
        Error::Truncated => "gob_truncated",
        Error::IntegerTooLong(_) => "gob_integer_too_long",
        Error::MessageTooLarge { .. } => "gob_message_too_large",
        Error::LengthOutOfRange { .. } => "gob_length_out_of_range",
        Error::ArrayLength { .. } => "gob_array_length",
        Error::FieldOutOfRange { .. } => "gob_field_out_of_range",
        Error::NestingTooDeep => "gob_nesting_too_deep",
        Error::TypeMismatch { .. } => "gob_type_mismatch",
        Error::InterfaceValue => "gob_interface_value",
        Error::UnknownType(_) => "gob_unknown_type",
        Error::ReservedType(_) => "gob_reserved_type",
        Error::DuplicateType(_) => "gob_duplicate_type",
        Error::BadDefinition(_) => "gob_bad_definition",
        Error::TooManyTypes => "gob_too_many_types",
        Error::TooManyFields => "gob_too_many_fields",
        Error::DefinitionsTooLarge => "gob_definitions_too_large",
        Error::MissingValue => "gob_missing_value",
    }
}
