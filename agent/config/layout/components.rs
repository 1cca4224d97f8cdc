//! Components in the section of another role, and those whose name became an inner table.

use std::collections::BTreeSet;

use tidegate_runtime::stage_id::Role;
use toml::de::{DeTable, DeValue};

use super::super::component::{header, is_name};
use super::super::section::QUEUE;
use super::super::service::PIPELINES;
use super::super::suggest::nearest;
use super::super::{Problem, Problems, Registry};
use super::moves::{names, put, table_at};

/// Moves components to the section and the id that they should have.
pub(super) fn correct(root: &mut DeTable<'_>, registry: &Registry, problems: &mut Problems) {
    for role in Role::ALL {
        correct_role(root, role, registry, problems);
    }
    let references = references(root);
    for role in Role::ALL {
        split_dotted(root, role, registry, &references, problems);
    }
}

/// Moves the components of a section whose kind has another role.
fn correct_role(root: &mut DeTable<'_>, role: Role, registry: &Registry, problems: &mut Problems) {
    let Some(section) = table_at(root, role.section()) else {
        return;
    };
    let mut moved = Vec::new();
    for id in names(section) {
        let kind = id.split('/').next().unwrap_or(&id);
        let right = registry.role_of(kind).filter(|_| !registry.has(role, kind));
        let (Some(right), Some(what)) = (right, registry.what_is(kind)) else {
            continue;
        };
        let Some((key, value)) = section.remove_entry(id.as_str()) else {
            continue;
        };
        let title = format!("`{kind}` is {what}");
        let help = format!("write [{}]", header(&[right.section(), &id]));
        problems.push(Problem::new(title, key.span()).help(help));
        moved.push((right, id, key.span(), value));
    }
    for (right, id, span, value) in moved {
        put(root, &[right.section(), &id], &span, value);
    }
}

/// The ids in the lists of all pipelines.
fn references(root: &mut DeTable<'_>) -> BTreeSet<String> {
    let pipelines = table_at(root, "service").and_then(|service| table_at(service, PIPELINES));
    let pipelines = pipelines.into_iter().flat_map(|table| table.values());
    let lists = pipelines.filter_map(|pipeline| match pipeline.get_ref() {
        DeValue::Table(table) => Some(table.values()),
        _ => None,
    });
    let items = lists.flatten().filter_map(|list| match list.get_ref() {
        DeValue::Array(items) => Some(items.iter()),
        _ => None,
    });
    let ids = items.flatten().filter_map(|item| match item.get_ref() {
        DeValue::String(id) => Some(id.to_string()),
        _ => None,
    });
    ids.collect()
}

/// Makes components of inner tables such as `[exporters.otlp.backup]`, which has to be written
/// `[exporters."otlp/backup"]`.
fn split_dotted(
    root: &mut DeTable<'_>,
    role: Role,
    registry: &Registry,
    references: &BTreeSet<String>,
    problems: &mut Problems,
) {
    let Some(section) = table_at(root, role.section()) else {
        return;
    };
    for kind in names(section) {
        let Some(mut known) = registry.keys_of(role, &kind) else {
            continue;
        };
        known.push(QUEUE);
        let Some(table) = table_at(section, &kind) else {
            continue;
        };
        let mut split = Vec::new();
        for name in names(table) {
            let is_key = nearest(&name, known.iter().copied()).is_some();
            if is_key || !is_name(&name) || table_at(table, &name).is_none() {
                continue;
            }
            if let Some((key, value)) = table.remove_entry(name.as_str()) {
                let id = format!("{kind}/{name}");
                let title = format!("unknown key `{name}` in `{}.{kind}`", role.section());
                let help = format!(
                    "a further component of the kind is a table [{}]",
                    header(&[role.section(), &id])
                );
                problems.push(Problem::new(title, key.span()).help(help));
                split.push((id, key.span(), value));
            }
        }
        let is_only_that = table.is_empty() && !split.is_empty() && !references.contains(&kind);
        if is_only_that {
            section.remove(kind.as_str());
        }
        for (id, span, value) in split {
            if references.contains(&id) || references.contains(&id.replace('/', ".")) {
                put(section, &[&id], &span, value);
            }
        }
    }
}
