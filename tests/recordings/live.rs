//! Compares what tidegate printed beside a real agent with what the agent's Hubble exported, and
//! prints a table. `tests/real_agent/run` makes both, and runs this.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{differences, lines, pairs, report};

/// The time after connecting within which names are expected.
const GRACE: SignedDuration = SignedDuration::from_secs(1);
/// The smallest accepted share of flows of older pods that have names.
const NAMED: f64 = 0.99;
/// The smallest accepted share of pairs that are equal in every field.
const EQUAL: f64 = 0.995;

#[test]
fn tidegate_beside_a_real_agent_shows_what_its_hubble_shows() {
    let Some(folder) = std::env::var_os("REAL_AGENT_RUN").map(PathBuf::from) else {
        println!("skipped: tests/real_agent/run starts a real agent for it");
        return;
    };
    let run = Run::read(&folder);
    let pairs = pairs::find(&run.hubble, &run.ours);
    let pods = Share::of(run.sides_of_older_pods().map(|side| !side.is_null()));
    println!(
        "lines: {} of Hubble, {} of tidegate, {} paired",
        run.hubble.len(),
        run.ours.len(),
        pairs.len()
    );
    println!("sides of flows that are pods older than tidegate, a second after it connected:");
    println!("  named             {pods}");
    let mut fields: BTreeMap<String, usize> = BTreeMap::new();
    let mut equal = Vec::new();
    for &(theirs, ours) in &pairs {
        let classes = differences::classes(&run.hubble[theirs], &run.ours[ours]);
        if run.is_settled(&run.ours[ours]) {
            equal.push(classes.is_empty());
        }
        for class in classes {
            *fields.entry(class).or_default() += 1;
        }
    }
    let equal = Share::of(equal.into_iter());
    println!("pairs, a second after it connected:");
    println!("  equal everywhere  {equal}");
    println!("differences of all pairs:");
    let reasons = report::reasons();
    for (class, count) in &fields {
        let reason = reasons.get(class).map_or("no reason known", String::as_str);
        println!("  {count:6}  {class}\n          {reason}");
    }
    assert!(pods.0 >= NAMED, "too many pods without a name: {pods}");
    assert!(
        equal.0 >= EQUAL,
        "too many pairs with a difference: {equal}"
    );
}

/// The results of a run.
struct Run {
    hubble: Vec<Value>,
    ours: Vec<Value>,
    /// Addresses of pods that were there before tidegate.
    pods: BTreeSet<String>,
    /// When names are expected.
    settled: Timestamp,
}

impl Run {
    fn read(folder: &Path) -> Self {
        let read = |name: &str| fs::read(folder.join(name)).unwrap();
        let ours = lines(&read("tidegate.jsonl"));
        let answers: Value = serde_json::from_slice(&read("answers.1.json")).unwrap();
        let pods = answers["/v1/endpoint"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|endpoint| {
                endpoint["status"]["external-identifiers"]["k8s-pod-name"].is_string()
            })
            .flat_map(|endpoint| {
                endpoint["status"]["networking"]["addressing"]
                    .as_array()
                    .unwrap()
            })
            .flat_map(|addresses| [&addresses["ipv4"], &addresses["ipv6"]])
            .filter_map(|address| address.as_str().map(str::to_owned))
            .collect();
        Self {
            hubble: lines(&read("hubble.jsonl")),
            settled: time(&ours[0]) + GRACE,
            ours,
            pods,
        }
    }

    fn is_settled(&self, line: &Value) -> bool {
        time(line) >= self.settled
    }

    /// The names of those sides of our flows that are older pods.
    fn sides_of_older_pods(&self) -> impl Iterator<Item = &Value> {
        let is_pod = |flow: &Value, side: &str| {
            flow["IP"][side]
                .as_str()
                .is_some_and(|address| self.pods.contains(address))
        };
        self.ours
            .iter()
            .filter(|line| self.is_settled(line))
            .filter_map(|line| line.get("flow"))
            .flat_map(move |flow| {
                ["source", "destination"]
                    .into_iter()
                    .filter(move |side| is_pod(flow, side))
                    .map(|side| &flow[side]["pod_name"])
            })
    }
}

fn time(line: &Value) -> Timestamp {
    line["time"].as_str().unwrap().parse().unwrap()
}

/// A share of all, and the numbers that it is of.
struct Share(f64, usize, usize);

impl Share {
    fn of(each: impl Iterator<Item = bool>) -> Self {
        let (mut count, mut all) = (0, 0);
        for holds in each {
            count += usize::from(holds);
            all += 1;
        }
        Self(count as f64 / all as f64, count, all)
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} ({:.2} %)", self.1, self.2, self.0 * 100.0)
    }
}
