//! The configuration with what an environment variable adds to it.

use serde::Deserialize as _;
use tidegate_model::Kinds;
use tidegate_runtime::component::{
    BuildContext, BuildError, ChainPosition, ComponentKind, Environment, Finding, Outcomes,
    ProcessorConfig, ProcessorKind, Variables,
};
use tidegate_runtime::config::Table as _;
use tidegate_runtime::stage::Processor;

use super::SERIES_LIMIT;
use super::config::Config;

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "hubble_metrics",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        noted: &[SERIES_LIMIT],
        ..Outcomes::NONE
    },
    parse: |table| {
        Ok(Box::new(Configured {
            keys: Config::deserialize(table)?,
            ignored: Vec::new(),
        }))
    },
};

/// The variable of the OpenTelemetry specification (1.60, "Metrics Exporter - OTLP") that is the
/// default of [`Config::exponential_histograms`].
const HISTOGRAMS: &str = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";

/// The keys, after the variable has replaced their default.
#[derive(Debug)]
struct Configured {
    keys: Config,
    /// What is wrong with the variable.
    ignored: Vec<Finding>,
}

impl ProcessorConfig for Configured {
    fn consumes(&self) -> Kinds {
        self.keys.consumes()
    }

    fn produces(&self, input: Kinds) -> Kinds {
        self.keys.produces(input)
    }

    fn use_environment(&mut self, environment: Environment<'_>) {
        let mut variables = Variables::new(environment);
        let choices = [
            ("explicit_bucket_histogram", false),
            ("base2_exponential_bucket_histogram", true),
        ];
        if let Some(is_exponential) = variables.choice(HISTOGRAMS, &choices) {
            self.keys.exponential_histograms.set_default(is_exponential);
        }
        self.ignored = variables.into_ignored();
    }

    fn inspect(&self, position: &ChainPosition) -> Vec<Finding> {
        [self.ignored.clone(), self.keys.inspect(position)].concat()
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        self.keys.build(context)
    }
}
