//! Compares what tidegate printed beside a real agent with what the agent's Hubble exported, and
//! prints a table. `tests/real_agent/run` makes both, and runs this.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{differences, lines, pairs, report};

/// The time after connecting within which names are expected.
const GRACE: SignedDuration = SignedDuration::from_secs(1);
/// The smallest accepted share of flows of older pods that have names.
const NAMED: f64 = 0.99;
/// The smallest accepted share of pairs that are equal, apart from faults of Hubble.
const EQUAL: f64 = 0.995;
#[test]
#[expect(
    clippy::print_stderr,
    reason = "a skipped test and the measured table are reported"
)]
fn tidegate_beside_a_real_agent_shows_what_its_hubble_shows() {
    let Some(folder) = std::env::var_os("REAL_AGENT_RUN").map(PathBuf::from) else {
        eprintln!("skipped: tests/real_agent/run starts a real agent for it");
        return;
    };
    let run = Run::read(&folder);
    let result = Comparison::of(&run);
    eprintln!("{result}");
    assert!(
        result.named.value() >= NAMED,
        "too many pods without a name"
    );
    let equal = &result.equal_but_for_faults;
    assert!(equal.value() >= EQUAL, "too many pairs with a difference");
}

/// What a run shows, printed as a table.
struct Comparison {
    /// The number of lines of Hubble, of ours, and of pairs.
    lines: [usize; 3],
    /// The sides of flows that are older pods and have names.
    named: Share,
    /// The pairs without a difference.
    equal: Share,
    /// The pairs without a difference other than faults of Hubble.
    equal_but_for_faults: Share,
    /// The pairs that differ, by class.
    fields: BTreeMap<String, usize>,
}

impl Comparison {
    fn of(run: &Run) -> Self {
        let pairs = pairs::find(&run.hubble, &run.ours);
        let mut result = Self {
            lines: [run.hubble.len(), run.ours.len(), pairs.len()],
            named: Share::default(),
            equal: Share::default(),
            equal_but_for_faults: Share::default(),
            fields: BTreeMap::new(),
        };
        for name in run.sides_of_older_pods() {
            result.named.add(!name.is_null());
        }
        let reasons = report::reasons();
        let is_fault = |class: &String| {
            reasons
                .get(class)
                .is_some_and(|why| why.starts_with("hubble:"))
        };
        for (theirs, ours) in pairs {
            let classes = differences::classes(&run.hubble[theirs], &run.ours[ours]);
            if run.is_settled(&run.ours[ours]) {
                result.equal.add(classes.is_empty());
                result
                    .equal_but_for_faults
                    .add(classes.iter().all(is_fault));
            }
            for class in classes {
                *result.fields.entry(class).or_default() += 1;
            }
        }
        result
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let [hubble, ours, paired] = self.lines;
        writeln!(
            f,
            "lines: {hubble} of Hubble, {ours} of tidegate, {paired} paired"
        )?;
        writeln!(f, "from a second after tidegate connected, each time:")?;
        writeln!(
            f,
            "  sides that are older pods, with their names          {}",
            self.named
        )?;
        writeln!(
            f,
            "  pairs that are equal in every field                  {}",
            self.equal
        )?;
        writeln!(
            f,
            "  or equal but for faults of Hubble                     {}",
            self.equal_but_for_faults
        )?;
        writeln!(f, "pairs that differ, by field:")?;
        let reasons = report::reasons();
        for (class, count) in &self.fields {
            let reason = reasons.get(class).map_or("no reason known", String::as_str);
            writeln!(f, "  {count:6}  {class}\n          {reason}")?;
        }
        Ok(())
    }
}

/// The results of a run.
struct Run {
    hubble: Vec<Value>,
    ours: Vec<Value>,
    /// Addresses of pods that were there before tidegate.
    pods: BTreeSet<String>,
    /// When tidegate connected to the monitor socket.
    connected: Vec<Timestamp>,
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
                endpoint["status"]["external-identifiers"]["cni-attachment-id"].is_string()
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
            connected: connections(&String::from_utf8(read("tidegate.log")).unwrap()),
            ours,
            pods,
        }
    }

    /// Whether names are expected: a time after the last connection.
    fn is_settled(&self, line: &Value) -> bool {
        let time = time(line);
        let grace = |connected: &Timestamp| *connected..*connected + GRACE;
        !self
            .connected
            .iter()
            .any(|connected| grace(connected).contains(&time))
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

/// The times in the log at which tidegate connected.
fn connections(log: &str) -> Vec<Timestamp> {
    log.lines()
        .filter(|line| line.contains(" connected to the monitor socket"))
        .map(|line| line.split(' ').next().unwrap().parse().unwrap())
        .collect()
}

fn time(line: &Value) -> Timestamp {
    line["time"].as_str().unwrap().parse().unwrap()
}

/// How many of all hold.
#[derive(Default)]
struct Share {
    holds: usize,
    all: usize,
}

impl Share {
    fn add(&mut self, holds: bool) {
        self.holds += usize::from(holds);
        self.all += 1;
    }

    fn value(&self) -> f64 {
        self.holds as f64 / self.all as f64
    }
}

impl Display for Share {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let percent = self.value() * 100.0;
        write!(f, "{} of {} ({percent:.2} %)", self.holds, self.all)
    }
}
