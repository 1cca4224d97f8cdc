//! `filter`: keeps or drops flows by rules, whose names are the rules of the ledger. The first rule
//! that matches a flow decides.
//!
//! [`config`] and [`rule`] declare the keys; [`compile`] checks them and makes rules that match records,
//! [`compiled`]; [`inspection`] warns about rules that match nothing. What a rule matches is Hubble's,
//! in the crate `tidegate-filter`; that flows which report trouble, and records other than flows, pass
//! unless they are named is this processor's: see [`named`].

mod compile;
mod compiled;
mod config;
mod flow_filter;
mod inspection;
mod named;
mod rule;

pub use config::{Config, KIND};
pub use flow_filter::FilterTable;
pub use rule::{Action, RecordKind, Rule};

use tidegate_filter::{Context, FlowLoop};
use tidegate_model::flow::Flow;
use tidegate_model::{Batch, Outcome, Record, Tally};
use tidegate_runtime::stage::Processor;

use crate::exempt::Verdicts;
use compiled::CompiledRule;

/// The rule of flows that no rule matches, if they are dropped.
const OTHERWISE: &str = "otherwise";

/// The processor.
struct Filter {
    rules: Box<[CompiledRule]>,
    /// Whether flows that no rule matches are dropped.
    otherwise_drops: bool,
    /// The verdicts of flows that are dropped only if they are named.
    exempt: Verdicts,
    context: Context,
}

impl Processor for Filter {
    fn rules(&self) -> Vec<&'static str> {
        let outcomes = self.rules.iter().map(CompiledRule::outcome);
        let names = outcomes.filter_map(|outcome| match outcome {
            Outcome::Filtered(rule) => Some(rule),
            _ => None,
        });
        names
            .chain(self.otherwise_drops.then_some(OTHERWISE))
            .collect()
    }

    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        let one_rule = match &*self.rules {
            [rule] => rule.flows().map(|matcher| (matcher, rule.outcome())),
            _ => None,
        };
        match one_rule {
            Some((matcher, outcome)) => matcher.for_flows(
                &self.context,
                OneRule {
                    filter: self,
                    outcome,
                    batch,
                    tally,
                },
            ),
            None => self.sift(batch, tally, |flow| self.outcome(flow)),
        }
    }
}

/// The loop of a filter with one rule.
struct OneRule<'a> {
    filter: &'a Filter,
    outcome: Outcome,
    batch: &'a mut Batch,
    tally: &'a mut Tally,
}

impl FlowLoop for OneRule<'_> {
    #[inline]
    fn run(self, matches: impl Fn(&Flow) -> bool) {
        let Self {
            filter,
            outcome,
            batch,
            tally,
        } = self;
        filter.sift(batch, tally, |flow| match matches(flow) {
            true => outcome,
            false => filter.otherwise(),
        });
    }
}

impl Filter {
    /// Removes records. `outcome` is that of flows that no rule has to name.
    #[inline]
    fn sift(&self, batch: &mut Batch, tally: &mut Tally, outcome: impl Fn(&Flow) -> Outcome) {
        batch.sift(tally, |record, bytes| match record {
            Record::Flow(flow) if !self.exempt.contains(flow.verdict) => outcome(flow),
            Record::Frame(_) | Record::Event(_) | Record::Metric(_) | Record::Names(_) => {
                Outcome::Keep
            }
            _ => self.outcome_of_exempt(record, bytes),
        });
    }

    fn outcome(&self, flow: &Flow) -> Outcome {
        let mut rules = self.rules.iter();
        rules
            .find(|rule| rule.matches(flow, &self.context))
            .map_or_else(|| self.otherwise(), CompiledRule::outcome)
    }

    /// What happens to flows that no rule matches.
    #[inline]
    fn otherwise(&self) -> Outcome {
        if self.otherwise_drops {
            Outcome::Filtered(OTHERWISE)
        } else {
            Outcome::Keep
        }
    }

    #[inline(never)]
    fn outcome_of_exempt(&self, record: &Record, bytes: &[u8]) -> Outcome {
        let mut rules = self.rules.iter();
        rules
            .find(|rule| rule.matches_exempt(record, bytes, &self.context))
            .map_or(Outcome::Keep, CompiledRule::outcome)
    }
}
