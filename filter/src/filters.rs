//! The two lists of filters of a request.

use crate::{FilterError, FlowFilter, Matcher};

/// An allow list and a deny list, as in Hubble's `GetFlowsRequest`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// A record passes if one of these matches it, or if there are none.
    pub allow: Vec<FlowFilter>,
    /// A record that one of these matches does not pass.
    pub deny: Vec<FlowFilter>,
}

impl Filters {
    /// Whether all records pass, because there is no filter.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty()
    }

    /// Compiles the lists.
    ///
    /// # Errors
    ///
    /// A value is invalid, or there are too many: see [`Matcher::compile`].
    pub fn compile(&self) -> Result<Matcher, FilterError> {
        Matcher::compile(&self.allow, &self.deny)
    }
}
