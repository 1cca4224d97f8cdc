//! Pairs our lines with Hubble's lines about the same events. Their times are unrelated, and a few
//! events at either end are in only one of the two, so lines are paired by order and content.

use std::collections::{HashMap, VecDeque};

use serde_json::{Value, json};

/// The paired positions, in the order of `theirs`.
pub(super) fn find(theirs: &[Value], ours: &[Value]) -> Vec<(usize, usize)> {
    let keys = |lines: &[Value]| lines.iter().map(key).collect::<Vec<_>>();
    let theirs = keys(theirs);
    let ours = keys(ours);
    let mut pairs = longest_common_subsequence(&theirs, &ours);
    // The others may be in another order: proxies' records and datapath events take different
    // paths.
    let mut unpaired_ours: HashMap<&str, VecDeque<usize>> = HashMap::new();
    let is_paired =
        |side: fn(&(usize, usize)) -> usize, at| pairs.iter().any(|pair| side(pair) == at);
    for (at, key) in ours
        .iter()
        .enumerate()
        .filter(|(at, _)| !is_paired(|pair| pair.1, *at))
    {
        unpaired_ours.entry(key).or_default().push_back(at);
    }
    let unpaired_theirs = theirs
        .iter()
        .enumerate()
        .filter(|(at, _)| !is_paired(|pair| pair.0, *at));
    let more: Vec<_> = unpaired_theirs
        .filter_map(|(at, key)| Some((at, unpaired_ours.get_mut(key.as_str())?.pop_front()?)))
        .collect();
    pairs.extend(more);
    pairs.sort_unstable();
    pairs
}

/// The longest common subsequence.
fn longest_common_subsequence(theirs: &[String], ours: &[String]) -> Vec<(usize, usize)> {
    let width = ours.len() + 1;
    // The length of the longest common subsequence after two positions.
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
            i += 1;
            j += 1;
        } else if longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// The fields of a line that identify its event and are the same in both programs.
fn key(line: &Value) -> String {
    if let Some(flow) = line.get("flow") {
        // Records of the DNS proxy have addresses with a zone, which tidegate omits.
        let without_zone = |text: &str| text.split('%').next().unwrap_or_default().to_owned();
        let address = |side: &str| {
            flow.pointer(&format!("/IP/{side}"))
                .and_then(Value::as_str)
                .map(without_zone)
        };
        let l4 = flow["l4"].as_object().and_then(|l4| l4.values().next());
        let port = |side: &str| l4.and_then(|l4| l4.get(format!("{side}_port")));
        let l7 = flow.pointer("/l7/type");
        return json!([
            flow["event_type"],
            address("source"),
            address("destination"),
            port("source"),
            port("destination"),
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

/// Sorts the labels of a notification, which Go writes in any order.
pub(super) fn sort_labels(value: &mut Value) {
    match value {
        Value::Object(members) => members
            .iter_mut()
            .for_each(|(_, member)| sort_labels(member)),
        Value::Array(items) => items.sort_by_key(Value::to_string),
        _ => {}
    }
}
