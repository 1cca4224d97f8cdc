//! Which of our lines is about the same event as one of Hubble's. Neither has a time that the other
//! knows, and a few events at either end are in one of the two only: lines are paired by order and
//! by what they are about.

use std::collections::{HashMap, VecDeque};

use serde_json::{Value, json};

/// Positions in both, in the order of the first.
pub(super) fn find(theirs: &[Value], ours: &[Value]) -> Vec<(usize, usize)> {
    let keys = |lines: &[Value]| lines.iter().map(key).collect::<Vec<_>>();
    let theirs = keys(theirs);
    let ours = keys(ours);
    let mut pairs = in_order(&theirs, &ours);
    // What is left can be in another order: records of a proxy and events of the datapath come by
    // two ways.
    let mut left: HashMap<&str, VecDeque<usize>> = HashMap::new();
    let is_paired =
        |side: fn(&(usize, usize)) -> usize, at| pairs.iter().any(|pair| side(pair) == at);
    for (at, key) in ours
        .iter()
        .enumerate()
        .filter(|(at, _)| !is_paired(|pair| pair.1, *at))
    {
        left.entry(key).or_default().push_back(at);
    }
    let unpaired = theirs
        .iter()
        .enumerate()
        .filter(|(at, _)| !is_paired(|pair| pair.0, *at));
    let more: Vec<_> = unpaired
        .filter_map(|(at, key)| Some((at, left.get_mut(key.as_str())?.pop_front()?)))
        .collect();
    pairs.extend(more);
    pairs.sort_unstable();
    pairs
}

/// The longest common subsequence.
fn in_order(theirs: &[String], ours: &[String]) -> Vec<(usize, usize)> {
    let width = ours.len() + 1;
    // The length of the longest one behind two positions.
    let mut longest = vec![0_u32; (theirs.len() + 1) * width];
    for i in (0..theirs.len()).rev() {
        for j in (0..ours.len()).rev() {
            longest[i * width + j] = if theirs[i] == ours[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let mut pairs = Vec::new();
    let mut i = 0;
    let mut j = 0;
    while i < theirs.len() && j < ours.len() {
        if theirs[i] == ours[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// What a line is about, with as little of what can differ as tells events apart.
fn key(line: &Value) -> String {
    if let Some(flow) = line.get("flow") {
        // Records of the DNS proxy have addresses with a zone, which tidegate leaves out.
        let without_zone = |text: &str| text.split('%').next().unwrap_or_default().to_owned();
        let address = |side: &str| {
            flow.pointer(&format!("/IP/{side}"))
                .and_then(Value::as_str)
                .map(without_zone)
        };
        let l7 = flow.pointer("/l7/type");
        return json!([
            flow["event_type"],
            address("source"),
            address("destination"),
            flow["ethernet"],
            l7
        ])
        .to_string();
    }
    if let Some(event) = line.get("debug_event") {
        return json!([
            event["type"],
            event["hash"],
            event["arg1"],
            event["arg2"],
            event["arg3"]
        ])
        .to_string();
    }
    let mut event = line.clone();
    let document = event.as_object_mut().unwrap();
    document.retain(|name, _| !["time", "node_name"].contains(&name.as_str()));
    sort_labels(&mut event);
    event.to_string()
}

/// Labels of a notification, which Go writes in any order.
pub(super) fn sort_labels(value: &mut Value) {
    match value {
        Value::Object(members) => members
            .iter_mut()
            .for_each(|(_, member)| sort_labels(member)),
        Value::Array(items) => items.sort_by_key(Value::to_string),
        _ => {}
    }
}
