//! Reports that are taken while threads move records: true at any moment, not only at the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tidegate_model::{Outcome, Record};
use tidegate_runtime::limits::WhenFull;

use crate::support::{Judge, Lab, Manner, Step, processor, records, seq};

/// Two receivers, one of them in both pipelines, and an exporter in both.
fn busy() -> Lab {
    let lab = Lab::new()
        .receiver(&[Step::Send(3); 3000])
        .receiver(&[Step::Send(5); 3000]);
    let lab = lab.exporter(Manner::Drained, records(50, WhenFull::Block));
    let lab = lab.exporter(Manner::Drained, records(50, WhenFull::DropOldest));
    let odd = Judge(|record: &mut Record| match seq(record) % 2 {
        0 => Outcome::Keep,
        _ => Outcome::Filtered("odd"),
    });
    let mut apart = processor("apart", Judge(|_: &mut Record| Outcome::Keep));
    apart.queue = Some(records(50, WhenFull::DropNewest));
    let behind = processor("behind", Judge(|_: &mut Record| Outcome::Keep));
    lab.pipeline(
        "p",
        &[0, 1],
        vec![processor("odd", odd), apart, behind],
        &[0, 1],
    )
    .pipeline("q", &[1], Vec::new(), &[1])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_report_of_a_running_topology_balances() {
    let lab = busy();
    let (ledger, over) = (lab.ledger.clone(), Arc::new(AtomicBool::new(false)));
    let reader = std::thread::spawn({
        let over = Arc::clone(&over);
        move || {
            while !over.load(Ordering::Relaxed) {
                let report = ledger.report();
                assert!(report.balanced, "{report}\n{}", report.to_json());
            }
        }
    });
    let ended = lab.run().await;
    over.store(true, Ordering::Relaxed);
    reader.join().unwrap();
    assert_eq!(ended.books("q", "receivers.r1").r#in, 15_000);
}
