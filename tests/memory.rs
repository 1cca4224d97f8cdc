//! Memory stays within the formula of `docs/memory.md` when the shipped pipeline gets more events
//! than it can process and exporters are stalled.

mod budget;
mod environment;
#[path = "../benches/memory/formula.rs"]
mod formula;
#[path = "../benches/growth/series.rs"]
mod series;

use environment::{Input, ShippedAgent};
use formula::{BASE, Bounds};

use crate::support::{Collector, Reply, eventually};

const MIB: u64 = 1 << 20;
const DEFAULT_MIX: Input = Input::Simulated {
    mix: "default",
    rate: 0,
};
/// A mix with more strings than [`DEFAULT_MIX`].
const EVEN_MIX: Input = Input::Simulated {
    mix: "even",
    rate: 0,
};

#[test]
fn the_budget_table_states_the_formula() {
    let backend = Collector::with_replies(&[], Reply::Accept);
    let mut agent = ShippedAgent::start(backend.address, &[]);
    agent.play(DEFAULT_MIX);
    // Until the receiver is connected, its outbox does not exist.
    eventually("the receiver is connected", || {
        agent.count("receivers.monitor1_2", "in") > 0
    });
    let bounds = Bounds::shipped(agent.queue_limits());
    let table = budget::Table::read();
    let all = ("**all**", BASE + bounds.beyond_base());
    for (part, bytes) in bounds.rows().into_iter().chain([all]) {
        let mib = format!("{:.1}", bytes as f64 / MIB as f64);
        assert_eq!(table.shipped(part), Some(mib.as_str()), "{part}");
    }
    assert_eq!(table.missing_tests(), [""; 0], "named in docs/memory.md");
}

#[test]
fn the_memory_limit_of_the_chart_covers_the_budget_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/chart/values.yaml");
    let values = std::fs::read_to_string(path).unwrap();
    let (_, limit) = values.split_once("limits: {memory: ").unwrap();
    let (limit, _) = limit.split_once("Mi}").unwrap();
    let budget = budget::Table::read().with_options();
    assert!(limit.parse::<f64>().unwrap() >= budget, "{budget} MiB");
}

/// Of a release build, the program takes the other half. That of a debug build is larger.
#[test]
fn an_idle_agent_allocates_half_of_the_base() {
    let backend = Collector::with_replies(&[], Reply::Accept);
    let agent = ShippedAgent::start(backend.address, &[]);
    let bytes = agent.anonymous_bytes();
    assert!(bytes <= BASE / 2, "{} KiB", bytes >> 10);
}

/// An export of metrics takes a few megabytes besides.
#[test]
fn series_take_the_memory_that_is_documented() {
    const SERIES: usize = 20_000;
    let [one, many] = [1, SERIES].map(|addresses| {
        let backend = Collector::with_replies(&[], Reply::Accept);
        let shipped = "metrics = [\"drop\", \"tcp\", \"flow\", \"dns:query\", \"httpV2\"]";
        let interval = (
            "#metrics_interval = \"10s\"",
            "metrics_interval = \"300ms\"",
        );
        let keys = [(shipped, series::METRICS), interval];
        let mut agent = ShippedAgent::start(backend.address, &keys);
        agent.read_output();
        agent.play(Input::Addresses(addresses));
        eventually("all series are exposed", || {
            agent.series("hubble_flows_processed_total") == addresses
        });
        eventually("all series are exported, twice", || {
            backend.points() >= 2 * addresses
        });
        agent.peak_bytes()
    });
    let shipped = Bounds::shipped(0);
    let rows = shipped.rows().into_iter();
    let of_series = rows.filter(|(part, _)| ["series", "points"].contains(part));
    let per_series = of_series.map(|(_, bytes)| bytes).sum::<u64>() / shipped.series;
    let allowed = per_series * SERIES as u64 + 4 * shipped.request_bytes;
    let growth = many.saturating_sub(one);
    assert!(
        growth <= allowed,
        "{} KiB for {SERIES} series, {} allowed",
        growth >> 10,
        allowed >> 10
    );
}

#[test]
fn a_silent_backend_costs_records_not_memory() {
    let backend = Collector::with_replies(&[], Reply::Never);
    let mut agent = ShippedAgent::start(backend.address, &[]);
    agent.read_output();
    agent.play(DEFAULT_MIX);
    check_flooded(&agent, "exporters.otlp", "queue_full", 50_000);
}

#[test]
fn a_slow_backend_costs_records_not_memory() {
    let backend = Collector::with_replies(&[], Reply::AcceptAfterMillis(1000));
    let mut agent = ShippedAgent::start(backend.address, &[]);
    agent.read_output();
    agent.play(EVEN_MIX);
    check_flooded(&agent, "exporters.otlp", "queue_full", 50_000);
}

#[test]
fn an_unread_output_costs_its_own_records_not_memory() {
    let backend = Collector::with_replies(&[], Reply::Never);
    let mut agent = ShippedAgent::start(backend.address, &[]);
    agent.play(EVEN_MIX);
    check_flooded(&agent, "exporters.stdout", "queue_full", 100_000);
}

#[test]
fn a_blocking_output_costs_records_at_the_receiver_not_memory() {
    let backend = Collector::with_replies(&[], Reply::Never);
    let blocking = "format = \"compact\"\nqueue = { when_full = \"block\" }";
    let mut agent = ShippedAgent::start(backend.address, &[("format = \"compact\"", blocking)]);
    agent.play(EVEN_MIX);
    check_flooded(&agent, "receivers.monitor1_2", "pipeline_full", 100_000);
    let [limit, held] = agent.queue_bytes("processors.cilium_decode");
    assert!(
        held > limit / 2,
        "{held} bytes of {limit} in front of the processors"
    );
}

#[test]
fn large_access_log_records_cost_records_not_memory() {
    for size in [60_000, 1_000_000] {
        let backend = Collector::with_replies(&[], Reply::Never);
        let mut agent = ShippedAgent::start(backend.address, &[]);
        agent.play(Input::AccessLog(size));
        check_flooded(&agent, "receivers.monitor1_2", "pipeline_full", 1000);
    }
}

#[test]
fn written_large_access_log_records_stay_within_bounds() {
    for size in [60_000, 1_000_000] {
        let backend = Collector::with_replies(&[], Reply::Never);
        let mut agent = ShippedAgent::start(backend.address, &[]);
        agent.read_output();
        agent.play(Input::AccessLog(size));
        eventually("large records are written", || {
            agent.count("exporters.stdout", "absorbed") > 100
        });
        check_bounds(&agent);
    }
}

/// Waits until a stage has dropped this many records, then checks the memory bound.
fn check_flooded(agent: &ShippedAgent, stage: &str, reason: &str, records: u64) {
    let reason = format!("dropped/{reason}");
    eventually("records are dropped", || {
        agent.count(stage, &reason) >= records
    });
    check_bounds(agent);
}

fn check_bounds(agent: &ShippedAgent) {
    let allowed = agent.bytes_at_start + Bounds::shipped(agent.queue_limits()).beyond_base();
    let [peak, resident, allowed] =
        [agent.peak_bytes(), agent.resident_bytes(), allowed].map(|bytes| bytes >> 10);
    assert!(
        peak <= allowed,
        "{peak} KiB peak, {resident} KiB resident, {allowed} KiB allowed; {}",
        agent.drops()
    );
}
