//! The demo: the shipped pipeline on simulated events.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::Command;

use crate::support::{
    Agent, AgentOutput, Collector, Reply, TestDir, eventually, get, tidegate_with_env,
};

/// Starts the demo with arguments and environment variables.
fn demo(args: &[&str], environment: &[(&str, &str)]) -> Agent {
    let args: Vec<&OsStr> = ["demo"].iter().chain(args).map(OsStr::new).collect();
    let environment: Vec<_> = environment
        .iter()
        .map(|(name, value)| (*name, OsStr::new(*value)))
        .collect();
    Agent::start_with_env(&args, &environment)
}

/// A demo of 200 events at full speed.
fn short_demo(environment: &[(&str, &str)]) -> AgentOutput {
    demo(&["--events", "200", "--rate", "0", "--strict"], environment).wait()
}

/// Ends a demo in order, so that its temporary directory is removed.
fn end(demo: Agent) {
    demo.send_signal("INT");
    assert_ended_in_order(&demo.wait());
}

/// The command in a line of the welcome.
fn command(line: &str) -> &str {
    line.split("  # ").next().unwrap().trim()
}

/// Runs a command in a shell; returns its standard output.
fn shell(command: &str) -> String {
    let output = Command::new("sh").args(["-c", command]).output().unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The row of a stage in the final ledger.
fn row<'a>(output: &'a AgentOutput, stage: &str) -> Option<&'a str> {
    output
        .stderr
        .lines()
        .find(|line| line.split_whitespace().nth(1) == Some(stage))
}

fn assert_ended_in_order(output: &AgentOutput) {
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(
        output
            .stderr
            .contains("the ledger balances; unaccounted records: 0; in flight: 0"),
        "{}",
        output.stderr
    );
}

#[test]
fn the_demo_prints_named_flows_and_a_ledger_without_losses() {
    let mut demo = demo(&["--rate", "500"], &[]);
    let curl = demo.wait_for_line(" curl ");
    let (_, url) = command(&curl).split_once("http://").unwrap();
    let metrics = url.strip_suffix("/metrics").unwrap().to_owned();
    demo.wait_for_line("OTEL_EXPORTER_OTLP_ENDPOINT=http://HOST:4317");
    eventually("flows are counted", || {
        crate::support::try_get(&metrics, "/metrics").is_ok_and(|(_, text)| {
            text.lines()
                .any(|line| line.starts_with("hubble_flows_processed_total{"))
        })
    });
    demo.send_signal("INT");
    let output = demo.wait();
    assert_ended_in_order(&output);
    for part in [
        "to-endpoint FORWARDED (TCP Flags: SYN",
        ": shop/cart-",
        "(ID:10000) -> ",
        "-> registry.example.io:443 (world) ",
    ] {
        assert!(output.stdout.contains(part), "{part} in {}", output.stdout);
    }
    let unnamed = output.stdout.lines().find(|flow| flow.contains(" 10."));
    assert_eq!(unnamed, None, "a pod without a name");
    for surprise in ["dropped{", "INFO", "WARN", "{events}", "{debug_events}"] {
        assert!(!output.stderr.contains(surprise), "{}", output.stderr);
    }
    assert_eq!(row(&output, "exporters.otlp"), None, "{}", output.stderr);
    let prometheus = row(&output, "exporters.prometheus").unwrap();
    assert!(prometheus.contains("filtered{flows} "), "{prometheus}");
}

#[test]
fn the_commands_that_the_demo_prints_can_be_pasted() {
    let mut demo = demo(&["--rate", "2000"], &[]);
    let top = demo.wait_for_line(" top");
    let observe = demo.wait_for_line(" observe ");
    eventually("the agent is up", || {
        let top = format!("{} --once --interval 100ms", command(&top));
        Command::new("sh")
            .args(["-c", &top])
            .output()
            .is_ok_and(|output| output.status.success())
    });
    let flows = shell(&format!("{} --first 1 2>/dev/null", command(&observe)));
    assert!(
        flows.contains(" DROPPED ") || flows.contains(" DENIED "),
        "{flows}"
    );
    end(demo);
}

#[test]
fn the_demo_exports_to_the_collector_from_the_environment() {
    let collector = Collector::with_replies(&[], Reply::Accept);
    let endpoint = format!("http://{}", collector.address);
    let output = short_demo(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(output.stderr.contains(&endpoint), "{}", output.stderr);
    let flows = output.stdout.lines().count();
    assert!(flows > 50, "{}", output.stdout);
    assert_eq!(collector.logs().len(), flows, "{}", output.stderr);
}

#[test]
fn an_empty_endpoint_counts_as_unset() {
    let output = short_demo(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]);
    assert_ended_in_order(&output);
    assert_eq!(row(&output, "exporters.otlp"), None, "{}", output.stderr);
}

#[test]
fn a_collector_that_does_not_answer_does_not_hold_up_the_end() {
    // It accepts connections and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let mut demo = demo(&[], &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    let _connection = listener.accept().unwrap();
    demo.wait_for_line(" curl ");
    demo.send_signal("TERM");
    let output = demo.wait();
    assert_ended_in_order(&output);
    assert!(row(&output, "exporters.otlp").is_some());
    let lost = output
        .stderr
        .contains("unconfirmed, so delivered or lost: ")
        || output.stderr.contains("dropped{drain_timeout} ");
    assert!(lost, "{}", output.stderr);
}

