//! Errors of a frame or of the whole stream.

use crate::gob;
use crate::label::labels;

/// An error in a monitor stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A frame is longer than the decoder's limit.
    #[error("a frame of {length} bytes, the limit is {limit}")]
    FrameTooLarge {
        /// The length on the wire.
        length: u64,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The stream ends inside a frame, or after a type definition without a value.
    #[error("the stream ends inside a message")]
    UnexpectedEof,
    /// The type on the wire cannot be Cilium's `Payload`.
    #[error("unknown Payload shape: {0}")]
    UnknownShape(#[from] Mismatch),
    /// The bytes are not gob.
    #[error("broken gob: {0}")]
    Gob(gob::Error),
}

/// A difference between a type and Cilium's `Payload`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The type is not a struct.
    #[error("{found} where a struct is expected")]
    NotAStruct {
        /// The kind of type.
        found: &'static str,
    },
    /// The type has none of the fields `Data`, `CPU`, `Lost` and `Type`.
    #[error("none of its fields is known")]
    NoKnownField,
    /// A field has another type.
    #[error("field {field} is {found}, not {wanted}")]
    FieldType {
        /// The field's name.
        field: &'static str,
        /// The kind in Cilium.
        wanted: &'static str,
        /// The kind on the wire.
        found: &'static str,
    },
}

labels! {
    Error {
        Error::FrameTooLarge { .. } => "frame_too_large",
        Error::UnexpectedEof => "unexpected_eof",
        Error::UnknownShape(_) => "unknown_payload_shape",
    }
    else Error::Gob(error) => error.as_str()
}

impl From<gob::Error> for Error {
    fn from(error: gob::Error) -> Self {
        match error {
            gob::Error::MessageTooLarge { length, limit } => Self::FrameTooLarge { length, limit },
            other => Self::Gob(other),
        }
    }
}
