//! A twin of the real binary's surroundings, from the outside: a Cilium agent that goes and comes
//! back, an OTLP server that is slow, refuses, hangs or vanishes, a reader of standard output that
//! stops; queues of every policy, reloads, and every way to end. Packets carry numbers, so that
//! what the sinks received and what the ledger says was dropped can be held against what was sent,
//! record by record.
//!
//! A failing seed is in the message; `TWIN_SEEDS=17..18 cargo test --test tests twin` runs it
//! alone, `TWIN_SEEDS=0..1000` many. Faults are drawn from the seed; how far a run comes before one
//! strikes is up to the machine.

mod frames;
mod peer;
mod reader;
mod reckoning;
mod scenario;

use std::ops::Range;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::thread;

use serde_json::Value;

use crate::support::{Agent, Books, Collector, Place, eventually, try_get};
use peer::Peer;
use reader::{Reader, Reading};
use reckoning::{Received, Reckoning};
use scenario::{End, Scenario};

const SEEDS: Range<u64> = 0..40;
const SINKS: [&str; 2] = ["exporters.otlp", "exporters.stdout"];
/// Runs at once; they wait most of the time.
const AT_ONCE: usize = 4;

#[test]
fn what_was_sent_is_received_or_counted_record_by_record() {
    let (seeds, failed) = (Mutex::new(seeds()), Mutex::new(Vec::new()));
    let next = || seeds.lock().unwrap().next();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(seed) = next() {
                    if catch_unwind(|| play(seed)).is_err() {
                        failed.lock().unwrap().push(format!(
                            "TWIN_SEEDS={seed}..{} cargo test --test tests twin",
                            seed + 1
                        ));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(
        failed.is_empty(),
        "to run again what failed:\n{}",
        failed.join("\n")
    );
}

fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("TWIN_SEEDS") else {
        return SEEDS;
    };
    let (from, to) = text.split_once("..").unwrap();
    from.parse().unwrap()..to.parse().unwrap()
}

fn play(seed: u64) {
    let (scenario, place) = (Scenario::draw(seed), Place::new());
    let collector = Collector::answering(&scenario.answers, scenario.then);
    let (socket, ledger) = (place.path("monitor.sock"), place.path("ledger.json"));
    let configure = |tuning| {
        place.write(
            "pipeline.toml",
            scenario.config(tuning, &socket, collector.address),
        )
    };
    let config = configure(&scenario.tunings[0]);
    let peer = Peer::play(&socket, &scenario.streams);
    let mut agent = Agent::start(&[
        "run".as_ref(),
        "-c".as_ref(),
        config.as_os_str(),
        "--ledger".as_ref(),
        ledger.as_os_str(),
    ]);
    let reader = Reader::start(agent.take_stdout(), scenario.reading);
    let address = agent.address();
    for tuning in &scenario.tunings[1..] {
        configure(tuning);
        agent.signal("HUP");
        agent.says("the configuration was re");
    }
    run(&scenario, &peer, &reader, &address);
    let ended = end(agent, scenario.end);
    peer.dismiss();
    let books = Books::read(&ledger).unwrap();
    // A request may have been given up, or its retries may have ended, before the end or at it,
    // which the last line tells.
    let last = ended.stderr.lines().last().unwrap_or_default();
    let is_late = last.contains("lost at the end of the run");
    let is_unconfirmed = last.contains("possibly lost");
    let fails = scenario.is_cut_off() || is_late || is_unconfirmed;
    assert_eq!(
        ended.code,
        Some(i32::from(fails)),
        "seed {seed}: {scenario:#?}\n{}",
        ended.stderr
    );
    let count = |bucket: &str| {
        SINKS
            .iter()
            .map(|sink| books.number(sink, bucket))
            .sum::<u64>()
    };
    let out_of_time = [
        "dropped/retries_exhausted",
        "dropped/drain_timeout",
        "dropped/shutdown_timeout",
    ]
    .map(count);
    assert!(
        !is_late || out_of_time.iter().sum::<u64>() > 0,
        "seed {seed}: {}",
        ended.stderr
    );
    assert!(
        !is_unconfirmed || count("unconfirmed") > 0,
        "seed {seed}: {}",
        ended.stderr
    );
    let received = (
        Received::logs(&collector.logs()),
        Received::lines(&reader.lines()),
    );
    Reckoning {
        scenario: &scenario,
        books: &books,
    }
    .check(&received.0, &received.1);
}

/// Waits until it is time for the signal.
fn run(scenario: &Scenario, peer: &Peer, reader: &Reader, address: &str) {
    let stuck = || peer.is_done() || books(address).is_none_or(|books| books.blocked());
    if scenario.is_cut_off() {
        eventually("the server has a request", || {
            books(address).is_some_and(|books| books.number("/stages/3/in") > 0)
        });
        return;
    }
    if matches!(scenario.reading, Reading::Pauses(_)) {
        eventually("everything is sent, or stuck", stuck);
        reader.resume();
    }
    let enough = if scenario.end == End::Drained {
        peer.bytes
    } else {
        peer.bytes / 2
    };
    eventually("enough is read", || {
        bytes_read(address).is_none_or(|bytes| bytes >= enough)
    });
}

fn bytes_read(address: &str) -> Option<u64> {
    let (_, page) = try_get(address, "/metrics").ok()?;
    let mut lines = page
        .lines()
        .filter(|line| line.starts_with("tidegate_receiver_bytes_total{"));
    // A page that is cut off was served by an agent that was about to end.
    lines
        .next()
        .map_or(Some(0), |line| line.rsplit(' ').next()?.parse().ok())
}

/// Sends the signals.
fn end(mut agent: Agent, end: End) -> crate::support::Ended {
    agent.signal("TERM");
    if end == End::SecondSignal {
        agent.says("shutting down; another signal exits immediately");
        // Signals that come together are one.
        agent.signal_until("TERM", "exiting immediately");
    }
    agent.ended_unread()
}

/// The ledger of a running agent.
struct Live(Value);

fn books(address: &str) -> Option<Live> {
    let (_, text) = try_get(address, "/debug/ledger").ok()?;
    Some(Live(serde_json::from_str(&text).ok()?))
}

impl Live {
    fn number(&self, path: &str) -> u64 {
        self.0
            .pointer(path)
            .and_then(Value::as_u64)
            .unwrap_or_default()
    }

    /// Whether the receiver has waited for room in its outbox.
    fn blocked(&self) -> bool {
        let edges = self.0["edges"].as_array().unwrap();
        let outbox = edges.iter().filter(|edge| {
            edge["stage"]
                .as_str()
                .is_some_and(|stage| stage.starts_with("receivers."))
        });
        outbox
            .filter_map(|edge| edge["blocked_seconds"].as_f64())
            .any(|seconds| seconds > 0.0)
    }
}
