//! Configuration of `hubble_metrics`.

use std::num::NonZeroUsize;

use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, ChainPosition, Finding, ProcessorConfig,
};
use tidegate_runtime::config::{Defaulted, NonZeroDuration, Spanned};
use tidegate_runtime::stage::Processor;

use super::HubbleMetrics;
use super::families::{FamilySettings, WireFamilies};
use super::inspection;
use super::metric_list::MetricList;
use super::mistake::Mistake;

/// The metrics of Cilium's quick start.
const QUICK_START: [&str; 7] = [
    "dns",
    "drop",
    "tcp",
    "flow",
    "port-distribution",
    "icmp",
    "httpV2",
];

/// An item that is not written in a file.
fn unplaced(item: &str) -> Spanned<String> {
    Spanned::new(0..0, item.to_owned())
}

tidegate_runtime::config_table! {
    /// Aggregates flows into Hubble's metrics.
    #[derive(Clone, Debug)]
    pub struct Config {
        /// The metrics to compute, in the grammar of Hubble's metrics list, such as
        /// "dns:query;ignoreAAAA". `hubble_lost_events_total` is always among them.
        pub metrics: Vec<Spanned<String>> = QUICK_START.map(unplaced).to_vec(),
        /// How often changed values are passed on. Raise it for fewer points.
        pub interval: NonZeroDuration = NonZeroDuration::from_millis(500),
        /// The maximum number of series per metric name. Observations of further label values go to
        /// one series whose labels are all `otel.metric.overflow`, with the note `series_limit`.
        pub max_series: NonZeroUsize = const { NonZeroUsize::new(100_000).expect("not zero") },
        /// Ends series that have not changed for this time, so that series of what no longer exists do
        /// not add up. If one returns, it begins at 0. Series of deleted pods end after a minute
        /// anyway.
        #[sample = "\"1h\""]
        pub expire_after: Option<NonZeroDuration> = None,
        /// Where DNS and HTTP messages found in captured packets are counted.
        pub wire: WireFamilies = WireFamilies::Own,
        /// Keeps durations of HTTP requests in base-2 exponential histograms, too, of up to 160
        /// buckets. `otlp` sends those in place of the explicit ones. The environment variable
        /// `OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION` is the default.
        pub exponential_histograms: Defaulted<bool> = Defaulted::new(false),
    }
}

impl ProcessorConfig for Config {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[Kind::Flow, Kind::Lost, Kind::AgentEvent])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input.union(Kinds::of(&[Kind::Metric]))
    }

    fn inspect(&self, position: &ChainPosition) -> Vec<Finding> {
        inspection::findings(&self.metrics, position)
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        let refused = |mistakes: Vec<Mistake<'_>>| BuildError {
            key: "metrics",
            message: mistakes
                .iter()
                .map(|mistake| mistake.error.to_string())
                .collect::<Vec<_>>()
                .join("; "),
        };
        let settings = FamilySettings {
            max_series: self.max_series.get(),
            wire: self.wire,
            exponential_histograms: *self.exponential_histograms.get(),
        };
        let list = MetricList::build(self.metrics.iter().map(Spanned::get_ref), settings)
            .map_err(refused)?;
        Ok(Box::new(HubbleMetrics::new(self, list, context)))
    }
}
