//! The demo: the shipped pipeline, with nothing installed.

use crate::support::{Agent, Answer, Collector, eventually, get};

#[test]
fn the_demo_prints_flows_serves_metrics_and_ends_with_its_books() {
    let mut demo = Agent::start(&["demo", "--rate", "500"].map(AsRef::as_ref));
    let page = |line: String| {
        line.split("http://")
            .nth(1)
            .unwrap()
            .split('/')
            .next()
            .unwrap()
            .to_owned()
    };
    let metrics = page(demo.says("  metrics "));
    let telemetry = page(demo.says("  ledger "));
    demo.has_said("serving metrics");
    eventually("flows are counted", || {
        get(&metrics, "/metrics")
            .1
            .contains("hubble_flows_processed_total{")
    });
    assert!(
        get(&telemetry, "/debug/ledger")
            .1
            .contains("\"balanced\":true")
    );
    demo.has_said("cannot reach http://127.0.0.1:4317");
    demo.signal("INT");
    let ended = demo.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        ended
            .stdout
            .lines()
            .any(|line| line.contains("to-endpoint FORWARDED (TCP Flags: SYN")),
        "{}",
        ended.stdout
    );
    assert!(
        ended
            .stdout
            .lines()
            .any(|line| line.contains(": shop/cart-") && line.contains("(ID:10000) -> ")),
        "pods have their names: {}",
        ended.stdout
    );
    assert!(
        ended
            .stderr
            .contains("the ledger balances; unaccounted records: 0; in flight: 0"),
        "{}",
        ended.stderr
    );
    let missing = ended
        .stderr
        .lines()
        .filter(|line| line.contains("cannot reach http://127.0.0.1:4317"));
    assert_eq!(missing.count(), 1, "it is said once: {}", ended.stderr);
    assert!(
        !ended.stderr.contains("exporters.otlp"),
        "nothing is lost to a missing collector: {}",
        ended.stderr
    );
}

#[test]
fn the_demo_sends_to_the_collector_of_the_environment() {
    let collector = Collector::answering(&[], Answer::Accept);
    let endpoint = format!("http://{}", collector.address);
    let args = ["demo", "--events", "200", "--rate", "0", "--strict"].map(AsRef::as_ref);
    let ended =
        Agent::start_with(&args, &[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_ref())]).ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains(&endpoint), "{}", ended.stderr);
    let flows = ended.stdout.lines().count();
    assert!(flows > 50, "{}", ended.stdout);
    assert_eq!(collector.logs().len(), flows, "{}", ended.stderr);
}

#[test]
fn a_demo_with_an_end_ends_by_itself() {
    let demo =
        Agent::start(&["demo", "--events", "200", "--rate", "0", "--strict"].map(AsRef::as_ref));
    let ended = demo.ended();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let row = ended
        .stderr
        .lines()
        .find(|line| line.contains("receivers.monitor1_2  "))
        .unwrap();
    assert_eq!(row.split_whitespace().nth(2), Some("200"), "{row}");
}
