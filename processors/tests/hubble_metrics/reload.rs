//! Which series are kept and which ones end when the configuration changes.

use std::num::NonZeroUsize;
use std::sync::Arc;

use tidegate_model::flow::{Flow, TcpFlags};
use tidegate_model::metric::Point;
use tidegate_model::{Batch, Record, Timestamp};
use tidegate_processors::hubble_metrics::Config;
use tidegate_runtime::config::NonZeroDuration;
use tidegate_runtime::stage::Processor;

use crate::support::{
    build, config, dropped, finish, ip, line, points, process, processor, take_over, tcp,
};

fn count(processor: &mut dyn Processor) {
    let flows = [dropped(133), tcp(TcpFlags::SYN)].map(|flow| {
        Record::Flow(Flow {
            time: Timestamp(5),
            ..flow
        })
    });
    process(processor, flows.to_vec());
}

/// The points of one family.
fn of(family: &str, points: &[Point]) -> Vec<Point> {
    points
        .iter()
        .filter(|point| point.series.family.name == family)
        .cloned()
        .collect()
}

fn retire(processor: &mut dyn Processor) -> Vec<Point> {
    let mut out = Batch::new();
    processor
        .as_stateful()
        .unwrap()
        .retire(Timestamp(9), &mut out);
    points(&out)
}

#[test]
fn an_unchanged_item_keeps_its_series_when_other_settings_change() {
    let drop = "drop:labelsContext=source_ip";
    let changed = [
        config(&[drop]),
        config(&["flow", drop]),
        Config {
            interval: NonZeroDuration::from_millis(9_000),
            ..config(&[drop, "tcp"])
        },
        Config {
            max_series: NonZeroUsize::MIN,
            ..config(&[drop])
        },
    ];
    for config in changed {
        let mut old = processor(&["tcp", drop]);
        count(&mut *old);
        let before = of("hubble_drop_total", &finish(&mut *old));
        let mut new = build(&config).unwrap();
        take_over(&mut *new, &mut *old);
        count(&mut *new);
        let after = of("hubble_drop_total", &finish(&mut *new));
        assert!(
            Arc::ptr_eq(&before[0].series, &after[0].series),
            "{config:?}"
        );
        assert!(line(&after[0]).ends_with(" 2"), "{}", line(&after[0]));
    }
}

#[test]
fn cached_labels_of_the_last_flow_before_a_reload_are_not_used_for_the_first_one_after() {
    let item = "drop:sourceContext=ip";
    let mut old = processor(&[item]);
    let mut new = processor(&[item, "tcp"]);
    let from = |address: &str| Flow {
        ip: Some(ip(address, "10.0.0.9")),
        ..dropped(133)
    };
    let total = |processor: &mut dyn Processor, address: &str| {
        process(processor, vec![Record::Flow(from(address))]);
        of("hubble_drop_total", &finish(processor))
            .iter()
            .map(line)
            .collect::<Vec<_>>()
    };
    let line = |address: &str| {
        [format!(
            r#"hubble_drop_total{{source="{address}",reason="POLICY_DENIED",protocol="TCP"}} 1"#
        )]
    };
    assert_eq!(total(&mut *old, "10.0.0.1"), line("10.0.0.1"));
    take_over(&mut *new, &mut *old);
    assert_eq!(total(&mut *new, "10.0.0.2"), line("10.0.0.2"));
}

#[test]
fn end_markers_of_many_series_are_emitted_in_several_batches() {
    let mut old = processor(&["drop", "port-distribution"]);
    process(
        &mut *old,
        (0..5_000)
            .map(|reason| Record::Flow(dropped(1_000 + reason)))
            .collect(),
    );
    take_over(&mut *processor(&[]), &mut *old);
    let first = retire(&mut *old);
    assert!(old.has_more());
    let second = retire(&mut *old);
    assert!(!old.has_more());
    assert_eq!((first.len(), second.len()), (4_096, 5_000 - 4_096));
}

#[test]
fn series_that_are_not_adopted_end() {
    let mut old = processor(&["tcp", "drop"]);
    count(&mut *old);
    let mut new = processor(&["drop:labelsContext=source_ip"]);
    take_over(&mut *new, &mut *old);
    let mut ended: Vec<_> = retire(&mut *old).iter().map(line).collect();
    ended.sort();
    assert_eq!(
        ended,
        [
            r#"hubble_drop_total{reason="POLICY_DENIED",protocol="TCP"} ended"#,
            r#"hubble_tcp_flags_total{flag="SYN",family="IPv4"} ended"#
        ]
    );
}

#[test]
fn with_an_unchanged_list_all_series_are_adopted() {
    let mut old = processor(&["drop"]);
    count(&mut *old);
    take_over(&mut *processor(&["drop"]), &mut *old);
    assert!(
        retire(&mut *old).is_empty(),
        "the lost events are adopted as well"
    );
}

#[test]
fn repeat_emits_all_series_again() {
    let mut processor = processor(&["drop"]);
    count(&mut *processor);
    let all = finish(&mut *processor).len();
    assert_eq!(finish(&mut *processor).len(), 0);
    processor.as_stateful().unwrap().resend();
    assert_eq!(finish(&mut *processor).len(), all);
    assert_eq!(finish(&mut *processor).len(), 0);
}
