//! Errors of access-log records.

use crate::gob;
use crate::label::labels;

/// An error in an access-log record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The data is not marked as an access-log record; the byte is missing when there is no data.
    #[error("message type {0:?} is not an access-log record")]
    NotAccessLog(Option<u8>),
    /// The data is longer than [`MAX_RECORD`](super::MAX_RECORD).
    #[error(
        "{length} bytes of access-log record, the limit is {}",
        super::MAX_RECORD
    )]
    TooLarge {
        /// The length of the data.
        length: usize,
    },
    /// The value in the stream is not a `LogRecord`.
    #[error("the value is not a LogRecord")]
    UnknownShape,
    /// A number exceeds the range of the field in Cilium.
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
    /// An address in a DNS answer has this number of bytes.
    #[error("an address of {0} bytes")]
    AddressLength(usize),
    /// The bytes are not gob, or a field has another type.
    #[error("broken gob: {0}")]
    Gob(#[from] gob::Error),
}

labels! {
    Error {
        Error::NotAccessLog(_) => "not_access_log",
        Error::TooLarge { .. } => "access_log_too_large",
        Error::UnknownShape => "access_log_unknown_shape",
        Error::OutOfRange(_) => "access_log_out_of_range",
        Error::AddressLength(_) => "access_log_address_length",
    }
    else Error::Gob(error) => error.as_str()
}
