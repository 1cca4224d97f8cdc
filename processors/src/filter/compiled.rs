//! Rules as records are matched by them.

use tidegate_filter::{Context, FilterError, Filters, Matcher};
use tidegate_model::flow::Flow;
use tidegate_model::{Kinds, Outcome, Record};

use super::named::NamedClass;
use super::rule::{Action, Rule};
use crate::exempt::Verdicts;

/// A rule whose filters are compiled.
pub(super) struct CompiledRule {
    /// `None` if it matches no flows.
    flows: Option<FlowMatcher>,
    /// The kinds of other records that it drops.
    kinds: Kinds,
    outcome: Outcome,
}

/// The flows that a rule matches.
pub(super) struct FlowMatcher {
    all: Matcher,
    /// The verdicts whose flows are not matched by `all`, but have to be named.
    exempt: Verdicts,
    /// For each [`NamedClass`], the filters that name it.
    named: [Option<Matcher>; NamedClass::ALL.len()],
}

impl FlowMatcher {
    /// `all` is what the filters of the rule are compiled to.
    pub(super) fn new(rule: &Rule, filters: &Filters, all: Matcher) -> Result<Self, FilterError> {
        let mut named = [const { None }; NamedClass::ALL.len()];
        for (class, matcher) in NamedClass::ALL.into_iter().zip(&mut named) {
            let allow = filters.allow.iter().filter(|one| class.is_named_by(one));
            let allow: Vec<_> = allow.cloned().collect();
            if !allow.is_empty() {
                *matcher = Some(Matcher::compile(&allow, &filters.deny)?);
            }
        }
        let exempt = match rule.action {
            // What passes is not lost, so that a rule need not name it.
            Action::Keep => Verdicts::default(),
            Action::Drop => Verdicts::exempt_except(&rule.also),
        };
        Ok(Self { all, exempt, named })
    }
}

impl CompiledRule {
    pub(super) fn new(rule: &Rule, flows: Option<FlowMatcher>) -> Self {
        Self {
            flows,
            kinds: rule.kinds(),
            outcome: match rule.action {
                Action::Keep => Outcome::Keep,
                Action::Drop => Outcome::Filtered(rule.name.as_str()),
            },
        }
    }

    /// The outcome of records that it matches.
    #[inline]
    pub(super) fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The flows that it matches, of those that no rule has to name.
    pub(super) fn flows(&self) -> Option<&Matcher> {
        Some(&self.flows.as_ref()?.all)
    }

    /// Whether it matches a flow that no rule has to name.
    #[inline]
    pub(super) fn matches(&self, flow: &Flow, context: &Context) -> bool {
        match &self.flows {
            Some(flows) => flows.all.matches_flow(flow, context),
            None => false,
        }
    }

    /// Whether it matches a record that it has to name.
    pub(super) fn matches_exempt(&self, record: &Record, bytes: &[u8], context: &Context) -> bool {
        if self.kinds.contains(record.kind()) {
            return true;
        }
        let Some(flows) = &self.flows else {
            return false;
        };
        let matcher = match record {
            Record::Flow(flow) if !flows.exempt.contains(flow.verdict) => Some(&flows.all),
            _ => NamedClass::of(record).and_then(|class| flows.named[class as usize].as_ref()),
        };
        matcher.is_some_and(|matcher| matcher.matches(record, bytes, context))
    }
}
