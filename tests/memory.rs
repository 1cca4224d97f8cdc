//! Memory stays within what the queues allow: the pipeline that ships, more events than it can
//! take, and exporters that stand still. What is allowed is the formula of `docs/memory.md`.

#[path = "../benches/memory/formula.rs"]
mod formula;
mod surroundings;

use formula::{BASE, Bounds};
use surroundings::{Input, Scene};

use crate::support::{Answer, Collector, eventually};

const MIB: u64 = 1 << 20;
const DEFAULT: Input = Input::Simulated {
    mix: "default",
    rate: 0,
};
/// With more texts.
const EVEN: Input = Input::Simulated {
    mix: "even",
    rate: 0,
};

#[test]
fn the_pipeline_that_ships_is_allowed_66_mib_in_all() {
    let backend = Collector::answering(&[], Answer::Hang);
    let scene = Scene::with(backend.address, &[]);
    let allowed = BASE + Bounds::shipped(scene.queues()).beside_base();
    assert!(allowed <= 66 * MIB, "{} MiB", allowed / MIB);
}

#[test]
fn a_backend_that_never_answers_costs_records_and_no_memory() {
    let backend = Collector::answering(&[], Answer::Hang);
    let mut scene = Scene::with(backend.address, &[]);
    scene.read_output();
    scene.play(DEFAULT);
    flooded(&scene, "exporters.otlp", "queue_full", 50_000);
}

#[test]
fn a_backend_that_takes_a_second_for_each_request_costs_records_and_no_memory() {
    let backend = Collector::answering(&[], Answer::After(1000));
    let mut scene = Scene::with(backend.address, &[]);
    scene.read_output();
    scene.play(EVEN);
    flooded(&scene, "exporters.otlp", "queue_full", 50_000);
}

#[test]
fn an_output_that_nobody_reads_costs_records_of_its_own_and_no_memory() {
    let backend = Collector::answering(&[], Answer::Hang);
    let mut scene = Scene::with(backend.address, &[]);
    scene.play(EVEN);
    flooded(&scene, "exporters.stdout", "queue_full", 100_000);
}

#[test]
fn an_output_that_is_waited_for_costs_records_where_they_come_in_and_no_memory() {
    let backend = Collector::answering(&[], Answer::Hang);
    let waits = "format = \"compact\"\nqueue = { when_full = \"block\" }";
    let mut scene = Scene::with(backend.address, &[("format = \"compact\"", waits)]);
    scene.play(EVEN);
    flooded(&scene, "receivers.monitor1_2", "pipeline_full", 100_000);
    let [full, held] = scene.queue("processors.cilium_decode");
    assert!(
        held > full / 2,
        "{held} bytes of {full} in front of the processors"
    );
}

#[test]
fn large_access_log_records_cost_records_and_no_memory() {
    for size in [60_000, 1_000_000] {
        let backend = Collector::answering(&[], Answer::Hang);
        let mut scene = Scene::with(backend.address, &[]);
        scene.play(Input::AccessLog(size));
        flooded(&scene, "receivers.monitor1_2", "pipeline_full", 1000);
    }
}

#[test]
fn large_access_log_records_that_are_written_cost_no_memory() {
    for size in [60_000, 1_000_000] {
        let backend = Collector::answering(&[], Answer::Hang);
        let mut scene = Scene::with(backend.address, &[]);
        scene.read_output();
        scene.play(Input::AccessLog(size));
        eventually("large records are written", || {
            scene.number("exporters.stdout", "absorbed") > 100
        });
        within_bounds(&scene);
    }
}

/// Waits until a stage has dropped so many records, and holds the agent to what it is allowed.
fn flooded(scene: &Scene, stage: &str, reason: &str, records: u64) {
    let reason = format!("dropped/{reason}");
    eventually("records are dropped", || {
        scene.number(stage, &reason) >= records
    });
    within_bounds(scene);
}

fn within_bounds(scene: &Scene) {
    let allowed = scene.at_start + Bounds::shipped(scene.queues()).beside_base();
    let [peak, now, allowed] = [scene.peak(), scene.resident(), allowed].map(|bytes| bytes >> 10);
    assert!(
        peak <= allowed,
        "{peak} KiB at most, {now} KiB now, {allowed} KiB are allowed; {}",
        scene.drops()
    );
}
