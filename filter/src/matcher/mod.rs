//! Filters compiled to tests, which are compared with the fields of a record.
//!
//! A filter becomes a list of tests, one for each field that is set, the cheapest first; a field that
//! is not set costs nothing. [`mod@test`] has those of numbers, [`text`] those of texts; `compile` makes
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
pub struct Matcher(Lists);

#[derive(Debug)]
enum Lists {
    /// One filter of one field is allowed, such as a port. Most rules are of this form, which is
    /// matched without loops.
    Field(Test),
    Filters {
        allow: Box<[Filter]>,
        deny: Box<[Filter]>,
    },
}

/// A compiled filter: all tests have to match.
#[derive(Debug)]
struct Filter {
    tests: Box<[Test]>,
}

/// A loop over flows, for [`Matcher::for_flows`].
pub trait FlowLoop {
    /// Runs it. `matches` is whether a flow passes the matcher.
    fn run(self, matches: impl Fn(&Flow) -> bool);
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
        Ok(Self(Lists::new(compile(allow)?, compile(deny)?)))
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
            Record::Flow(flow) => self.matches_flow(flow, context),
            other => self.matches_other(other, bytes),
        }
    }

    /// As [`Self::matches`], for a flow.
    #[must_use]
    #[inline]
    pub fn matches_flow(&self, flow: &Flow, context: &Context) -> bool {
        match &self.0 {
            Lists::Field(test) => test.matches(flow, context),
            Lists::Filters { allow, deny } => lists_match(allow, deny, flow, context),
        }
    }

    /// Runs a loop over flows that was compiled for the kind of this matcher, if it is one of the
    /// frequent ones: the kind is then decided once, and not for each flow.
    pub fn for_flows(&self, context: &Context, work: impl FlowLoop) {
        match &self.0 {
            Lists::Field(Test::Port(side, ports)) => {
                work.run(|flow| test::port_matches(*side, ports, flow));
            }
            Lists::Field(Test::Identity(side, identities)) => {
                work.run(|flow| identities.contains(side.endpoint(flow).identity));
            }
            Lists::Field(Test::Address(which, networks)) => match &**networks {
                [network] => work.run(|flow| network.matches(*which, flow)),
                networks => work.run(|flow| address::matches(networks, *which, flow)),
            },
            _ => work.run(|flow| self.matches_flow(flow, context)),
        }
    }

    fn matches_other(&self, record: &Record, bytes: &[u8]) -> bool {
        match &self.0 {
            Lists::Field(test) => test.matches_other(record, bytes),
            Lists::Filters { allow, deny } => {
                passes(allow, deny, |test| test.matches_other(record, bytes))
            }
        }
    }
}

impl Lists {
    fn new(mut allow: Vec<Filter>, deny: Vec<Filter>) -> Self {
        match allow.as_mut_slice() {
            [Filter { tests }] if tests.len() == 1 && deny.is_empty() => {
                let mut tests = std::mem::take(tests).into_vec();
                Self::Field(tests.remove(0))
            }
            _ => Self::Filters {
                allow: allow.into(),
                deny: deny.into(),
            },
        }
    }
}

/// Not inlined, so that the loop of a caller stays short for a [`Lists::Field`].
#[inline(never)]
fn lists_match(allow: &[Filter], deny: &[Filter], flow: &Flow, context: &Context) -> bool {
    passes(allow, deny, |test| test.matches(flow, context))
}

#[inline]
fn passes(allow: &[Filter], deny: &[Filter], matches: impl Fn(&Test) -> bool) -> bool {
    let any = |filters: &[Filter]| {
        filters
            .iter()
            .any(|filter| filter.tests.iter().all(&matches))
    };
    (allow.is_empty() || any(allow)) && !any(deny)
}
