//! Reports that are created while several threads process records.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tidegate_model::{Outcome, Record};
use tidegate_runtime::limits::WhenFull;

use crate::support::{
    ExporterBehavior, PerRecord, ReceiverStep, TestTopology, processor, records, seq,
};

/// Two receivers, one of them in both pipelines, and an exporter in both.
fn busy() -> TestTopology {
    let builder = TestTopology::new()
        .receiver(&[ReceiverStep::Send(3); 3000])
        .receiver(&[ReceiverStep::Send(5); 3000]);
    let builder = builder.exporter(ExporterBehavior::Drains, records(50, WhenFull::Block));
    let builder = builder.exporter(ExporterBehavior::Drains, records(50, WhenFull::DropOldest));
    let odd = PerRecord(|record: &mut Record| match seq(record) % 2 {
        0 => Outcome::Keep,
        _ => Outcome::Filtered("odd"),
    });
    let mut apart = processor("apart", PerRecord(|_: &mut Record| Outcome::Keep));
    apart.queue = Some(records(50, WhenFull::DropNewest));
    let behind = processor("behind", PerRecord(|_: &mut Record| Outcome::Keep));
    builder
        .pipeline(
            "p",
            &[0, 1],
            vec![processor("odd", odd), apart, behind],
            &[0, 1],
        )
        .pipeline("q", &[1], Vec::new(), &[1])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_report_of_a_running_topology_balances() {
    let builder = busy();
    let ledger = builder.ledger.clone();
    let has_ended = Arc::new(AtomicBool::new(false));
    let reader = std::thread::spawn({
        let has_ended = Arc::clone(&has_ended);
        move || {
            while !has_ended.load(Ordering::Relaxed) {
                let report = ledger.report();
                assert!(report.balanced, "{report}\n{}", report.to_json());
            }
        }
    });
    let ended = builder.run().await;
    has_ended.store(true, Ordering::Relaxed);
    reader.join().unwrap();
    assert_eq!(ended.counters("q", "receivers.r1").r#in, 15_000);
}
