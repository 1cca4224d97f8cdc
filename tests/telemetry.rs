//! What a running agent tells about itself.

use serde_json::Value;

use crate::support::{Agent, Cilium, Place, get, tidegate};

#[test]
fn the_pages_show_what_the_ledger_has() {
    let place = Place::new();
    let cilium = Cilium::listen(&place.path("monitor.sock"));
    let mut agent = Agent::run(&place.socket("reconnect"));
    let address = agent.address();
    let connection = cilium.send(300);
    let ledger = loop {
        let ledger: Value = serde_json::from_str(&get(&address, "/debug/ledger").1).unwrap();
        let stages = ledger["stages"].as_array().unwrap().clone();
        let settled = stages.iter().all(|stage| stage["in_flight"] == 0);
        if stages[0]["in"] == 300 && settled && stages[2]["in"] == stages[1]["out"]["exporters.nop"] {
            break ledger;
        }
    };
    let (status, metrics) = get(&address, "/metrics");
    assert_eq!(status, 200);
    let lost = ledger["upstream_lost"]["perf_ring"].as_u64().unwrap();
    let passed = ledger["stages"][2]["in"].as_u64().unwrap();
    let expected = [
        "# TYPE tidegate_stage_records_in_total counter".to_owned(),
        "tidegate_stage_records_in_total{pipeline=\"flows\",stage=\"receivers.monitor1_2\"} 300".to_owned(),
        "tidegate_stage_records_out_total{pipeline=\"flows\",stage=\"receivers.monitor1_2\",to=\"processors.cilium_decode\"} 300".to_owned(),
        format!("tidegate_stage_records_absorbed_total{{pipeline=\"flows\",stage=\"exporters.nop\"}} {passed}"),
        "tidegate_stage_records_in_flight{pipeline=\"flows\",stage=\"exporters.nop\"} 0".to_owned(),
        "tidegate_unaccounted_records{pipeline=\"flows\",stage=\"exporters.nop\"} 0".to_owned(),
        "tidegate_edge_queue_records{pipeline=\"flows\",stage=\"exporters.nop\"} 0".to_owned(),
        "tidegate_edge_queue_bytes{pipeline=\"flows\",stage=\"exporters.nop\"} 0".to_owned(),
        format!("tidegate_upstream_lost_total{{source=\"perf_ring\"}} {lost}"),
        "tidegate_receiver_connected{stage=\"receivers.monitor1_2\"} 1".to_owned(),
        format!("tidegate_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION")),
    ];
    for line in expected {
        assert!(metrics.lines().any(|one| one == line), "{line}\n---\n{metrics}");
    }
    for name in ["tidegate_edge_blocked_seconds_total", "process_resident_memory_bytes", "process_cpu_seconds_total"] {
        assert!(metrics.lines().any(|line| line.starts_with(name)), "{name}");
    }
    drop(connection);
}

#[test]
fn health_and_readiness_are_told() {
    let place = Place::new();
    let mut agent = Agent::run(&place.socket("reconnect"));
    let address = agent.address();
    assert_eq!(get(&address, "/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(get(&address, "/readyz"), (200, "ready\n".to_owned()));
    assert_eq!(get(&address, "/nothing").0, 404);
}

#[test]
fn a_telemetry_address_in_use_is_told_before_anything_runs() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let place = Place::new();
    let config = place.replay(1, &["cilium_decode"], "nop", "");
    let text = std::fs::read_to_string(&config).unwrap().replace("127.0.0.1:0", &address.to_string());
    let config = place.write("taken.toml", text);
    let ended = tidegate(&["run".as_ref(), "-c".as_ref(), config.as_os_str()]);
    let said = format!(
        "error: cannot listen on {address} for telemetry (`service.telemetry.listen`): Address already in use (os error 98)\n"
    );
    assert_eq!((ended.code, ended.stderr), (Some(1), said));
}
