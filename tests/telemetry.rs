//! Telemetry pages of a running agent.

use serde_json::Value;

use crate::support::{Agent, FakeCilium, TestDir, get, run_args, tidegate};

/// Lines of the metrics page after 300 frames, of which `passed` records reached the exporter.
fn expected_metrics(passed: u64, lost: u64) -> Vec<String> {
    vec![
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
    ]
}

#[test]
fn the_metrics_page_agrees_with_the_ledger() {
    let dir = TestDir::new();
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let mut agent = Agent::run(&dir.socket("reconnect"));
    let address = agent.telemetry_address();
    let connection = cilium.send(300);
    let ledger = loop {
        let ledger: Value = serde_json::from_str(&get(&address, "/debug/ledger").1).unwrap();
        let stages = ledger["stages"].as_array().unwrap().clone();
        let settled = stages.iter().all(|stage| stage["in_flight"] == 0);
        if stages[0]["in"] == 300 && settled && stages[2]["in"] == stages[1]["out"]["exporters.nop"]
        {
            break ledger;
        }
    };
    let (status, metrics) = get(&address, "/metrics");
    assert_eq!(status, 200);
    let lost = ledger["upstream_lost"]["perf_ring"].as_u64().unwrap();
    let passed = ledger["stages"][2]["in"].as_u64().unwrap();
    let expected = expected_metrics(passed, lost);
    for line in expected {
        assert!(
            metrics.lines().any(|one| one == line),
            "{line}\n---\n{metrics}"
        );
    }
    for name in [
        "tidegate_edge_blocked_seconds_total",
        "process_resident_memory_bytes",
        "process_cpu_seconds_total",
    ] {
        assert!(metrics.lines().any(|line| line.starts_with(name)), "{name}");
    }
    drop(connection);
}

