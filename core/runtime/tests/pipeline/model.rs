//! Whatever is sent through whatever edges: the books balance, nothing is kept twice, and only what
//! is dropped is missing.

use proptest::prelude::*;
use tidegate_model::{Outcome, Record};
use tidegate_runtime::limits::{Limits, WhenFull};
use tokio::runtime::Builder;

use crate::support::{Judge, Lab, Manner, Step, processor, seq};

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

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![8 => (0..15u64).prop_map(Step::Send), 1 => (1..3u64).prop_map(Step::Drop), 1 => Just(Step::Lost(3))];
    prop::collection::vec(step, 0..40)
}

fn manner() -> impl Strategy<Value = Manner> {
    prop_oneof![3 => Just(Manner::Drained), 1 => (0..5usize).prop_map(Manner::After), 1 => Just(Manner::Fails)]
}

proptest! {
    #[test]
    fn no_record_is_unaccounted(
        steps in steps(),
        inner in limits(),
        queues in (limits(), limits()),
        manners in (manner(), manner()),
        modulus in 1..5u64,
    ) {
        let judge = Judge(move |record: &mut Record| match seq(record) % modulus {
            1 => Outcome::Filtered("odd"),
            2 => Outcome::Dropped("two"),
            3 => Outcome::Absorbed,
            _ => Outcome::Keep,
        });
        let mut apart = processor("apart", Judge(|_: &mut Record| Outcome::Keep));
        apart.queue = Some(inner);
        let lab = Lab::new().receiver(&steps).exporter(manners.0, queues.0).exporter(manners.1, queues.1);
        let lab = lab.pipeline("p", &[0], vec![processor("judge", judge), apart], &[0, 1]);
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let ended = runtime.block_on(lab.run());
        prop_assert!(ended.report.balanced, "{}", ended.report);
        prop_assert_eq!(ended.report.in_flight(), 0);
        for (at, kept) in ended.kept.iter().enumerate() {
            prop_assert!(kept.is_sorted_by(|a, b| a < b), "{:?}", kept);
            prop_assert_eq!(kept.len() as u64, ended.books("p", &format!("exporters.e{at}")).absorbed);
        }
    }
}
