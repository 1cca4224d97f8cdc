//! Why filters cannot be compiled.

use crate::limits::{MAX_FILTERS, MAX_VALUES};

/// Why filters cannot be compiled. The texts are Hubble's where it has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// The lists are too long.
    #[error("there are {0} filters, and {MAX_FILTERS} are allowed")]
    TooManyFilters(usize),
    /// The fields of a filter have too many values.
    #[error("a filter has {0} values, and {MAX_VALUES} are allowed")]
    TooManyValues(usize),
    /// A filter has an expression of the Common Expression Language.
    #[error("cel expressions are not supported")]
    CelExpression,
    /// A value is invalid.
    #[error("{0}")]
    InvalidValue(String),
}

impl FilterError {
    /// An invalid value.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::InvalidValue(message.into())
    }

    /// Puts the name of the field before the message of an invalid value, as in `invalid source port
    /// filter: …`.
    pub(crate) fn of_field(self, field: &str) -> Self {
        match self {
            Self::InvalidValue(message) => {
                Self::InvalidValue(format!("invalid {field} filter: {message}"))
            }
            other => other,
        }
    }
}
