//! `filter`: keeps or drops flows by rules, whose names are the rules of the ledger. The first rule
//! that matches a flow decides.
//!
//! [`config`] and [`rule`] declare the keys; [`compile`] checks them and makes rules that match records,
//! [`compiled`]. What a
//! rule matches is Hubble's, in the crate `tidegate-filter`; that flows which report trouble, and
//! records other than flows, pass unless they are named is this processor's: see [`named`].

mod compile;
mod compiled;
mod config;
mod flow_filter;
mod named;
mod rule;

pub use config::{Config, KIND};
pub use flow_filter::FilterTable;
pub use rule::{Action, RecordKind, Rule};

use tidegate_filter::Context;
use tidegate_model::{Batch, Outcome, Record, Tally};
use tidegate_runtime::stage::Processor;

use crate::exempt::Verdicts;
use compiled::CompiledRule;

/// The rule of flows that no rule matches, if they are dropped.
const OTHERWISE: &str = "otherwise";

/// The processor.
struct Filter {
    rules: Box<[CompiledRule]>,
    /// What happens to flows that no rule matches.
    otherwise: Outcome,
    /// The verdicts of flows that are dropped only if they are named.
    exempt: Verdicts,
    context: Context,
}

impl Processor for Filter {
    fn rules(&self) -> Vec<&'static str> {
        let of_rules = self.rules.iter().map(CompiledRule::outcome);
        let outcomes = of_rules.chain([self.otherwise]);
        let names = outcomes.filter_map(|outcome| match outcome {
            Outcome::Filtered(rule) => Some(rule),
            _ => None,
        });
        names.collect()
    }

    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        batch.sift(tally, |record, bytes| match record {
            Record::Flow(flow) if !self.exempt.contains(flow.verdict) => {
                self.outcome(record, bytes)
            }
            Record::Frame(_) | Record::Event(_) | Record::Metric(_) => Outcome::Keep,
            _ => self.outcome_of_exempt(record, bytes),
        });
    }
}

impl Filter {
    #[inline]
    fn outcome(&self, flow: &Record, bytes: &[u8]) -> Outcome {
        let mut rules = self.rules.iter();
        rules
            .find(|rule| rule.matches(flow, bytes, &self.context))
            .map_or(self.otherwise, CompiledRule::outcome)
    }

    #[inline(never)]
    fn outcome_of_exempt(&self, record: &Record, bytes: &[u8]) -> Outcome {
        let mut rules = self.rules.iter();
        rules
            .find(|rule| rule.matches_exempt(record, bytes, &self.context))
            .map_or(Outcome::Keep, CompiledRule::outcome)
    }
}
