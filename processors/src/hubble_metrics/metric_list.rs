//! Builds the metrics of the configured list, and reports mistakes in it.

use super::context::{self, Context, ContextOptions};
use super::families::FamilySettings;
use super::item::{Item, ItemError};
use super::metrics::{FlowClass, Metric, PLUGINS, Plugin};

/// The largest edit distance at which a name is suggested in place of an unknown one.
const MAX_SUGGESTION_DISTANCE: usize = 2;

/// The metrics of the list, and the contexts that they share.
#[derive(Default)]
pub(super) struct MetricList {
    pub(super) metrics: Vec<ListedMetric>,
    pub(super) contexts: Vec<Context>,
}

/// A metric of the list.
pub(super) struct ListedMetric {
    /// Identifies the metric at a reload: its item, and the settings that change its families.
    pub(super) reload_key: String,
    pub(super) metric: Box<dyn Metric>,
    /// The index of its context.
    pub(super) context: usize,
    /// Whether it counts flows of each [`FlowClass`].
    pub(super) accepts: [bool; FlowClass::ALL.len()],
}

impl MetricList {
    /// Builds the metrics. An entry may contain several items, separated by spaces, as in Hubble's
    /// flag.
    pub(super) fn build(list: &[String], settings: FamilySettings) -> Result<Self, ItemError> {
        let items: Vec<_> = list
            .iter()
            .flat_map(|entry| entry.split_whitespace())
            .map(Item::parse)
            .collect();
        let plugins = items
            .iter()
            .map(|item| find_plugin(item.name))
            .collect::<Result<Vec<_>, _>>()?;
        check_conflicts(&plugins)?;
        let mut list = Self::default();
        for (item, plugin) in items.iter().zip(plugins) {
            list.add(item, plugin, settings)?;
        }
        Ok(list)
    }

    /// Adds the metric of an item. As in Hubble, options that the metric does not have are ignored;
    /// they are logged.
    fn add(
        &mut self,
        item: &Item,
        plugin: &Plugin,
        settings: FamilySettings,
    ) -> Result<(), ItemError> {
        let exists = |key: &str| plugin.options.contains(&key) || context::OPTIONS.contains(&key);
        for (option, _) in item.options.iter().filter(|(key, _)| !exists(key)) {
            tracing::warn!(
                metric = item.name,
                option,
                "the metric has no such option; it is ignored, as in Hubble"
            );
        }
        let options = ContextOptions::parse(item)?;
        let metric = (plugin.build)(item, &options, settings);
        let accepts = FlowClass::ALL.map(|class| metric.accepts(class));
        // The setting decides which families such a metric has.
        let wire = accepts[FlowClass::WireMessage as usize].then_some(settings.wire);
        let context = self.context(options);
        self.metrics.push(ListedMetric {
            reload_key: format!("{item:?} {wire:?}"),
            metric,
            context,
            accepts,
        });
        Ok(())
    }

    /// The index of the context with these options, which is added if it is missing.
    fn context(&mut self, options: ContextOptions) -> usize {
        let existing = self
            .contexts
            .iter()
            .position(|context| *context.options() == options);
        existing.unwrap_or_else(|| {
            self.contexts.push(Context::new(options));
            self.contexts.len() - 1
        })
    }
}

fn check_conflicts(plugins: &[&Plugin]) -> Result<(), ItemError> {
    for (index, plugin) in plugins.iter().enumerate() {
        let earlier = &plugins[..index];
        if earlier.iter().any(|other| other.name == plugin.name) {
            return Err(ItemError::Twice(plugin.name));
        }
        if let Some(other) = earlier
            .iter()
            .find(|other| plugin.conflicts.contains(&other.name))
        {
            return Err(ItemError::Conflict(plugin.name, other.name));
        }
    }
    Ok(())
}

fn find_plugin(name: &str) -> Result<&'static Plugin, ItemError> {
    let found = PLUGINS.iter().find(|plugin| plugin.name == name);
    found.ok_or_else(|| ItemError::UnknownMetric {
        name: name.to_owned(),
        hint: hint(name),
    })
}

/// Suggests a metric with a similar name, or else lists all of them.
fn hint(name: &str) -> String {
    let distance = |other: &str| strsim::levenshtein(&name.to_lowercase(), &other.to_lowercase());
    let nearest = PLUGINS
        .iter()
        .map(|plugin| (distance(plugin.name), plugin.name))
        .min();
    match nearest {
        Some((0..=MAX_SUGGESTION_DISTANCE, similar)) => format!("; did you mean '{similar}'?"),
        _ => {
            let names: Vec<_> = PLUGINS.iter().map(|plugin| plugin.name).collect();
            format!("; there are {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FamilySettings, MetricList};
    use crate::hubble_metrics::WireFamilies;

    fn error(list: &str) -> String {
        let settings = FamilySettings {
            max_series: 1,
            wire: WireFamilies::Own,
        };
        MetricList::build(&[list.to_owned()], settings)
            .map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn valid_lists_are_accepted() {
        for list in [
            "flow drop",
            "sctp",
            "flow:SourceCONTEXT=POD|Ip;color=red",
            "flow:labelsContext=source_pod|source_namespace",
            "httpV2:exemplars=true;labelsContext=source_ip,traffic_direction",
        ] {
            assert_eq!(error(list), "", "{list}");
        }
    }

    #[test]
    fn unknown_repeated_and_conflicting_metrics_are_errors() {
        for (list, message) in [
            ("flow flow", "metric 'flow' is listed twice"),
            ("http httpV2", "plugin httpV2 conflicts with plugin http"),
            (
                "httpv2",
                "metric 'httpv2' does not exist; did you mean 'httpV2'?",
            ),
            (
                "drops",
                "metric 'drops' does not exist; did you mean 'drop'?",
            ),
            (
                "bandwidth",
                "metric 'bandwidth' does not exist; there are dns, drop, flow, flows-to-world, \
                 http, httpV2, icmp, kafka, policy, port-distribution, sctp, tcp",
            ),
        ] {
            assert_eq!(error(list), message, "{list}");
        }
    }

    #[test]
    fn unknown_contexts_and_labels_are_errors() {
        for (options, message) in [
            ("sourceContext=pod-short", "unknown context 'pod-short'"),
            ("sourceContext", "unknown context ''"),
            (
                "labelsContext=source_ip,x",
                "invalid labelsContext value: x",
            ),
            (
                "labelsContext=Source_IP",
                "invalid labelsContext value: Source_IP",
            ),
        ] {
            let expected = format!("unable to initialize metric 'flow': {message}");
            assert_eq!(error(&format!("flow:{options}")), expected, "{options}");
        }
    }
}
