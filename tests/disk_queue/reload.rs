//! A reload keeps what is queued.

use super::{EXPORTER, config, feed};
use crate::support::{
    Agent, Collector, FakeCilium, LedgerReport, Reply, TestDir, eventually, tidegate,
};

#[test]
fn a_reload_with_another_configuration_keeps_the_queue() {
    let dir = TestDir::new();
    let collector = Collector::with_replies(&[], Reply::Accept);
    collector.set_stalled(true);
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let mut agent = Agent::run(&config(&dir, &collector, ""));
    let address = agent.telemetry_address();
    let queued = feed(&address, &cilium);
    collector.set_stalled(false);
    config(&dir, &collector, "timeout = \"9s\"");
    agent.send_signal("HUP");
    eventually("the queue is delivered", || {
        let ledger = LedgerReport::live(&address);
        ledger.count(EXPORTER, "in_flight") == 0 && collector.logs().len() as u64 >= queued
    });
    let ledger = LedgerReport::live(&address);
    let stored = ledger.count(EXPORTER, "noted/stored");
    assert!(stored > 0);
    assert_eq!(ledger.count(EXPORTER, "created"), stored);
    assert_eq!(ledger.count(EXPORTER, "absorbed") - stored, queued);
    assert_eq!(collector.logs().len() as u64, queued);
}

#[test]
fn a_queue_is_sent_to_the_endpoint_that_a_reload_sets() {
    let dir = TestDir::new();
    let collector = Collector::with_replies(&[], Reply::Never);
    let other = Collector::with_replies(&[], Reply::Accept);
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let mut agent = Agent::run(&config(&dir, &collector, ""));
    let address = agent.telemetry_address();
    let queued = feed(&address, &cilium);
    config(&dir, &other, "");
    agent.send_signal("HUP");
    eventually("the queue is delivered to the other endpoint", || {
        other.logs().len() as u64 == queued
    });
    assert_eq!(collector.logs().len(), 0);
}

#[test]
fn what_is_left_in_another_directory_waits_until_an_exporter_has_it_again() {
    let dir = TestDir::new();
    let collector = Collector::with_replies(&[], Reply::Accept);
    collector.set_stalled(true);
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let file = config(&dir, &collector, "");
    let first = std::fs::read_to_string(&file).unwrap();
    let second = first.replace("/queue\"", "/elsewhere\"");
    let mut agent = Agent::run(&file);
    let address = agent.telemetry_address();
    let queued = feed(&address, &cilium);
    dir.write("pipeline.toml", second);
    agent.send_signal("HUP");
    eventually("everything stays in the first directory", || {
        let ledger = LedgerReport::live(&address);
        ledger.count(EXPORTER, "noted/stored") == queued && dir.path("elsewhere").exists()
    });
    collector.set_stalled(false);
    assert_eq!(LedgerReport::live(&address).count(EXPORTER, "created"), 0);
    dir.write("pipeline.toml", first);
    agent.send_signal("HUP");
    eventually("the queue is delivered", || {
        let ledger = LedgerReport::live(&address);
        ledger.count(EXPORTER, "noted/recovered") == queued
            && ledger.count(EXPORTER, "in_flight") == 0
    });
    assert_eq!(collector.logs().len() as u64, queued);
}

#[test]
fn an_exporter_with_another_name_takes_over_the_queue_in_its_directory() {
    let dir = TestDir::new();
    let collector = Collector::with_replies(&[], Reply::Accept);
    collector.set_stalled(true);
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let file = config(&dir, &collector, "");
    let text = std::fs::read_to_string(&file).unwrap();
    let mut agent = Agent::run(&file);
    let address = agent.telemetry_address();
    let queued = feed(&address, &cilium);
    collector.set_stalled(false);
    let renamed = text
        .replace("[exporters.otlp]", "[exporters.\"otlp/logs\"]")
        .replace("[\"otlp\"]", "[\"otlp/logs\"]");
    dir.write("pipeline.toml", renamed);
    agent.send_signal("HUP");
    eventually("the queue is delivered", || {
        collector.logs().len() as u64 == queued
    });
    eventually("the records have moved to the other exporter", || {
        let ledger = LedgerReport::live(&address);
        ledger.count("exporters.otlp/logs", "noted/recovered") == queued
            && ledger.count("exporters.otlp/logs", "absorbed") == queued
    });
}

#[test]
fn two_exporters_cannot_have_one_directory() {
    let dir = TestDir::new();
    let collector = Collector::with_replies(&[], Reply::Accept);
    let file = config(&dir, &collector, "");
    let text = std::fs::read_to_string(&file).unwrap();
    let table = text.split_once("[exporters.otlp]").unwrap().1;
    let table = table.split_once("[service]").unwrap().0;
    let text = text
        .replace(
            "[service]",
            &format!("[exporters.\"otlp/b\"]{table}[service]"),
        )
        .replace("[\"otlp\"]", "[\"otlp\", \"otlp/b\"]");
    let file = dir.write("pipeline.toml", text);
    let output = tidegate(&["validate".as_ref(), "-c".as_ref(), file.as_os_str()]);
    assert_eq!(output.code, Some(78), "{}", output.stderr);
    let expected = "`exporters.otlp` and `exporters.otlp/b` write to the same file";
    assert!(output.stderr.contains(expected), "{}", output.stderr);
}

#[test]
fn a_reload_delivers_what_waits_in_memory() {
    let dir = TestDir::new();
    let collector = Collector::with_replies(&[], Reply::Accept);
    collector.set_stalled(true);
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let file = config(&dir, &collector, "timeout = \"1s\"");
    let text = std::fs::read_to_string(&file).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("queue.disk"));
    let text = lines.collect::<Vec<_>>().join("\n");
    let text = text.replace("drain_timeout = \"0s\"", "drain_timeout = \"20s\"");
    dir.write("pipeline.toml", &text);
    let mut agent = Agent::run(&file);
    let address = agent.telemetry_address();
    let queued = feed(&address, &cilium);
    dir.write("pipeline.toml", text.replace("\"1s\"", "\"2s\""));
    agent.send_signal("HUP");
    agent.wait_for_line("the configuration was re");
    collector.set_stalled(false);
    eventually("the queue is delivered", || {
        LedgerReport::live(&address).count(EXPORTER, "absorbed") == queued
    });
    assert_eq!(collector.logs().len() as u64, queued);
}
