//! What is reported about the metrics list: all mistakes, and warnings about metrics and labels that
//! stay empty and options without effect.

use tidegate_runtime::component::{ChainPosition, Finding, FlowContent, Lint, Place};
use tidegate_runtime::config::Spanned;

use super::context::{self, ContextOptions};
use super::item::{Item, ItemOption};
use super::metric_list::parse;
use super::metrics::Plugin;
use super::mistake::nearest;

/// The findings about a list, each at the part of the entry that it is about.
pub(super) fn findings(list: &[Spanned<String>], position: &ChainPosition) -> Vec<Finding> {
    // Without a place in the file, it is the default list.
    if list.iter().all(|entry| entry.span().is_empty()) {
        return Vec::new();
    }
    let (items, mistakes) = parse(list.iter().map(Spanned::get_ref));
    let mut findings = Vec::new();
    for mistake in mistakes {
        let place = place(list, mistake.part);
        let finding = Finding::error(place, mistake.error.to_string());
        findings.push(match mistake.error.help() {
            Some(help) => finding.help(help),
            None => finding,
        });
    }
    for (item, plugin) in &items {
        let check = Check {
            list,
            item,
            plugin,
            position,
        };
        findings.extend(check.flows());
        findings.extend(
            item.options
                .iter()
                .filter_map(|option| check.option(option)),
        );
        findings.extend(check.names());
    }
    findings
}

/// The place of a part of an entry.
fn place(list: &[Spanned<String>], part: &str) -> Place {
    let start = part.as_ptr() as usize;
    let holds = |entry: &&Spanned<String>| {
        let bytes = entry.get_ref().as_bytes().as_ptr_range();
        (bytes.start as usize..bytes.end as usize).contains(&start)
    };
    match list.iter().find(holds) {
        Some(entry) => Place::Part {
            value: entry.span(),
            offset: start - entry.get_ref().as_ptr() as usize,
            text: part.to_owned(),
        },
        None => Place::Key("metrics"),
    }
}

struct Check<'a> {
    list: &'a [Spanned<String>],
    item: &'a Item<'a>,
    plugin: &'a Plugin,
    position: &'a ChainPosition,
}

impl Check<'_> {
    fn warning(&self, lint: Lint, part: &str, title: String) -> Finding {
        Finding::warning(lint, place(self.list, part), title)
    }

    /// Warns if nothing in front of the metric makes the flows that it counts.
    fn flows(&self) -> Option<Finding> {
        let needed = self.plugin.counts?;
        if self.position.earlier.contains(&needed) {
            return None;
        }
        let (protocol, kind) = match needed {
            FlowContent::Dns => ("DNS", "dns_flow"),
            FlowContent::Http => ("HTTP", "http_flow"),
            FlowContent::OtherL7 => ("Kafka", "l7_flow"),
            FlowContent::Names | FlowContent::Sockets => return None,
        };
        let name = self.item.name;
        let title = format!("metric '{name}' counts nothing: no {protocol} flows arrive");
        let verb = if self.position.later.contains(&needed) {
            "move"
        } else {
            "add"
        };
        let help = format!("{verb} `{kind}` before `hubble_metrics`");
        Some(
            self.warning(Lint::MetricWithoutFlows, name, title)
                .help(help),
        )
    }

    /// Warns about an option without effect.
    fn option(&self, option: &ItemOption<'_>) -> Option<Finding> {
        let name = self.item.name;
        let warning = |title: String| self.warning(Lint::UnknownMetricOption, option.key, title);
        let own = self.plugin.options.iter().copied();
        if context::OPTIONS.iter().any(|known| option.is(known)) {
            return None;
        }
        let Some(known) = own.clone().find(|known| option.is(known)) else {
            let title = format!("metric '{name}' has no option '{}'", option.key);
            let finding = warning(title).note("it is ignored, as in Hubble");
            let near = nearest(option.key, own.chain(context::OPTIONS));
            return Some(match near {
                Some(near) => finding.help(format!("did you mean '{near}'?")),
                None => finding,
            });
        };
        if known == "exemplars" {
            return None;
        }
        let value = option.values.first().copied().unwrap_or_default();
        let title = format!("option '{known}' of metric '{name}' applies whatever its value is");
        let is_off = matches!(value, "false" | "no" | "off" | "0");
        is_off.then(|| {
            warning(title)
                .note("as in Hubble")
                .help("remove the option")
        })
    }

    /// Warns about labels whose values nothing in front of the metrics adds.
    fn names(&self) -> Vec<Finding> {
        let title = format!("a label of metric '{}' stays empty", self.item.name);
        let labels = ContextOptions::names_needed(self.item).into_iter();
        let findings = labels.filter_map(|(part, needed)| {
            let missing = needed.missing(self.position, "`hubble_metrics`")?;
            let warning = self.warning(Lint::LabelWithoutNames, part, title.clone());
            Some(warning.label(missing.label).help(missing.help))
        });
        findings.collect()
    }
}
