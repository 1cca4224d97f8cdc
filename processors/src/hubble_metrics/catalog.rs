//! From the list in the configuration to metrics, with every mistake that can be told beforehand.

use super::families::Settings;
use super::item::{Item, ItemError};
use super::metrics::{PLUGINS, Plugin, Sighted};
use super::{Listed, Listing, context};
use context::{Context, Options};

/// Builds the metrics of a list. An entry may hold several items between spaces, as in Hubble's
/// flag.
pub(super) fn metrics(list: &[String], settings: Settings) -> Result<Listing, ItemError> {
    let items: Vec<_> = list
        .iter()
        .flat_map(|entry| entry.split_whitespace())
        .map(Item::parse)
        .collect();
    let plugins = items
        .iter()
        .map(|item| plugin(item.name))
        .collect::<Result<Vec<_>, _>>()?;
    for (at, plugin) in plugins.iter().enumerate() {
        let before = &plugins[..at];
        if before.iter().any(|other| other.name == plugin.name) {
            return Err(ItemError::Twice(plugin.name));
        }
        if let Some(other) = before
            .iter()
            .find(|other| plugin.conflicts.contains(&other.name))
        {
            return Err(ItemError::Conflict(plugin.name, other.name));
        }
    }
    let mut listing = Listing::default();
    for (item, plugin) in items.iter().zip(plugins) {
        build(item, plugin, settings, &mut listing)?;
    }
    Ok(listing)
}

fn plugin(name: &str) -> Result<&'static Plugin, ItemError> {
    PLUGINS
        .iter()
        .find(|plugin| plugin.name == name)
        .ok_or_else(|| {
            let near = PLUGINS
                .iter()
                .map(|plugin| (distance(name, plugin.name), plugin.name))
                .min();
            let names = || {
                PLUGINS
                    .iter()
                    .map(|plugin| plugin.name)
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            let hint = match near {
                Some((0..=2, near)) => format!("; did you mean '{near}'?"),
                _ => format!("; there are {}", names()),
            };
            ItemError::UnknownMetric {
                name: name.to_owned(),
                hint,
            }
        })
}

/// An option that the metric does not have is ignored, as in Hubble, but not silently.
fn build(
    item: &Item,
    plugin: &Plugin,
    settings: Settings,
    listing: &mut Listing,
) -> Result<(), ItemError> {
    let known = |key: &str| plugin.options.contains(&key) || context::OPTIONS.contains(&key);
    for (option, _) in item.options.iter().filter(|(key, _)| !known(key)) {
        tracing::warn!(
            metric = item.name,
            option,
            "the metric has no such option; it is ignored, as in Hubble"
        );
    }
    let options = Options::parse(item)?;
    let metric = (plugin.build)(item, &options, settings);
    let contexts = &mut listing.contexts;
    let context = contexts
        .iter()
        .position(|known| *known.options() == options)
        .unwrap_or_else(|| {
            contexts.push(Context::new(options));
            contexts.len() - 1
        });
    let counts = Sighted::ALL.map(|sighted| metric.counts(sighted));
    // Where messages found on the wire are counted is part of what such a metric is.
    let wire = counts[Sighted::OnWire as usize].then_some(settings.wire);
    listing.metrics.push(Listed {
        item: format!("{item:?} {wire:?}"),
        metric,
        context,
        counts,
    });
    Ok(())
}

/// How many letters have to be changed, added or taken away, whatever their case (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let (from, to) = (from.to_lowercase(), to.to_lowercase());
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.chars().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Settings, metrics};
    use crate::hubble_metrics::WireFamilies;

    #[test]
    fn mistakes_in_the_list_are_told() {
        let cases = [
            ("flow drop", ""),
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
                "metric 'bandwidth' does not exist; there are dns, drop, flow, flows-to-world, http, httpV2, icmp, \
                 kafka, policy, port-distribution, sctp, tcp",
            ),
            ("sctp", ""),
            (
                "flow:sourceContext=pod-short",
                "unable to initialize metric 'flow': unknown context 'pod-short'",
            ),
            (
                "flow:sourceContext",
                "unable to initialize metric 'flow': unknown context ''",
            ),
            (
                "flow:labelsContext=source_ip,x",
                "unable to initialize metric 'flow': invalid labelsContext value: x",
            ),
            (
                "flow:labelsContext=Source_IP",
                "unable to initialize metric 'flow': invalid labelsContext value: Source_IP",
            ),
            ("flow:SourceCONTEXT=POD|Ip;color=red", ""),
            ("flow:labelsContext=source_pod|source_namespace", ""),
            (
                "httpV2:exemplars=true;labelsContext=source_ip,traffic_direction",
                "",
            ),
        ];
        for (list, message) in cases {
            let settings = Settings {
                max_series: 1,
                wire: WireFamilies::Own,
            };
            let told = metrics(&[list.to_owned()], settings)
                .map_or_else(|error| error.to_string(), |_| String::new());
            assert_eq!(told, message, "{list}");
        }
    }
}
