//! Plays recordings of real agents through the binary, beside a server of what the same agent's REST
//! API answered, and compares flows with those of its Hubble, names included.
//!
//! `tests/real_agent/run` makes such recordings: one for each connection of the monitor socket, since
//! the agent restarts, and the API's answers at the beginning of each. The results are in
//! `counts-with-api.toml`, which is written as `counts.toml` is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;
use tidegate_wire::payload::{Decoder, Step};

use super::{FOLDER, differences, lines, pairs, unzip};
use crate::support::{Agent, FakeApi, FakeCilium, LedgerReport, TestDir, eventually};

const RECORDINGS: [&str; 2] = ["v1.19.4-api", "v1.20.2-api"];
const PIPELINE: &str = include_str!("../real_agent/pipeline.toml");

#[test]
fn flows_beside_the_answers_of_the_api_match_hubble() {
    let counts = RECORDINGS.map(compare).concat();
    let path = format!("{FOLDER}/counts-with-api.toml");
    if std::env::var_os("RECORDINGS").is_some_and(|value| value == "write") {
        fs::write(path, counts).unwrap();
        return;
    }
    let expected = fs::read_to_string(path).unwrap();
    assert!(
        counts == expected,
        "counts-with-api.toml differs; all that was found:\n{counts}"
    );
}

/// The result of a recording, as text.
fn compare(name: &str) -> String {
    let hubble = lines(&unzip(&format!("{name}.hubble.jsonl.gz")));
    let ours = play(name);
    let pairs = pairs::find(&hubble, &ours);
    let mut equal = 0;
    let mut fields: BTreeMap<String, u64> = BTreeMap::new();
    for &(theirs, our) in &pairs {
        let classes = differences::classes(&hubble[theirs], &ours[our]);
        equal += u64::from(classes.is_empty());
        for class in classes {
            *fields.entry(class).or_default() += 1;
        }
    }
    let mut text = format!(
        "[{name:?}]\nhubble = {}\nours = {}\npaired = {}\nequal = {equal}\n\n\
         # lines that differ, by field\n[{name:?}.fields]\n",
        hubble.len(),
        ours.len(),
        pairs.len()
    );
    for (class, count) in fields {
        writeln!(text, "{class:?} = {count}").unwrap();
    }
    text + "\n"
}

/// Plays both connections of a recording to the binary and returns the lines that it prints.
fn play(name: &str) -> Vec<Value> {
    let dir = TestDir::new();
    let answers = |part| {
        let text = unzip(&format!("{name}.answers.{part}.json.gz"));
        shift_lookups(serde_json::from_slice(&text).unwrap())
    };
    let [first, second] = [answers(1), answers(2)].map(|mut answers| {
        write_interfaces(&dir, answers.as_object_mut().unwrap().remove("interfaces"));
        answers
    });
    let api = FakeApi::listen(&dir.path("cilium.sock"), first);
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let config = pipeline(&dir);
    let mut agent = Agent::start_with_env(
        &["run".as_ref(), "-c".as_ref(), config.as_os_str()],
        &[(
            "RUST_LOG",
            "info,tidegate_receivers::cilium_api=debug".as_ref(),
        )],
    );
    let output = agent.read_stdout();
    let telemetry = agent.telemetry_address();
    let mut frames = 0;
    for part in [1, 2] {
        let recording = unzip(&format!("{name}.{part}.rec.gz"));
        frames += count_frames(&recording);
        let mut client = cilium.accept();
        agent.wait_for_line("read names from the Cilium agent's API");
        api.refuse();
        client.write_all(&recording).unwrap();
        eventually("all frames are read and named", || {
            let ledger = LedgerReport::live(&telemetry);
            let read = ledger.count("receivers.monitor1_2", "forwarded");
            let sent = read + ledger.count("receivers.cilium_api", "forwarded");
            read == frames && ledger.count("processors.cilium_decode", "in") == sent
        });
        api.set(second.clone());
    }
    agent.send_signal("TERM");
    agent.wait_without_reading_stdout();
    lines(output.join().unwrap().as_bytes())
}

/// Makes a directory of the host's network interfaces, in the form of `/sys/class/net`.
fn write_interfaces(dir: &TestDir, interfaces: Option<Value>) {
    let interfaces = interfaces.expect("the interfaces are recorded");
    for (name, index) in interfaces.as_object().unwrap() {
        let interface = dir.path("interfaces").join(name);
        fs::create_dir_all(&interface).unwrap();
        fs::write(interface.join("ifindex"), format!("{index}\n")).unwrap();
    }
}

/// The pipeline of `tests/real_agent`, with sockets and interfaces in this directory.
fn pipeline(dir: &TestDir) -> PathBuf {
    let api = dir.path("cilium.sock").display().to_string();
    let interfaces = dir.path("interfaces").display().to_string();
    let text = PIPELINE
        .replace(
            "\"/run/cilium/cilium.sock\"",
            &format!("{api:?}\ninterfaces = {interfaces:?}"),
        )
        .replace(
            "/run/cilium/monitor1_2.sock",
            dir.path("monitor.sock").to_str().unwrap(),
        )
        .replace("127.0.0.1:9464", "127.0.0.1:0");
    dir.write("pipeline.toml", text)
}

/// Shifts the times of the agent's DNS cache, as if its last lookup had been now: names expire.
fn shift_lookups(mut answers: Value) -> Value {
    const TIMES: [&str; 2] = ["lookup-time", "expiration-time"];
    let Some(lookups) = answers["/v1/fqdn/cache"].as_array_mut() else {
        return answers;
    };
    let time = |lookup: &Value, key| lookup[key].as_str().unwrap().parse::<Timestamp>().unwrap();
    let Some(last) = lookups.iter().map(|lookup| time(lookup, TIMES[0])).max() else {
        return answers;
    };
    let shift = Timestamp::now().duration_since(last);
    // The zero of Go is no time.
    let is_time = |lookup: &&mut Value| time(lookup, TIMES[0]) > Timestamp::UNIX_EPOCH;
    for lookup in lookups.iter_mut().filter(is_time) {
        for key in TIMES {
            lookup[key] = (time(lookup, key) + shift).to_string().into();
        }
    }
    answers
}

fn count_frames(mut recording: &[u8]) -> u64 {
    let mut decoder = Decoder::default();
    let mut frames = 0;
    loop {
        match decoder.next(recording).unwrap() {
            Step::Value { used, .. } => {
                frames += 1;
                recording = &recording[used..];
            }
            Step::Definition { used } => recording = &recording[used..],
            Step::Incomplete { .. } | Step::Refused { .. } => return frames,
        }
    }
}
