//! The demo: the shipped pipeline, with nothing installed.

use crate::support::{Agent, eventually, get};

#[test]
fn the_demo_prints_flows_serves_metrics_and_ends_with_its_books() {
    let mut demo = Agent::start(&["demo", "--rate", "500"].map(AsRef::as_ref));
    let page = |line: String| line.split("http://").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let metrics = page(demo.says("  metrics "));
    let telemetry = page(demo.says("  the ledger "));
    demo.has_said("serving metrics");
    eventually("flows are counted", || get(&metrics, "/metrics").1.contains("hubble_flows_processed_total{"));
    assert!(get(&telemetry, "/debug/ledger").1.contains("\"balanced\":true"));
    demo.has_said("cannot reach http://127.0.0.1:4317");
    demo.signal("INT");
    let ended = demo.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        ended.stdout.lines().any(|line| line.contains("to-endpoint FORWARDED (TCP Flags: SYN")),
        "{}",
        ended.stdout
    );
    assert!(
        ended.stdout.lines().any(|line| line.contains(": shop/cart-") && line.contains("(ID:10000) -> ")),
        "pods have their names: {}",
        ended.stdout
    );
    assert!(ended.stderr.contains("the books balance; unaccounted records: 0; in flight: 0"), "{}", ended.stderr);
    let warnings = ended.stderr.lines().filter(|line| line.contains("cannot reach http://127.0.0.1:4317"));
    assert_eq!(warnings.count(), 1, "it is logged once: {}", ended.stderr);
}

#[test]
fn a_demo_with_an_end_ends_by_itself() {
    let demo = Agent::start(&["demo", "--events", "200", "--rate", "0"].map(AsRef::as_ref));
    let ended = demo.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let row = ended.stderr.lines().find(|line| line.contains("receivers.monitor1_2  ")).unwrap();
    assert_eq!(row.split_whitespace().nth(2), Some("200"), "{row}");
}
