//! Backends that do not accept the agent's own telemetry, and how it is turned off.

use std::ffi::OsStr;
use std::net::TcpListener;

use opentelemetry_proto::tonic::common::v1::any_value::Value;

use super::{collector, config, sample};
use crate::support::{Agent, TestDir, eventually, get};

const FAILED: &str = "tidegate_own_telemetry_requests_total{signal=\"metrics\",outcome=\"failed\"}";
const LOST_LOGS: &str = "tidegate_own_telemetry_lost_total{signal=\"logs\"}";
const REFUSED: &str = "the agent's own telemetry is not accepted";

#[test]
fn a_backend_that_never_answers_does_not_delay_the_end() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let keys = format!(
        "endpoint = \"http://{}\"\ninterval = \"10ms\"\ntimeout = \"1h\"\nlevel = \"info\"",
        silent.local_addr().unwrap()
    );
    let dir = TestDir::new();
    let mut agent = Agent::run(&config(&dir, &keys));
    agent.telemetry_address();
    let _connection = silent.accept().unwrap();
    agent.send_signal("TERM");
    assert_eq!(agent.wait().code, Some(0));
}

#[test]
fn a_dead_backend_is_one_warning_and_a_counter_and_feeds_nothing_back() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let keys = format!(
        "endpoint = \"http://{address}\"\ninterval = \"20ms\"\ntimeout = \"50ms\"\nlevel = \"info\""
    );
    let dir = TestDir::new();
    let path = config(&dir, &keys);
    let args = ["run".as_ref(), "-c".as_ref(), path.as_os_str()];
    // Without the pause between batches of log records, a log that fed itself would be endless.
    let environment = [
        ("OTEL_BLRP_SCHEDULE_DELAY", OsStr::new("1")),
        ("RUST_LOG", OsStr::new("info")),
    ];
    let mut agent = Agent::start_with_env(&args, &environment);
    let telemetry = agent.telemetry_address();
    let page = || get(&telemetry, "/metrics").1;
    agent.wait_for_line(REFUSED);
    eventually("the log of the start is given up", || {
        sample(&page(), LOST_LOGS) >= 2
    });
    let failures = sample(&page(), FAILED);
    let lost = sample(&page(), LOST_LOGS);
    eventually("further requests fail", || {
        sample(&page(), FAILED) >= failures + 20
    });
    assert!(
        sample(&page(), LOST_LOGS) <= lost + 2,
        "each failure makes a log record"
    );
    agent.send_signal("TERM");
    let output = agent.wait();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert_eq!(
        output.stderr.matches(REFUSED).count(),
        1,
        "{}",
        output.stderr
    );
}

#[test]
fn a_backend_that_recovers_gets_no_log_about_itself() {
    let dir = TestDir::new();
    let collector = collector();
    collector.set_stalled(true);
    let keys = format!(
        "endpoint = \"http://{}\"\ninterval = \"50ms\"\ntimeout = \"200ms\"\nlevel = \"info\"",
        collector.address
    );
    let path = config(&dir, &keys);
    let mut agent = Agent::run(&path);
    agent.wait_for_line(REFUSED);
    collector.set_stalled(false);
    agent.wait_for_line("the agent's own telemetry is accepted again");
    std::fs::write(&path, "nonsense").unwrap();
    agent.send_signal("HUP");
    eventually("a log record arrives", || !collector.logs().is_empty());
    agent.send_signal("TERM");
    assert_eq!(agent.wait().code, Some(0));
    for record in collector.logs() {
        let text = match record.body.and_then(|body| body.value) {
            Some(Value::StringValue(text)) => text,
            other => panic!("{other:?}"),
        };
        assert!(!text.contains("own telemetry"), "{text}");
    }
}

#[test]
fn a_variable_turns_it_off() {
    let dir = TestDir::new();
    let collector = collector();
    let keys = format!(
        "endpoint = \"http://{}\"\ninterval = \"10ms\"",
        collector.address
    );
    let path = config(&dir, &keys);
    let args = ["run".as_ref(), "-c".as_ref(), path.as_os_str()];
    let mut agent = Agent::start_with_env(&args, &[("OTEL_SDK_DISABLED", OsStr::new("true"))]);
    let telemetry = agent.telemetry_address();
    agent.find_line("cannot connect to the monitor socket");
    let page = get(&telemetry, "/metrics").1;
    assert!(!page.contains("own_telemetry"), "{page}");
    agent.send_signal("TERM");
    assert_eq!(agent.wait().code, Some(0));
    assert_eq!(collector.metrics(), []);
    assert_eq!(collector.spans(), []);
}

#[test]
fn a_reload_turns_it_on_and_off() {
    let dir = TestDir::new();
    let collector = collector();
    let plain = std::fs::read_to_string(dir.socket("reconnect")).unwrap();
    let path = dir.path("pipeline.toml");
    let mut agent = Agent::run(&path);
    let telemetry = agent.telemetry_address();
    let keys = format!(
        "endpoint = \"http://{}\"\ninterval = \"10ms\"",
        collector.address
    );
    config(&dir, &keys);
    agent.send_signal("HUP");
    agent.wait_for_line("the configuration was reloaded");
    eventually("metrics arrive", || !collector.metrics().is_empty());
    std::fs::write(&path, plain).unwrap();
    agent.send_signal("HUP");
    agent.wait_for_line("the configuration was reloaded");
    let accepted = || {
        let page = get(&telemetry, "/metrics").1;
        let series =
            "tidegate_own_telemetry_requests_total{signal=\"metrics\",outcome=\"accepted\"}";
        sample(&page, series)
    };
    let mut last = 0;
    let mut unchanged = 0;
    eventually("nothing is sent any more", || {
        let before = std::mem::replace(&mut last, accepted());
        unchanged = if before == last { unchanged + 1 } else { 0 };
        // An interval is shorter than this number of requests for the page.
        unchanged > 50
    });
    agent.send_signal("TERM");
    assert_eq!(agent.wait().code, Some(0));
}