/// Writes a configuration with all components that count by a name. Its socket and backend do not
/// exist.
fn config_with_all_components(dir: &TestDir) -> std::path::PathBuf {
    let chain =
        "cilium_decode l34_flow sock_flow dns_flow http_flow l7_flow cilium_enrich hubble_metrics";
    let chain: Vec<_> = chain.split(' ').collect();
    let declared: String = chain
        .iter()
        .map(|kind| format!("[processors.{kind}]\n"))
        .collect();
    let text = format!(
        "[receivers.monitor1_2]\nsocket = {:?}\n{declared}[exporters.otlp]\nendpoint = \"http://127.0.0.1:1\"\n\
         [exporters.stdout]\n[exporters.prometheus]\nlisten = \"127.0.0.1:0\"\n\
         [service]\ntelemetry.listen = \"127.0.0.1:0\"\n[service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\n\
         processors = {chain:?}\nexporters = [\"otlp\", \"stdout\", \"prometheus\"]\n",
        dir.path("monitor.sock")
    );
    dir.write("everything.toml", text)
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_counter_is_exposed_from_the_start() {
    let dir = TestDir::new();
    let mut agent = Agent::run(&config_with_all_components(&dir));
    let address = agent.telemetry_address();
    agent.find_line("cannot connect to the monitor socket");
    let metrics = get(&address, "/metrics").1;
    let check_zero = |name: &str, label: &str, cases: &[(&str, &str)]| {
        for (stage, value) in cases {
            let line = format!(
                "tidegate_stage_{name}_total{{pipeline=\"flows\",stage=\"{stage}\",{label}=\"{value}\"}} 0"
            );
            assert!(
                metrics.lines().any(|one| one == line),
                "{line}\n---\n{metrics}"
            );
        }
    };
    let drops = [
        ("receivers.monitor1_2", "pipeline_full"),
        ("receivers.monitor1_2", "frame_cut_short"),
        ("receivers.monitor1_2", "gob_truncated"),
        ("processors.cilium_decode", "queue_full"),
        ("processors.cilium_decode", "unknown_payload_type"),
        ("processors.cilium_decode", "access_log_unknown_shape"),
        ("processors.cilium_decode", "stage_ended"),
        ("processors.l34_flow", "tcp_too_short"),
        ("processors.dns_flow", "access_log_bad_timestamp"),
        ("exporters.otlp", "queue_full"),
        ("exporters.otlp", "drain_timeout"),
        ("exporters.otlp", "retries_exhausted"),
        ("exporters.stdout", "write_failed"),
        ("exporters.stdout", "shutdown_timeout"),
        ("exporters.stdout", "reload_timeout"),
        ("exporters.prometheus", "metric_type_conflict"),
    ];
    check_zero("records_dropped", "reason", &drops);
    check_zero(
        "records_filtered",
        "rule",
        &[
            ("exporters.otlp", "agent_events"),
            ("exporters.prometheus", "flows"),
        ],
    );
    let notes = [
        ("processors.cilium_decode", "undecoded_unknown"),
        ("processors.cilium_decode", "cilium_version_contradicted"),
        ("processors.http_flow", "wire_table_full"),
        ("processors.cilium_enrich", "enrich_table_full"),
        ("processors.hubble_metrics", "series_limit"),
    ];
    check_zero("noted", "what", &notes);
    check_zero(
        "ambiguous",
        "choice",
        &[("processors.cilium_decode", "drop_header")],
    );
    let others = [
        "tidegate_upstream_lost_total{source=\"perf_ring\"} 0",
        "tidegate_stage_records_unconfirmed_total{pipeline=\"flows\",stage=\"exporters.otlp\"} 0",
        "tidegate_config_reloads_total{outcome=\"refused\"} 0",
        "tidegate_receiver_disconnects_total{stage=\"receivers.monitor1_2\",reason=\"eof\"} 0",
        "tidegate_otlp_requests_total{stage=\"exporters.otlp\",outcome=\"refused\"} 0",
    ];
    for line in others {
        assert!(
            metrics.lines().any(|one| one == line),
            "{line}\n---\n{metrics}"
        );
    }
    assert!(
        !metrics.contains("pipeline=\"flows\",stage=\"processors.l34_flow\",reason=\"queue_full\""),
        "`l34_flow` has no inbox"
    );
}

#[test]
fn the_ledger_has_the_bytes_of_receivers_and_exporters_and_what_the_process_uses() {
    let dir = TestDir::new();
    let config = dir.replay(500, &["cilium_decode", "l34_flow"], "stdout", "");
    let ledger = dir.path("ledger.json");
    let output = tidegate(&run_args(&config, &ledger));
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let page: Value = serde_json::from_slice(&std::fs::read(&ledger).unwrap()).unwrap();
    let recording = std::fs::metadata(dir.path("recording")).unwrap().len();
    let expected = serde_json::json!({
        "exporters.stdout": output.stdout.len(),
        "receivers.replay": recording,
    });
    assert_eq!(page["bytes"], expected);
    let process = &page["process"];
    assert!(process["cpu_seconds"].as_f64().is_some(), "{process}");
    assert!(
        process["resident_bytes"].as_u64() > Some(1 << 20),
        "{process}"
    );
    assert_eq!(page["stopping"], true);
    assert!(!page["node"].as_str().unwrap().is_empty());
}

#[test]
fn health_and_readiness_are_served() {
    let dir = TestDir::new();
    let mut agent = Agent::run(&dir.socket("reconnect"));
    let address = agent.telemetry_address();
    assert_eq!(get(&address, "/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(get(&address, "/readyz"), (200, "ready\n".to_owned()));
    assert_eq!(get(&address, "/nothing").0, 404);
}

#[test]
fn a_telemetry_address_in_use_is_reported_before_anything_runs() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let dir = TestDir::new();
    let config = dir.replay(1, &["cilium_decode"], "nop", "");
    let text = std::fs::read_to_string(&config)
        .unwrap()
        .replace("127.0.0.1:0", &address.to_string());
    let config = dir.write("taken.toml", text);
    let output = tidegate(&["run".as_ref(), "-c".as_ref(), config.as_os_str()]);
    let expected = format!(
        "error: cannot listen on {address} for telemetry (`service.telemetry.listen`): Address \
         already in use (os error 98); another process has it: set another address\n"
    );
    assert_eq!((output.code, output.stderr), (Some(1), expected));
}