#[test]
fn a_collector_that_is_not_there_does_not_hold_up_the_end() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let endpoint = format!("http://{}", closed.unwrap());
    let output = demo(
        &["--events", "200", "--rate", "0"],
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)],
    )
    .wait();
    assert_ended_in_order(&output);
    let row = row(&output, "exporters.otlp").unwrap();
    assert!(row.contains("dropped{drain_timeout} "), "{row}");
}

#[test]
fn a_demo_with_an_event_limit_ends_after_it() {
    let output = short_demo(&[]);
    assert_ended_in_order(&output);
    let row = row(&output, "receivers.monitor1_2").unwrap();
    assert_eq!(row.split_whitespace().nth(2), Some("200"), "{row}");
}

#[test]
fn signals_at_the_start_end_the_demo_in_order() {
    for signals in [&["INT", "INT"][..], &["TERM"]] {
        let mut demo = demo(&[], &[]);
        demo.wait_for_line("A simulated Cilium agent");
        demo.send_signals(signals);
        assert_ended_in_order(&demo.wait());
    }
}

#[test]
fn the_demo_ends_when_the_reader_of_its_flows_has_enough() {
    let mut demo = demo(&["--rate", "500"], &[]);
    let mut flows = BufReader::new(demo.take_stdout());
    let mut line = String::new();
    flows.read_line(&mut line).unwrap();
    drop(flows);
    assert!(line.contains("(ID:"), "{line}");
    assert_ended_in_order(&demo.wait());
}

#[test]
fn a_reader_that_reads_nothing_does_not_hold_up_the_end() {
    let mut demo = demo(&["--rate", "0"], &[]);
    demo.wait_for_line("records are dropped stage=\"exporters.stdout\"");
    demo.send_signal("INT");
    let output = demo.wait_without_reading_stdout();
    assert_ended_in_order(&output);
    let row = row(&output, "exporters.stdout").unwrap();
    assert!(row.contains("dropped{shutdown_timeout} "), "{row}");
}

#[test]
fn addresses_of_the_environment_are_used_and_printed() {
    let mut demo = demo(
        &[],
        &[
            ("TIDEGATE_TELEMETRY_LISTEN", "127.0.0.2:0"),
            ("TIDEGATE_PROMETHEUS_LISTEN", "127.0.0.3:0"),
        ],
    );
    let top = demo.wait_for_line(" top --address 127.0.0.2:");
    let curl = demo.wait_for_line(" curl -s http://127.0.0.3:");
    let telemetry = command(&top).rsplit(' ').next().unwrap();
    let prometheus = command(&curl).split('/').nth(2).unwrap();
    for address in [telemetry, prometheus] {
        eventually("it listens there", || {
            crate::support::try_get(address, "/metrics").is_ok_and(|(status, _)| status == 200)
        });
    }
    assert!(
        get(telemetry, "/debug/ledger")
            .1
            .contains("\"balanced\":true")
    );
    end(demo);
}

#[test]
fn an_address_of_the_environment_that_is_in_use_is_an_error_and_a_default_one_is_replaced() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = tidegate_with_env(
        &["demo"],
        &[("TIDEGATE_PROMETHEUS_LISTEN", address.as_ref())],
    );
    assert_eq!(
        (output.code, output.stdout.as_str(), output.stderr.as_str()),
        (
            Some(1),
            "",
            format!(
                "error: cannot listen on TIDEGATE_PROMETHEUS_LISTEN={address}: Address already in \
                 use (os error 98); another process has it\n"
            )
            .as_str()
        )
    );
    let mut first = demo(&[], &[]);
    let mut second = demo(&[], &[]);
    let addresses =
        [&mut first, &mut second].map(|demo| command(&demo.wait_for_line(" curl ")).to_owned());
    assert_ne!(addresses[0], addresses[1]);
    end(first);
    end(second);
}

#[test]
fn what_the_environment_has_wrong_is_shown_in_the_shipped_configuration() {
    let endpoint = [("OTEL_EXPORTER_OTLP_ENDPOINT", OsStr::new("localhost:99999"))];
    let output = tidegate_with_env(&["demo"], &endpoint);
    assert_eq!(output.code, Some(78), "{}", output.stderr);
    let shipped = include_str!("../pipeline.toml");
    let line = shipped.lines().position(|line| line == "[exporters.otlp]");
    let place = format!("--> pipeline.toml:{}:", line.unwrap() + 1);
    let variable = "of the environment variable `OTEL_EXPORTER_OTLP_ENDPOINT`";
    assert!(output.stderr.contains(&place), "{}", output.stderr);
    assert!(output.stderr.contains(variable), "{}", output.stderr);
}

#[test]
fn a_temporary_directory_that_cannot_be_used_is_replaced() {
    let dir = TestDir::new();
    let missing = dir.path("missing");
    let output = short_demo(&[("TMPDIR", missing.to_str().unwrap())]);
    assert_ended_in_order(&output);
}
