//! Warnings about rules that select by what flows do not have at this place of the pipeline.

use tidegate_filter::FlowFilter;
use tidegate_runtime::component::{ChainPosition, Finding, FlowContent, Lint};

use super::compile::{filters, list_of, place};
use super::rule::Rule;

/// Warns about rules with names or labels of pods if no earlier processor adds them.
pub(super) fn rules_without_names(rules: &[Rule], position: &ChainPosition) -> Vec<Finding> {
    if position.earlier.contains(&FlowContent::Names) {
        return Vec::new();
    }
    let verb = match position.later.contains(&FlowContent::Names) {
        true => "move",
        false => "add",
    };
    let rules = rules.iter().enumerate();
    let without_names = rules.filter(|(at, rule)| needs_names(rule, *at));
    without_names
        .map(|(at, rule)| {
            let key = match rule.flows {
                Some(_) => "flows",
                None => list_of(rule),
            };
            let title = format!("rule `{}` matches hardly any flow", rule.name.as_str());
            Finding::warning(Lint::RuleWithoutNames, place(at, key), title)
                .label("needs names or labels of pods")
                .help(format!("{verb} `cilium_enrich` before the filter"))
        })
        .collect()
}

/// Whether the rule can only match flows with names or labels of pods.
fn needs_names(rule: &Rule, at: usize) -> bool {
    let Ok(Some((filters, _))) = filters(rule, at) else {
        return false;
    };
    !filters.allow.is_empty() && filters.allow.iter().all(has_names)
}

fn has_names(filter: &FlowFilter) -> bool {
    let of_pod = |label: &String| !label.contains("reserved:");
    !filter.source_pod.is_empty()
        || !filter.destination_pod.is_empty()
        || filter.source_label.iter().any(of_pod)
        || filter.destination_label.iter().any(of_pod)
}
