//! Rules of `filter`: their counts on /metrics and in the final ledger, over a reload that changes
//! them.

use crate::support::{LedgerReport, TestDir, eventually, get};

use super::stream::Stream;
use super::{Setup, ledger, stage, start};

/// Events come from 10.0.0.0, 10.0.0.1 and so on.
const BEFORE: &str = "[processors.filter]
rules = [
  { name = 'low', action = 'drop', flows = '--from-ip 10.0.0.0/23' },
  { name = 'unused', action = 'drop', flows = '--to-port 1' },
]";
const AFTER: &str = "[processors.filter]
rules = [
  { name = 'unused', action = 'drop', flows = '--to-port 1' },
  { name = 'all', action = 'drop', flows = '' },
]";

/// The count of a rule on /metrics.
fn counted(telemetry: &str, rule: &str) -> Option<u64> {
    let (_, page) = get(telemetry, "/metrics");
    let sample = format!(
        "tidegate_stage_records_filtered_total{{pipeline=\"flows\",stage=\"processors.filter\",rule=\"{rule}\"}} "
    );
    let count = page.lines().find_map(|line| line.strip_prefix(&sample))?;
    Some(count.parse::<f64>().unwrap() as u64)
}

#[test]
fn the_counts_of_rules_are_exact_over_a_reload_that_changes_them() {
    let dir = TestDir::new();
    let stream = Stream::listen(&dir.path("monitor.sock"));
    let mut setup = Setup {
        processors: "\"cilium_decode\", \"l34_flow\", \"hubble_metrics\", \"filter\"",
        extra_tables: BEFORE,
        ..Setup::new()
    };
    let mut agent = start(&setup.write(&dir), false, &dir);
    let stdout = agent.read_stdout();
    let telemetry = agent.telemetry_address();
    let count = |rule| counted(&telemetry, rule);
    assert_eq!(count("unused"), Some(0), "from the start");
    eventually("the rule filters", || count("low") > Some(100));
    setup.extra_tables = AFTER;
    setup.write(&dir);
    agent.send_signal("HUP");
    agent.wait_for_line("the configuration was reloaded");
    eventually("the new rule filters", || count("all") > Some(100));
    let before = count("low").unwrap();
    let sent = stream.end();
    eventually("everything is read", || {
        stage(&ledger(&telemetry), "receivers.monitor1_2")["in"] == sent
    });
    agent.send_signal("TERM");
    let output = agent.wait();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let lines = stdout.join().unwrap().lines().count() as u64;
    let ledger = LedgerReport::read(&dir.path("ledger.json")).unwrap();
    let filtered = |rule: &str| ledger.count("processors.filter", &format!("filtered/{rule}"));
    assert_eq!(
        filtered("low"),
        before,
        "the old rule is not counted after the reload"
    );
    assert_eq!(filtered("unused"), 0);
    assert_eq!(filtered("low") + filtered("all") + lines, sent);
    assert_eq!(ledger.drops(), []);
    assert!(output.stderr.contains("filtered{low}"), "{}", output.stderr);
}
