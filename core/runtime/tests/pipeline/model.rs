//! Properties of any run with any edges: the ledger balances, no record is delivered twice, and
//! only dropped records are missing.

use proptest::prelude::*;
use tidegate_model::{Outcome, Record};
use tidegate_runtime::limits::{Limits, WhenFull};
use tokio::runtime::Builder;

use crate::support::{ExporterBehavior, PerRecord, ReceiverStep, TestTopology, processor, seq};

fn limits() -> impl Strategy<Value = Limits> {
    let when_full = prop_oneof![
        Just(WhenFull::Block),
        Just(WhenFull::DropNewest),
        Just(WhenFull::DropOldest)
    ];
    (1..20usize, 1..20_000usize, when_full).prop_map(|(records, bytes, when_full)| Limits {
        records,
        bytes,
        when_full,
        ..Limits::DEFAULT
    })
}

fn steps() -> impl Strategy<Value = Vec<ReceiverStep>> {
    let step = prop_oneof![
        8 => (0..15u64).prop_map(ReceiverStep::Send),
        1 => (1..3u64).prop_map(ReceiverStep::Drop),
        1 => Just(ReceiverStep::Lost(3)),
    ];
    prop::collection::vec(step, 0..40)
}

fn behavior() -> impl Strategy<Value = ExporterBehavior> {
    prop_oneof![
        3 => Just(ExporterBehavior::Drains),
        1 => (0..5usize).prop_map(ExporterBehavior::EndsAfter),
        1 => Just(ExporterBehavior::Fails),
    ]
}

proptest! {
    #[test]
    fn every_record_is_accounted_for(
        steps in steps(),
        inner in limits(),
        queues in (limits(), limits()),
        behaviors in (behavior(), behavior()),
        modulus in 1..5u64,
    ) {
        let outcomes = PerRecord(move |record: &mut Record| match seq(record) % modulus {
            1 => Outcome::Filtered("odd"),
            2 => Outcome::Dropped("two"),
            3 => Outcome::Absorbed,
            _ => Outcome::Keep,
        });
        let mut apart = processor("apart", PerRecord(|_: &mut Record| Outcome::Keep));
        apart.queue = Some(inner);
        let builder = TestTopology::new()
            .receiver(&steps)
            .exporter(behaviors.0, queues.0)
            .exporter(behaviors.1, queues.1);
        let builder = builder.pipeline("p", &[0], vec![processor("outcomes", outcomes), apart], &[0, 1]);
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let ended = runtime.block_on(builder.run());
        prop_assert!(ended.report.balanced, "{}", ended.report);
        prop_assert_eq!(ended.report.in_flight(), 0);
        for (at, kept) in ended.kept.iter().enumerate() {
            prop_assert!(kept.is_sorted_by(|a, b| a < b), "{:?}", kept);
            let counters = ended.counters("p", &format!("exporters.e{at}"));
            prop_assert_eq!(kept.len() as u64, counters.absorbed);
        }
    }
}
