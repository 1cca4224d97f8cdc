//! Classifies the fields in which two lines differ: `flow.interface.name: absent` for a field that
//! only the first has, `flow.file.line: added` for one that only the second has, `flow.Summary:
//! other` for another value, `flow.source.labels: unknown` for labels that the second reports as
//! unknown, and `flow.policy_log: empty` for an empty text of no rules that only the first has.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::pairs::sort_labels;

/// Fields that necessarily differ between two programs.
const IGNORED: [&str; 5] = [
    "time",
    "flow.time",
    "flow.uuid",
    "flow.emitter.name",
    "flow.emitter.version",
];

/// The log texts of rules: one empty text if they have none, even where no rules are known.
const POLICY_LOG: &str = "flow.policy_log";

pub(super) fn classes(theirs: &Value, ours: &Value) -> BTreeSet<String> {
    let theirs = leaves(theirs);
    let ours = leaves(ours);
    let names: BTreeSet<_> = theirs
        .keys()
        .chain(ours.keys())
        .filter(|name| !IGNORED.contains(&name.as_str()))
        .collect();
    let is_decided = theirs.keys().any(|name| name.ends_with("_by"));
    let class = |name: &String| {
        let kind = match (theirs.get(name), ours.get(name)) {
            (Some(theirs), Some(ours)) if theirs == ours => return None,
            (_, Some(ours)) if *ours == json!(["reserved:unknown"]) => "unknown",
            (Some(_), Some(_)) => "other",
            (Some(theirs), None) if name == POLICY_LOG && *theirs == json!([""]) && !is_decided => {
                "empty"
            }
            (Some(_), None) => "absent",
            (None, _) => "added",
        };
        Some(format!("{name}: {kind}"))
    };
    names.into_iter().filter_map(class).collect()
}

/// The values of a document by path; a list is one value.
fn leaves(line: &Value) -> BTreeMap<String, Value> {
    let mut line = line.clone();
    if line.get("flow").is_none() {
        sort_labels(&mut line);
    }
    let mut leaves = BTreeMap::new();
    walk(String::new(), &line, &mut leaves);
    leaves
}

fn walk(path: String, value: &Value, leaves: &mut BTreeMap<String, Value>) {
    let Value::Object(members) = value else {
        leaves.insert(path, value.clone());
        return;
    };
    for (name, member) in members {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        walk(path, member, leaves);
    }
}
