//! Series: their identity, their limit, and when their values are handed on.

use std::sync::Arc;

use tidegate_model::flow::{Dns, Flow, L7Type, TcpFlags};
use tidegate_model::metric::{MetricKind, Point};
use tidegate_model::record::{Lost, LostSource};
use tidegate_model::{Batch, Kind, Kinds, Record, Timestamp};
use tidegate_processors::hubble_metrics::{Config, SERIES_LIMIT};
use tidegate_runtime::component::ProcessorConfig;
use tidegate_runtime::stage::Processor;

use crate::support::{
    build, config, dns, dropped, finish, http, line, points, process, processor, tcp, totals,
};

const SECOND: u64 = 1_000_000_000;

fn tick(processor: &mut dyn Processor, now: u64) -> Vec<Point> {
    let mut out = Batch::new();
    processor.tick(Timestamp(now), &mut out);
    points(&out)
}

fn lines(points: &[Point]) -> Vec<String> {
    points.iter().map(line).collect()
}

fn flow(at: u64, flow: Flow) -> Record {
    Record::Flow(Flow {
        time: Timestamp(at),
        ..flow
    })
}

#[test]
fn a_tick_hands_on_the_series_that_changed_with_their_totals() {
    let mut processor = processor(&["drop"]);
    process(
        &mut *processor,
        vec![flow(5, dropped(133)), flow(6, dropped(187))],
    );
    assert_eq!(
        tick(&mut *processor, SECOND).len(),
        2 + 2,
        "the drops, and the lost events at 0"
    );
    assert!(tick(&mut *processor, 2 * SECOND).is_empty());
    process(&mut *processor, vec![flow(7, dropped(187))]);
    assert!(
        tick(&mut *processor, 2 * SECOND + 1).is_empty(),
        "the interval is not over"
    );
    let changed = tick(&mut *processor, 3 * SECOND);
    assert_eq!(
        lines(&changed),
        [r#"hubble_drop_total{reason="NAT46",protocol="TCP"} 2"#]
    );
    assert_eq!(
        (changed[0].time, changed[0].series.start),
        (Timestamp(3 * SECOND), Timestamp(6))
    );
    assert!(finish(&mut *processor).is_empty());
}

#[test]
fn a_clock_that_is_set_back_does_not_stop_the_points() {
    let mut processor = processor(&["drop"]);
    tick(&mut *processor, 100 * SECOND);
    process(&mut *processor, vec![flow(5, dropped(133))]);
    assert_eq!(tick(&mut *processor, SECOND).len(), 1);
}

#[test]
fn a_series_is_the_same_arc_for_ever() {
    let mut processor = processor(&["drop"]);
    let mut series = (1..=3).map(|second| {
        process(&mut *processor, vec![flow(5, dropped(133))]);
        let points = tick(&mut *processor, second * SECOND);
        points
            .into_iter()
            .find(|point| point.series.family.name == "hubble_drop_total")
            .unwrap()
            .series
    });
    let first = series.next().unwrap();
    assert!(series.all(|again| Arc::ptr_eq(&again, &first)));
}

#[test]
fn what_is_beyond_the_limit_is_folded_into_one_series_and_noted() {
    let limited = Config {
        max_series: 2.try_into().unwrap(),
        ..config(&["drop", "dns:query"])
    };
    let mut processor = build(&limited).unwrap();
    let drops = [133, 134, 135, 136, 133, 135].map(|reason| flow(1, dropped(reason)));
    assert_eq!(
        process(&mut *processor, drops.to_vec()),
        [(SERIES_LIMIT, 3)]
    );
    let query = |name: &str| {
        let mut query = dns(L7Type::Request, Dns::default());
        if let Some(tidegate_model::flow::L7Record::Dns(dns)) =
            query.l7.as_mut().map(|l7| &mut l7.record)
        {
            name.clone_into(&mut dns.query);
        }
        flow(1, query)
    };
    assert_eq!(
        process(&mut *processor, vec![query("a."), query("b."), query("a.")]),
        []
    );
    assert_eq!(
        process(&mut *processor, vec![query("c."), query("b.")]),
        [(SERIES_LIMIT, 1)]
    );
    let totals = totals(&finish(&mut *processor));
    let of = |key: &str| totals.get(key).map(String::as_str);
    let overflow =
        r#"hubble_drop_total{reason="otel.metric.overflow",protocol="otel.metric.overflow"}"#;
    assert_eq!(of(overflow), Some("3"));
    assert_eq!(
        of(r#"hubble_drop_total{reason="POLICY_DENIED",protocol="TCP"}"#),
        Some("2")
    );
    assert_eq!(
        totals
            .keys()
            .filter(|key| key.starts_with("hubble_drop"))
            .count(),
        3
    );
    assert_eq!(
        totals
            .keys()
            .filter(|key| key.starts_with("hubble_dns"))
            .count(),
        3
    );
}

#[test]
fn many_points_are_handed_on_in_portions_and_none_is_left_out() {
    let mut processor = processor(&["drop"]);
    let drops = (0..5_000)
        .map(|reason| flow(1, dropped(1_000 + reason)))
        .collect();
    process(&mut *processor, drops);
    let first = tick(&mut *processor, SECOND);
    process(
        &mut *processor,
        vec![flow(1, dropped(1_000)), flow(1, dropped(5_999))],
    );
    let second = tick(&mut *processor, SECOND + 1);
    assert_eq!((first.len(), second.len()), (4_096, 5_002 - 4_096));
    assert!(
        totals(&tick(&mut *processor, 2 * SECOND))
            .values()
            .all(|total| total == "2")
    );
    assert!(tick(&mut *processor, 3 * SECOND).is_empty());
}

#[test]
fn what_is_left_at_the_end_is_handed_on_in_portions_too() {
    let mut processor = processor(&["drop"]);
    process(
        &mut *processor,
        (0..5_000)
            .map(|reason| flow(1, dropped(1_000 + reason)))
            .collect(),
    );
    let first = finish(&mut *processor);
    assert!(processor.has_more());
    let second = finish(&mut *processor);
    assert!(!processor.has_more());
    assert_eq!((first.len(), second.len()), (4_096, 5_002 - 4_096));
}

#[test]
fn lost_events_are_always_counted_each_source_its_way() {
    let lost = |source, count| {
        Record::Lost(Lost {
            time: Timestamp(1),
            source,
            count,
            cpu: None,
            span: None,
        })
    };
    let mut idle = processor(&[]);
    let at_start = [
        r#"hubble_lost_events_total{source="observer_events_queue"} 0"#,
        r#"hubble_lost_events_total{source="perf_event_ring_buffer"} 0"#,
    ];
    let mut shown = lines(&tick(&mut *idle, SECOND));
    shown.sort();
    assert_eq!(shown, at_start);
    let reports = [
        lost(LostSource::PerfEventRingBuffer, 512),
        lost(LostSource::ObserverEventsQueue, 7),
        lost(LostSource::HubbleRingBuffer, 9),
        lost(LostSource::PerfEventRingBuffer, 1),
        lost(LostSource::Unknown, 4),
    ];
    process(&mut *idle, reports.to_vec());
    let mut shown = lines(&finish(&mut *idle));
    shown.sort();
    assert_eq!(
        shown,
        [
            r#"hubble_lost_events_total{source="hubble_ring_buffer"} 1"#,
            r#"hubble_lost_events_total{source="observer_events_queue"} 7"#,
            r#"hubble_lost_events_total{source="perf_event_ring_buffer"} 2"#,
        ]
    );
}

#[test]
fn families_have_hubbles_help_texts_and_buckets() {
    let response = || http(L7Type::Response, 200);
    let mut processor = processor(&["flow drop tcp", "httpV2", "icmp", "dns"]);
    process(
        &mut *processor,
        vec![
            flow(1, response()),
            flow(1, dropped(1)),
            flow(1, tcp(TcpFlags::SYN)),
        ],
    );
    let points = finish(&mut *processor);
    let family = |name: &str| {
        Arc::clone(
            &points
                .iter()
                .find(|p| p.series.family.name == name)
                .unwrap()
                .series
                .family,
        )
    };
    let helps = [
        (
            "hubble_flows_processed_total",
            "Total number of flows processed",
            "{flow}",
        ),
        ("hubble_drop_total", "Number of drops", "{drop}"),
        ("hubble_tcp_flags_total", "TCP flag occurrences", "{flag}"),
        (
            "hubble_http_requests_total",
            "Count of HTTP requests",
            "{request}",
        ),
        (
            "hubble_http_request_duration_seconds",
            "Quantiles of HTTP request duration in seconds",
            "s",
        ),
        (
            "hubble_lost_events_total",
            "Number of lost events",
            "{event}",
        ),
    ];
    for (name, help, unit) in helps {
        assert_eq!(
            (family(name).help.as_str(), family(name).unit.as_str()),
            (help, unit),
            "{name}"
        );
    }
    let bounds = vec![
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    ];
    assert_eq!(
        family("hubble_http_request_duration_seconds").kind,
        MetricKind::Histogram { bounds }
    );
    assert_eq!(family("hubble_drop_total").kind, MetricKind::Counter);
}

#[test]
fn the_configuration_says_what_is_wrong_and_where() {
    let refused = |config: &Config| build(config).err().map(|error| (error.key, error.message));
    assert_eq!(refused(&Config::default()), None);
    let typo = refused(&config(&["flow", "dsn:query"]));
    assert_eq!(
        typo,
        Some((
            "metrics",
            "metric 'dsn' does not exist; did you mean 'dns'?".to_owned()
        ))
    );
}

#[test]
fn flows_and_lost_records_are_wanted_and_pass_with_the_points() {
    let config = Config::default();
    assert_eq!(config.consumes(), Kinds::of(&[Kind::Flow, Kind::Lost]));
    let input = Kinds::of(&[Kind::Flow, Kind::AgentEvent]);
    assert_eq!(
        config.produces(input),
        input.union(Kinds::of(&[Kind::Metric]))
    );
}
