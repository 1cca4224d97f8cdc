//! Series: their identity, their limit, and when their values are emitted.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidegate_model::flow::{Dns, Flow, L7Record, L7Type, TcpFlags};
use tidegate_model::metric::{Family, MetricKind, Point};
use tidegate_model::record::{Lost, LostSource};
use tidegate_model::{Batch, Kind, Kinds, Record, Timestamp};
use tidegate_processors::hubble_metrics::{Config, SERIES_LIMIT};
use tidegate_runtime::component::ProcessorConfig;
use tidegate_runtime::stage::Processor;
use tidegate_runtime::telemetry::Telemetry;

use crate::support::{
    build, build_with, config, dropped, finish, http, kafka, l7, line, points, process, processor,
    tcp, totals,
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
fn a_tick_emits_the_totals_of_the_series_that_changed() {
    let mut processor = processor(&["drop"]);
    process(
        &mut *processor,
        vec![flow(5, dropped(133)), flow(6, dropped(187))],
    );
    assert_eq!(
        tick(&mut *processor, SECOND).len(),
        2 + 3,
        "the drops, and the initial lost events"
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
fn points_are_emitted_after_the_clock_was_set_back() {
    let mut processor = processor(&["drop"]);
    tick(&mut *processor, 100 * SECOND);
    process(&mut *processor, vec![flow(5, dropped(133))]);
    assert_eq!(tick(&mut *processor, SECOND).len(), 1);
}

#[test]
fn all_points_of_a_series_share_its_labels() {
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

fn limited(items: &[&str]) -> Box<dyn Processor> {
    let config = Config {
        max_series: 2.try_into().unwrap(),
        ..config(items)
    };
    build(&config).unwrap()
}

#[test]
fn observations_beyond_the_limit_are_counted_in_an_overflow_series_and_noted() {
    let mut processor = limited(&["drop"]);
    let drops = [133, 134, 135, 136, 133, 135].map(|reason| flow(1, dropped(reason)));
    assert_eq!(
        process(&mut *processor, drops.to_vec()),
        [(SERIES_LIMIT, 3)]
    );
    let mut totals = totals(&finish(&mut *processor));
    totals.retain(|series, _| series.starts_with("hubble_drop"));
    let overflow =
        r#"hubble_drop_total{reason="otel.metric.overflow",protocol="otel.metric.overflow"}"#;
    let expected = [
        (overflow, "3"),
        (
            r#"hubble_drop_total{reason="POLICY_DENIED",protocol="TCP"}"#,
            "2",
        ),
        (
            r#"hubble_drop_total{reason="INVALID_PACKET_DROPPED",protocol="TCP"}"#,
            "1",
        ),
    ];
    let expected = expected.map(|(series, total)| (series.to_owned(), total.to_owned()));
    assert_eq!(totals, expected.into());
}

#[test]
fn observations_beyond_the_limit_are_counted_for_each_metric_from_0() {
    let telemetry = Telemetry::default();
    let mut processor = build_with(
        &Config {
            max_series: 2.try_into().unwrap(),
            ..config(&["drop", "flow"])
        },
        &telemetry,
    )
    .unwrap();
    let counts = || {
        let instruments = telemetry.instruments();
        let of = instruments
            .iter()
            .filter(|instrument| instrument.name == "tidegate_series_overflow_total");
        let counts = of.map(|instrument| (instrument.labels[1].1.clone(), instrument.value()));
        counts.collect::<BTreeMap<_, _>>()
    };
    let expected = |drops, flows| {
        BTreeMap::from([
            ("hubble_drop_total".to_owned(), drops),
            ("hubble_flows_processed_total".to_owned(), flows),
        ])
    };
    assert_eq!(counts(), expected(0, 0));
    let drops = [133, 134, 135, 136].map(|reason| flow(1, dropped(reason)));
    process(&mut *processor, drops.to_vec());
    tick(&mut *processor, SECOND);
    assert_eq!(counts(), expected(2, 0));
}

#[test]
fn each_family_has_its_own_limit() {
    let query = |name: &str| {
        let message = Dns {
            query: name.to_owned(),
            ..Dns::default()
        };
        flow(1, l7(L7Type::Request, L7Record::Dns(message)))
    };
    let mut processor = limited(&["drop", "dns:query"]);
    let drops = [133, 134].map(|reason| flow(1, dropped(reason)));
    assert_eq!(process(&mut *processor, drops.to_vec()), []);
    let queries = ["a.", "b.", "a."].map(query);
    assert_eq!(process(&mut *processor, queries.to_vec()), []);
    let queries = ["c.", "b."].map(query);
    assert_eq!(
        process(&mut *processor, queries.to_vec()),
        [(SERIES_LIMIT, 1)]
    );
    let totals = totals(&finish(&mut *processor));
    let families = totals.keys().map(|series| series.split('{').next());
    let of_queries = families.filter(|family| *family == Some("hubble_dns_queries_total"));
    assert_eq!(of_queries.count(), 3);
}

#[test]
fn many_points_are_emitted_over_several_ticks() {
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
    assert_eq!((first.len(), second.len()), (4_096, 5_003 - 4_096));
    assert!(
        totals(&tick(&mut *processor, 2 * SECOND))
            .values()
            .all(|total| total == "2")
    );
    assert!(tick(&mut *processor, 3 * SECOND).is_empty());
}

#[test]
fn many_points_at_the_end_are_emitted_in_several_batches() {
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
    assert_eq!((first.len(), second.len()), (4_096, 5_003 - 4_096));
}

#[test]
fn lost_events_are_always_counted_by_the_rule_of_their_source() {
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
        r#"hubble_lost_events_total{source="hubble_ring_buffer"} 0"#,
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

fn families() -> BTreeMap<String, Arc<Family>> {
    let mut processor = processor(&["flow drop tcp", "httpV2", "icmp", "dns", "kafka"]);
    let kafka = l7(L7Type::Request, kafka());
    let flows = [
        http(L7Type::Response, 200),
        dropped(1),
        tcp(TcpFlags::SYN),
        kafka,
    ];
    process(&mut *processor, flows.map(|one| flow(1, one)).to_vec());
    finish(&mut *processor)
        .into_iter()
        .map(|point| Arc::clone(&point.series.family))
        .map(|family| (family.name.clone(), family))
        .collect()
}

#[test]
fn families_have_the_help_texts_of_hubble() {
    let families = families();
    for (name, help, unit) in [
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
            "hubble_kafka_requests_total",
            "Count of Kafka requests (deprecated)",
            "{request}",
        ),
        (
            "hubble_kafka_request_duration_seconds",
            "Quantiles of HTTP request duration in seconds (deprecated)",
            "s",
        ),
        (
            "hubble_lost_events_total",
            "Number of lost events",
            "{event}",
        ),
    ] {
        let family = &families[name];
        assert_eq!((&*family.help, &*family.unit), (help, unit), "{name}");
    }
}

#[test]
fn histograms_have_the_buckets_of_prometheus_go_client() {
    let families = families();
    let bounds = vec![
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    ];
    assert_eq!(
        families["hubble_http_request_duration_seconds"].kind,
        MetricKind::Histogram { bounds }
    );
    assert_eq!(families["hubble_drop_total"].kind, MetricKind::Counter);
}

#[test]
fn errors_in_the_configuration_name_the_key() {
    let error = |config: &Config| build(config).err().map(|error| (error.key, error.message));
    assert_eq!(error(&Config::default()), None);
    let typo = error(&config(&["flow", "dsn:query"]));
    assert_eq!(
        typo,
        Some(("metrics", "metric 'dsn' does not exist".to_owned()))
    );
}

#[test]
fn flows_losses_and_announcements_are_consumed_and_points_are_produced() {
    let config = Config::default();
    let consumed = [Kind::Flow, Kind::Lost, Kind::AgentEvent];
    assert_eq!(config.consumes(), Kinds::of(&consumed));
    let input = Kinds::of(&[Kind::Flow, Kind::AgentEvent]);
    assert_eq!(
        config.produces(input),
        input.union(Kinds::of(&[Kind::Metric]))
    );
}
