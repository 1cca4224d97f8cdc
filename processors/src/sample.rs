//! `sample`: keeps the flows of one in some connections. A connection is kept or not by its hash,
//! so that all its flows have the same fate, on every node and after every restart. The rate stays
//! with the flow ([`Sampling`]).

use std::num::NonZeroU32;

use serde::Deserialize;
use tidegate_model::flow::{Flow, Sampling};
use tidegate_model::{Batch, Kind, Kinds, Outcome, Record, Tally};
use tidegate_runtime::component::{
    BuildContext, BuildError, ChainPosition, ComponentKind, Finding, Lint, Outcomes, Place,
    ProcessorConfig, ProcessorKind,
};
use tidegate_runtime::config::{Table as _, Whole};
use tidegate_runtime::stage::Processor;

use crate::exempt::{Exempt, Verdicts};
use crate::made_later::made_later;

/// The rule by which flows are removed.
const NOT_SAMPLED: &str = "not_sampled";

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "sample",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        filtered: &[NOT_SAMPLED],
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

tidegate_runtime::config_table! {
    /// Keeps the flows of one in `one_in` connections.
    ///
    /// The hash of addresses, ports and protocol decides, so that every node keeps the same
    /// connections, with all their flows. Flows that report drops, policy denials or errors pass,
    /// unless `also` names them, and so does everything that is not a flow. The rate is exported with
    /// the flow. Place it after `hubble_metrics`, which counts what it receives.
    #[derive(Clone, Debug)]
    pub struct Config {
        /// Of how many connections one is kept. 1 keeps all of them.
        #[sample = "10"]
        pub one_in: Whole<1, 1_000_000>,
        /// Another number selects other connections. Agents with the same number keep the same
        /// ones.
        pub seed: Whole<0, 255> = Whole::new(0),
        /// Flows that are sampled although they report trouble: "drops" (verdict DROPPED, which
        /// includes policy denials), "audits" (verdict AUDIT), "errors" (verdict ERROR).
        pub also: Vec<Exempt> = Vec::new(),
    }
}

impl ProcessorConfig for Config {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[Kind::Flow])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input
    }

    fn inspect(&self, position: &ChainPosition) -> Vec<Finding> {
        if self.one_in.get() == 1 {
            return Vec::new();
        }
        let counts = position.created_later.contains(Kind::Metric).then(|| {
            let title = "metrics count only the flows that are left by the sampling";
            let help = "name the sampling after the metrics in `processors`";
            Finding::warning(Lint::SampledMetrics, Place::Key("one_in"), title).help(help)
        });
        let made = made_later(position, "one_in");
        counts.into_iter().chain(made).collect()
    }

    fn build(&self, _context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        let out_of_range = |key| BuildError {
            key,
            message: "out of range".to_owned(),
        };
        let one_in = u32::try_from(self.one_in.get())
            .ok()
            .and_then(NonZeroU32::new)
            .ok_or_else(|| out_of_range("one_in"))?;
        let seed = u8::try_from(self.seed.get()).map_err(|_| out_of_range("seed"))?;
        Ok(Box::new(Sample {
            one_in,
            threshold: Sampling::threshold(one_in),
            sampling: Sampling::new(one_in, seed),
            exempt: Verdicts::exempt_except(&self.also),
        }))
    }
}

/// The processor.
struct Sample {
    one_in: NonZeroU32,
    threshold: u64,
    /// What kept flows get that were not sampled before.
    sampling: Sampling,
    exempt: Verdicts,
}

impl Processor for Sample {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        if self.one_in.get() == 1 {
            return;
        }
        batch.sift(tally, |record, _bytes| match record {
            Record::Flow(flow) if !self.exempt.contains(flow.verdict) => self.outcome(flow),
            _ => Outcome::Keep,
        });
    }
}

impl Sample {
    #[inline]
    fn outcome(&self, flow: &mut Flow) -> Outcome {
        if let Some(earlier) = flow.sampling.one_in() {
            return self.outcome_of_sampled(flow, earlier);
        }
        match flow.connection_randomness(self.sampling.seed()) {
            Some(randomness) if randomness < self.threshold => Outcome::Filtered(NOT_SAMPLED),
            Some(_) => {
                flow.sampling = self.sampling;
                Outcome::Keep
            }
            None => Outcome::Keep,
        }
    }

    /// The outcome of a flow that an earlier sampler kept: rates multiply. The seed is that of the
    /// earlier sampler, because the flows are not random by another one's threshold.
    #[cold]
    fn outcome_of_sampled(&self, flow: &mut Flow, earlier: NonZeroU32) -> Outcome {
        let sampling = Sampling::new(earlier.saturating_mul(self.one_in), flow.sampling.seed());
        let one_in = sampling.one_in().unwrap_or(NonZeroU32::MIN);
        match flow.connection_randomness(sampling.seed()) {
            Some(randomness) if randomness < Sampling::threshold(one_in) => {
                Outcome::Filtered(NOT_SAMPLED)
            }
            _ => {
                flow.sampling = sampling;
                Outcome::Keep
            }
        }
    }
}
