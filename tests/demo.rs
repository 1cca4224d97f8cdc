//! The demo: the shipped pipeline on simulated events.

use crate::support::{Agent, Collector, Reply, eventually, get};

#[test]
#[expect(clippy::too_many_lines, reason = "one scenario")]
fn the_demo_prints_flows_serves_metrics_and_prints_its_ledger() {
    let mut demo = Agent::start(&["demo", "--rate", "500"].map(AsRef::as_ref));
    let address = |line: String| {
        line.split("http://")
            .nth(1)
            .unwrap()
            .split('/')
            .next()
            .unwrap()
            .to_owned()
    };
    let metrics = address(demo.wait_for_line("  metrics "));
    let telemetry = address(demo.wait_for_line("  ledger "));
    demo.find_line("serving metrics");
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
    demo.find_line("cannot reach http://127.0.0.1:4317");
    demo.send_signal("INT");
    let output = demo.wait();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(
        output
            .stdout
            .lines()
            .any(|line| line.contains("to-endpoint FORWARDED (TCP Flags: SYN")),
        "{}",
        output.stdout
    );
    assert!(
        output
            .stdout
            .lines()
            .any(|line| line.contains(": shop/cart-") && line.contains("(ID:10000) -> ")),
        "flows have pod names: {}",
        output.stdout
    );
    assert!(
        output
            .stderr
            .contains("the ledger balances; unaccounted records: 0; in flight: 0"),
        "{}",
        output.stderr
    );
    let missing = output
        .stderr
        .lines()
        .filter(|line| line.contains("cannot reach http://127.0.0.1:4317"));
    assert_eq!(missing.count(), 1, "logged once: {}", output.stderr);
    assert!(
        !output.stderr.contains("exporters.otlp"),
        "nothing is lost to a missing collector: {}",
        output.stderr
    );
}

#[test]
fn the_demo_exports_to_the_collector_from_the_environment() {
    let collector = Collector::with_replies(&[], Reply::Accept);
    let endpoint = format!("http://{}", collector.address);
    let args = ["demo", "--events", "200", "--rate", "0", "--strict"].map(AsRef::as_ref);
    let output =
        Agent::start_with_env(&args, &[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_ref())]).wait();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(output.stderr.contains(&endpoint), "{}", output.stderr);
    let flows = output.stdout.lines().count();
    assert!(flows > 50, "{}", output.stdout);
    assert_eq!(collector.logs().len(), flows, "{}", output.stderr);
}

#[test]
fn a_demo_with_an_event_limit_ends_after_it() {
    let demo =
        Agent::start(&["demo", "--events", "200", "--rate", "0", "--strict"].map(AsRef::as_ref));
    let output = demo.wait();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let row = output
        .stderr
        .lines()
        .find(|line| line.contains("receivers.monitor1_2  "))
        .unwrap();
    assert_eq!(row.split_whitespace().nth(2), Some("200"), "{row}");
}
