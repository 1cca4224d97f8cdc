//! Rules that come from the configuration: they are counted from 0, and a reload that changes them
//! keeps the counts of the old ones.

use std::collections::BTreeMap;

use tidegate_model::{Batch, Outcome, Tally};
use tidegate_runtime::ledger::Report;
use tidegate_runtime::pipeline::ProcessorNode;
use tidegate_runtime::stage::Processor;

use super::{line, stopped, wait_a_moment};
use crate::support::{Started, TestTopology, processor};

/// Filters all records by the first of its rules.
struct ByRule(Vec<&'static str>);

impl Processor for ByRule {
    fn rules(&self) -> Vec<&'static str> {
        self.0.clone()
    }

    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        batch.sift(tally, |_, _| Outcome::Filtered(self.0[0]));
    }
}

fn by_rule(rules: &[&'static str]) -> ProcessorNode {
    ProcessorNode {
        fingerprint: format!("{rules:?}"),
        ..processor("rules", ByRule(rules.to_vec()))
    }
}

fn filtered(report: &Report) -> BTreeMap<&'static str, u64> {
    let mut stages = report.stages.iter();
    let stage = stages.find(|row| row.stage == "processors.rules").unwrap();
    assert!(stage.filtered.keys().eq(&stage.rules));
    stage.filtered.clone()
}

async fn reload(started: &mut Started, rules: &[&'static str]) {
    let next = line(started.next(), vec![by_rule(rules)]);
    started.reload(next).await;
    wait_a_moment().await;
}

#[tokio::test(start_paused = true)]
async fn rules_are_counted_from_zero_and_outlive_their_configuration() {
    let mut started = line(TestTopology::new(), vec![by_rule(&["a", "b"])]).start();
    assert_eq!(
        filtered(&started.ledger.report()),
        BTreeMap::from([("a", 0), ("b", 0)]),
        "before the first record"
    );
    wait_a_moment().await;
    reload(&mut started, &["c"]).await;
    assert_eq!(
        filtered(&started.ledger.report()),
        BTreeMap::from([("a", 3), ("b", 0), ("c", 0)])
    );
    let ended = stopped(started).await;
    assert_eq!(
        filtered(&ended.report),
        BTreeMap::from([("a", 3), ("b", 0), ("c", 2)])
    );
    assert!(ended.report.balanced);
}
