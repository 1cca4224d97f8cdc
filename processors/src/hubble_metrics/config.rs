//! Configuration of `hubble_metrics`.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde::Deserialize;
use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, ComponentKind, Key, Outcomes, ProcessorConfig, ProcessorKind,
};
use tidegate_runtime::config::HumanDuration;
use tidegate_runtime::stage::Processor;

use super::families::{FamilySettings, WireFamilies};
use super::item::ItemError;
use super::metric_list::MetricList;
use super::{HubbleMetrics, SERIES_LIMIT};

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "hubble_metrics",
    about: "Counts flows as Hubble's metrics do",
    keys: KEYS,
    outcomes: Outcomes {
        noted: &[SERIES_LIMIT],
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

/// Configuration of `hubble_metrics`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What is counted: items as in Hubble's `hubble-metrics`, `name:option=value;option`. Beside
    /// them, `hubble_lost_events_total` always is; with an empty list nothing else. Default: the
    /// metrics of Cilium's quick start. To be changed by whoever wants other metrics or labels such
    /// as pods.
    pub metrics: Vec<String>,
    /// How often the values that changed are handed on. Default `"500ms"`; to be raised where
    /// exporters should get fewer points. Not `"0s"`.
    pub interval: HumanDuration,
    /// Series of one metric name at most. Observations of further label values go to one series
    /// whose labels all are `otel.metric.overflow`, and are noted as `series_limit`. Default
    /// 100000; to be lowered where memory is scarce.
    pub max_series: NonZeroUsize,
    /// In which families messages found on the wire are counted. Default `"own"`; `"hubble"` is for
    /// dashboards of Hubble's metrics on nodes without L7 policies, where no proxy reports any
    /// message.
    pub wire: WireFamilies,
}

const KEYS: &[Key] = &[
    Key {
        name: "metrics",
        default: "[\"dns\", \"drop\", \"tcp\", \"flow\", \"port-distribution\", \"icmp\", \"httpV2\"]",
        effect: "what is counted, in the grammar of Hubble's metrics list, such as \"dns:query;ignoreAAAA\"",
    },
    Key {
        name: "interval",
        default: "\"500ms\"",
        effect: "how often changed values are handed on; raise it for fewer points",
    },
    Key {
        name: "max_series",
        default: "100000",
        effect: "series of one metric name at most; what is beyond goes to one overflow series",
    },
    Key {
        name: "wire",
        default: "\"own\"",
        effect: "where DNS and HTTP messages found in packets are counted: in tidegate_wire_*, or with \"hubble\" in hubble_* together with those that proxies report",
    },
];

impl Default for Config {
    fn default() -> Self {
        let metrics = [
            "dns",
            "drop",
            "tcp",
            "flow",
            "port-distribution",
            "icmp",
            "httpV2",
        ];
        Self {
            metrics: metrics.map(str::to_owned).to_vec(),
            interval: HumanDuration(Duration::from_millis(500)),
            max_series: NonZeroUsize::new(100_000).unwrap_or(NonZeroUsize::MIN),
            wire: WireFamilies::default(),
        }
    }
}

impl ProcessorConfig for Config {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[Kind::Flow, Kind::Lost])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input.union(Kinds::of(&[Kind::Metric]))
    }

    fn build(&self, _context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        if self.interval.0.is_zero() {
            return Err(BuildError {
                key: "interval",
                message: "the interval has to be longer than zero".to_owned(),
            });
        }
        let refused = |error: ItemError| BuildError {
            key: "metrics",
            message: error.to_string(),
        };
        let settings = FamilySettings {
            max_series: self.max_series.get(),
            wire: self.wire,
        };
        let list = MetricList::build(&self.metrics, settings).map_err(refused)?;
        Ok(Box::new(HubbleMetrics::new(
            list,
            settings.max_series,
            self.interval.0,
        )))
    }
}
