//! The JSON and table forms of the report.

use serde_json::{Value, json};
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Outcome};
use tidegate_runtime::ledger::Report;
use tidegate_runtime::stage::Processor;

use crate::support::{Ended, ExporterBehavior, ROOMY, ReceiverStep, TestTopology, processor, seq};

/// Filters one record, drops one, and counts one as ambiguous.
struct RuleProcessor;

impl Processor for RuleProcessor {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        let mut ambiguous = 0;
        batch.sift(tally, |record, _| match seq(record) {
            1 => Outcome::Filtered("rule"),
            2 => Outcome::Dropped("broken"),
            3 => {
                ambiguous += 1;
                Outcome::Keep
            }
            _ => Outcome::Keep,
        });
        tally.ambiguous("old_or_new", ambiguous);
        tally.ambiguous("this_or_that", 0);
    }
}

async fn small_run() -> Ended {
    let builder = TestTopology::new()
        .receiver(&[ReceiverStep::Send(10), ReceiverStep::Lost(512)])
        .exporter(ExporterBehavior::Drains, ROOMY);
    builder
        .pipeline("flows", &[0], vec![processor("rules", RuleProcessor)], &[0])
        .run()
        .await
}

#[tokio::test(start_paused = true)]
#[expect(clippy::too_many_lines, reason = "one literal report")]
async fn the_json_report_has_every_count_of_every_stage() {
    let report: Value = serde_json::from_str(&small_run().await.report.to_json()).unwrap();
    let stage =
        |stage: &str, r#in: u64, out: Value, filtered: Value, dropped: Value, absorbed: u64| {
            json!({
                "forwarded": r#in - absorbed - if filtered == json!({}) { 0 } else { 2 },
                "pipeline": "flows", "stage": stage, "in": r#in, "created": 0, "out": out,
                "filtered": filtered, "dropped": dropped, "absorbed": absorbed, "unconfirmed": 0,
                "in_flight": 0, "unaccounted": 0,
            })
        };
    assert_eq!(report["schema"], json!(2));
    assert_eq!(report["balanced"], json!(true));
    assert_eq!(report["unaccounted"], json!(0));
    assert_eq!(report["upstream_lost"], json!({"perf_ring": 512}));
    let mut rules = stage(
        "processors.rules",
        11,
        json!({"exporters.e0": 9}),
        json!({"rule": 1}),
        json!({"broken": 1}),
        0,
    );
    rules["ambiguous"] = json!({"old_or_new": 1});
    let expected = json!([
        stage(
            "receivers.r0",
            11,
            json!({"processors.rules": 11}),
            json!({}),
            json!({}),
            0
        ),
        rules,
        stage("exporters.e0", 9, json!({}), json!({}), json!({}), 9),
    ]);
    assert_eq!(report["stages"], expected);
    let edge = |stage: &str, peak_records: u32, peak_bytes: &Value| {
        json!({
            "pipeline": "flows", "stage": stage, "queue_records": 0, "queue_bytes": 0,
            "queue_series": 0, "max_records": ROOMY.records, "max_bytes": ROOMY.bytes,
            "max_series": ROOMY.series, "when_full": "block", "blocked_seconds": 0.0,
            "peak_records": peak_records, "peak_bytes": peak_bytes,
        })
    };
    // The weight of a batch depends on the layout of its memory.
    let peak_bytes = |at: usize| &report["edges"][at]["peak_bytes"];
    assert_eq!(
        report["edges"],
        json!([
            edge("exporters.e0", 8, peak_bytes(0)),
            edge("processors.rules", 11, peak_bytes(1))
        ])
    );
}

#[tokio::test(start_paused = true)]
async fn a_report_parsed_from_json_prints_the_same_table() {
    let report = small_run().await.report;
    let read: Report<String> = serde_json::from_str(&report.to_json()).unwrap();
    assert_eq!(
        (read.to_string(), read.to_json()),
        (report.to_string(), report.to_json())
    );
    let old =
        r#"{"balanced": true, "unaccounted": 0, "upstream_lost": {}, "stages": [], "edges": []}"#;
    let old = serde_json::from_str::<Report<String>>(old).unwrap();
    assert!(old.uptime_seconds.abs() < f64::EPSILON);
    assert_eq!(old.schema, 1, "an agent that writes no schema number");
}

#[tokio::test(start_paused = true)]
async fn the_table_has_one_row_for_each_stage() {
    let expected = "\
PIPELINE  STAGE             IN  OUT  ABSORBED  FILTERED / DROPPED
flows     receivers.r0      11   11         -
flows     processors.rules  11    9         -  filtered{rule} 1, dropped{broken} 1
flows     exporters.e0       9    -         9
ambiguous, so chosen by a rule: 1 old_or_new (processors.rules of flows)
lost upstream, before the socket: at least 512 (perf_ring); Cilium does not report all that it loses
the ledger balances; unaccounted records: 0; in flight: 0";
    assert_eq!(small_run().await.report.to_string(), expected);
}

#[tokio::test(start_paused = true)]
async fn unconfirmed_records_are_reported_separately() {
    let builder = TestTopology::new()
        .receiver(&[ReceiverStep::Send(3), ReceiverStep::Send(2)])
        .exporter(ExporterBehavior::Unconfirmed, ROOMY);
    let ended = builder
        .pipeline("flows", &[0], Vec::new(), &[0])
        .run()
        .await;
    let counters = ended.counters("flows", "exporters.e0");
    assert_eq!(
        (
            counters.r#in,
            counters.unconfirmed,
            counters.absorbed,
            counters.dropped.len()
        ),
        (5, 5, 0, 0)
    );
    assert_eq!(ended.report.unconfirmed(), 5);
    let table = ended.report.to_string();
    let head = "\
PIPELINE  STAGE         IN  OUT  ABSORBED  UNCONFIRMED  FILTERED / DROPPED
flows     receivers.r0   5    5         -            -
flows     exporters.e0   5    -         -            5
";
    assert!(table.starts_with(head), "{table}");
    assert!(
        table.contains("unconfirmed, so delivered or lost: 5 (exporters.e0 of flows)\n"),
        "{table}"
    );
    let report: Value = serde_json::from_str(&ended.report.to_json()).unwrap();
    assert_eq!(report["stages"][1]["unconfirmed"], json!(5));
}
