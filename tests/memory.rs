//! Memory stays within the formula of `docs/memory.md` when the shipped pipeline gets more events
//! than it can process and exporters are stalled.

mod environment;
#[path = "../benches/memory/formula.rs"]
mod formula;

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
fn the_shipped_pipeline_is_allowed_66_mib() {
    let backend = Collector::with_replies(&[], Reply::Never);
    let agent = ShippedAgent::start(backend.address, &[]);
    let allowed = BASE + Bounds::shipped(agent.queue_limits()).beyond_base();
    assert!(allowed <= 66 * MIB, "{} MiB", allowed / MIB);
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
