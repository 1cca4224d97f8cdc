//! Filters compiled to tests, which are compared with the fields of a record.
//!
//! A filter becomes a list of tests, one for each field that is set, the cheapest first; a field that
//! is not set costs nothing. [`test`] has those of numbers, [`text`] those of texts; `compile` makes
//! both from a [`FlowFilter`].

mod address;
mod compile;
mod event_type;
mod glob;
pub(crate) mod go;
mod http;
mod interface;
mod label;
mod node_pattern;
mod not_carried;
mod protocol;
mod regex;
mod set;
mod test;
mod text;
mod uri;

use tidegate_model::Record;
use tidegate_model::flow::{Endpoint, Flow};

use crate::limits::MAX_FILTERS;
use crate::{Context, FilterError, FlowFilter};
use test::Test;

/// A compiled allow list and deny list.
#[derive(Debug)]
pub struct Matcher {
    allow: Box<[Filter]>,
    deny: Box<[Filter]>,
}

/// A compiled filter: all tests have to match.
#[derive(Debug)]
struct Filter {
    tests: Box<[Test]>,
}

/// The sender or the receiver of a flow.
#[derive(Clone, Copy, Debug)]
enum Side {
    Source,
    Destination,
}

impl Side {
    fn endpoint(self, flow: &Flow) -> &Endpoint {
        match self {
            Self::Source => &flow.source,
            Self::Destination => &flow.destination,
        }
    }
}

impl Matcher {
    /// Compiles filters. A record passes if one filter of `allow` matches it, or `allow` is empty, and
    /// no filter of `deny` does.
    ///
    /// # Errors
    ///
    /// A value is invalid, a filter has an expression of the Common Expression Language, or there are
    /// more filters or values than [`MAX_FILTERS`] and [`MAX_VALUES`](crate::MAX_VALUES).
    pub fn compile(allow: &[FlowFilter], deny: &[FlowFilter]) -> Result<Self, FilterError> {
        let count = allow.len() + deny.len();
        if count > MAX_FILTERS {
            return Err(FilterError::TooManyFilters(count));
        }
        let compile = |filters: &[FlowFilter]| {
            filters
                .iter()
                .map(Filter::compile)
                .collect::<Result<_, _>>()
        };
        Ok(Self {
            allow: compile(allow)?,
            deny: compile(deny)?,
        })
    }

    /// Whether a record passes.
    ///
    /// `bytes` are those of the record's batch. A record other than a flow has no field but the type
    /// of an event: it matches few filters, as in Hubble's exporter, and an event that is not decoded
    /// yet has the type of its first bytes. Lost events match every `event_type`.
    #[must_use]
    #[inline]
    pub fn matches(&self, record: &Record, bytes: &[u8], context: &Context) -> bool {
        match record {
            Record::Flow(flow) => self.passes(|test| test.matches(flow, context)),
            other => self.passes(|test| test.matches_other(other, bytes)),
        }
    }

    #[inline]
    fn passes(&self, matches: impl Fn(&Test) -> bool) -> bool {
        let any = |filters: &[Filter]| {
            filters
                .iter()
                .any(|filter| filter.tests.iter().all(&matches))
        };
        (self.allow.is_empty() || any(&self.allow)) && !any(&self.deny)
    }
}
