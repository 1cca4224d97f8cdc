//! Builds the metrics of the configured list, and reports mistakes in it.

use super::context::{Context, ContextOptions};
use super::families::FamilySettings;
use super::item::Item;
use super::metrics::{FlowClass, Metric, PLUGINS, Plugin};
use super::mistake::{ItemError, Mistake, suggestion};
use super::series::Collect;

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
    /// Builds the metrics of the entries of a list.
    pub(super) fn build<'a>(
        entries: impl Iterator<Item = &'a String>,
        settings: FamilySettings,
    ) -> Result<Self, Vec<Mistake<'a>>> {
        let (items, mistakes) = parse(entries);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let mut list = Self::default();
        for (item, plugin) in &items {
            list.add(item, plugin, settings);
        }
        Ok(list)
    }

    /// Adds the metric of an item. As in Hubble, options that the metric does not have are ignored.
    fn add(&mut self, item: &Item<'_>, plugin: &Plugin, settings: FamilySettings) {
        let options = ContextOptions::parse(item, &mut Vec::new());
        let metric = (plugin.build)(item, &options, settings);
        let accepts = FlowClass::ALL.map(|class| metric.accepts(class));
        // The setting decides which families such a metric has.
        let wire = accepts[FlowClass::WireMessage as usize].then_some(settings.wire);
        let context = self.context(options);
        self.metrics.push(ListedMetric {
            reload_key: format!("{} {wire:?}", item.identity()),
            metric,
            context,
            accepts,
        });
    }

    /// The series of all metrics.
    pub(super) fn tables(&mut self) -> impl Iterator<Item = &mut dyn Collect> {
        let metrics = self.metrics.iter_mut();
        metrics.flat_map(|listed| listed.metric.tables())
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

/// The items of a list whose metrics exist, and all mistakes. An entry may contain several items,
/// separated by spaces, as in Hubble's flag.
pub(super) fn parse<'a>(
    entries: impl Iterator<Item = &'a String>,
) -> (Vec<(Item<'a>, &'static Plugin)>, Vec<Mistake<'a>>) {
    let mut items: Vec<(Item<'a>, &'static Plugin)> = Vec::new();
    let mut mistakes = Vec::new();
    for item in entries
        .flat_map(|entry| entry.split_whitespace())
        .map(Item::parse)
    {
        match find_plugin(item.name) {
            Ok(plugin) => {
                ContextOptions::parse(&item, &mut mistakes);
                let conflict = conflict(plugin, items.iter().map(|(_, earlier)| *earlier));
                mistakes.extend(conflict.map(|error| Mistake {
                    part: item.name,
                    error,
                }));
                items.push((item, plugin));
            }
            Err(error) => mistakes.push(Mistake {
                part: item.name,
                error,
            }),
        }
    }
    (items, mistakes)
}

/// Why a metric cannot be listed behind these.
fn conflict<'p>(
    plugin: &Plugin,
    mut earlier: impl Iterator<Item = &'p Plugin>,
) -> Option<ItemError> {
    earlier.find_map(|other| {
        if other.name == plugin.name {
            return Some(ItemError::Twice(plugin.name));
        }
        let conflicts = plugin.conflicts.contains(&other.name);
        conflicts.then_some(ItemError::Conflict(plugin.name, other.name))
    })
}

fn find_plugin(name: &str) -> Result<&'static Plugin, ItemError> {
    let found = PLUGINS.iter().find(|plugin| plugin.name == name);
    found.ok_or_else(|| ItemError::UnknownMetric {
        name: name.to_owned(),
        help: suggestion(name, PLUGINS.iter().map(|plugin| plugin.name)),
    })
}

#[cfg(test)]
mod tests {
    use super::{FamilySettings, MetricList};
    use crate::hubble_metrics::WireFamilies;

    /// The mistakes of a list of one entry, each with its place and help.
    fn errors(list: &str) -> Vec<String> {
        let settings = FamilySettings {
            max_series: 1,
            wire: WireFamilies::Own,
            exponential_histograms: false,
        };
        let entry = list.to_owned();
        let Err(mistakes) = MetricList::build([&entry].into_iter(), settings) else {
            return Vec::new();
        };
        let shown = mistakes.iter().map(|mistake| {
            let help = mistake.error.help().map(|help| format!("; {help}"));
            format!(
                "{}: {}{}",
                mistake.part,
                mistake.error,
                help.unwrap_or_default()
            )
        });
        shown.collect()
    }

    fn error(list: &str) -> String {
        errors(list).join("\n")
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
            ("flow flow", "flow: metric 'flow' is listed twice"),
            (
                "http httpV2",
                "httpV2: plugin httpV2 conflicts with plugin http",
            ),
            (
                "httpv2",
                "httpv2: metric 'httpv2' does not exist; did you mean 'httpV2'?",
            ),
            (
                "drops",
                "drops: metric 'drops' does not exist; did you mean 'drop'?",
            ),
            (
                "bandwidth",
                "bandwidth: metric 'bandwidth' does not exist; there are dns, drop, flow, flows-to-world, \
                 http, httpV2, icmp, kafka, policy, port-distribution, sctp, tcp",
            ),
        ] {
            assert_eq!(error(list), message, "{list}");
        }
    }

    #[test]
    fn unknown_contexts_and_labels_are_errors() {
        let contexts = "there are identity, namespace, pod, pod-name, dns, ip, reserved-identity, \
                        workload, workload-name, app";
        for (options, part, message) in [
            (
                "sourceContext=pod-short",
                "pod-short",
                format!("unknown context 'pod-short'; {contexts}"),
            ),
            (
                "sourceContext",
                "",
                "unknown context ''; did you mean 'ip'?".to_owned(),
            ),
            (
                "labelsContext=source_ip,Source_IP",
                "Source_IP",
                "invalid labelsContext value: Source_IP; did you mean 'source_ip'?".to_owned(),
            ),
        ] {
            let expected = format!("{part}: unable to initialize metric 'flow': {message}");
            assert_eq!(error(&format!("flow:{options}")), expected, "{options}");
        }
    }

    #[test]
    fn every_mistake_of_a_list_is_reported() {
        let list =
            "flow:sourceContext=x|pod;labelsContext=y,z drops flow http httpV2:sourceContext=w";
        let parts: Vec<_> = errors(list)
            .iter()
            .map(|error| error.split(':').next().unwrap_or_default().to_owned())
            .collect();
        assert_eq!(parts, ["x", "y", "z", "drops", "flow", "w", "httpV2"]);
    }
}
