//! Warnings about rules that select by what flows do not have at this place of the pipeline.

use tidegate_filter::FlowFilter;
use tidegate_runtime::component::{ChainPosition, Finding, Lint};

use super::compile::{filters, list_of, place};
use super::rule::Rule;
use crate::names_needed::NamesNeeded;

/// Warns about rules with names of which the pipeline does not have the source in front of the filter.
pub(super) fn rules_without_names(rules: &[Rule], position: &ChainPosition) -> Vec<Finding> {
    let rules = rules.iter().enumerate();
    let findings = rules.filter_map(|(at, rule)| {
        let missing = names_needed(rule, at).missing(position, "the filter")?;
        let key = match rule.flows {
            Some(_) => "flows",
            None => list_of(rule),
        };
        let title = format!("rule `{}` matches hardly any flow", rule.name.as_str());
        let finding = Finding::warning(Lint::RuleWithoutNames, place(at, key), title);
        Some(finding.label(missing.label).help(missing.help))
    });
    findings.collect()
}

/// What the rule needs to match any flow: what the least demanding of its filters does.
fn names_needed(rule: &Rule, at: usize) -> NamesNeeded {
    let Ok(Some((filters, _))) = filters(rule, at) else {
        return NamesNeeded::Nothing;
    };
    let needed = filters.allow.iter().map(filter_needs).min();
    needed.unwrap_or(NamesNeeded::Nothing)
}

/// What a filter needs to match any flow: all of its fields have to match.
fn filter_needs(filter: &FlowFilter) -> NamesNeeded {
    let of_pod = |label: &String| !label.contains("reserved:");
    let has_interface_name = || filter.interface.iter().all(|of| !of.name.is_empty());
    let has_node_labels = || filter.node_labels.iter().all(|of| needs_label(of));
    if !filter.source_workload.is_empty()
        || !filter.destination_workload.is_empty()
        || !filter.source_service.is_empty()
        || !filter.destination_service.is_empty()
        || (!filter.node_labels.is_empty() && has_node_labels())
        || (!filter.interface.is_empty() && has_interface_name())
    {
        NamesNeeded::Api
    } else if !filter.source_fqdn.is_empty() || !filter.destination_fqdn.is_empty() {
        NamesNeeded::Dns
    } else if !filter.source_pod.is_empty()
        || !filter.destination_pod.is_empty()
        || !filter.source_cluster_name.is_empty()
        || !filter.destination_cluster_name.is_empty()
        || filter.source_label.iter().any(of_pod)
        || filter.destination_label.iter().any(of_pod)
    {
        NamesNeeded::Pods
    } else {
        NamesNeeded::Nothing
    }
}

/// Whether a selector matches no flow without labels.
fn needs_label(selector: &str) -> bool {
    !selector.is_empty() && !selector.contains('!') && !selector.contains("notin")
}
