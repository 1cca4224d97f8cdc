//! Points that wait: which they are, and what becomes of those that do not.

use std::sync::Arc;

use tidegate_model::batch::Batch;
use tidegate_model::metric::{Family, MetricKind, Point, Series, Value};
use tidegate_model::record::Record;
use tidegate_model::time::Timestamp;

use super::{MAX_POINTS, OUTDATED_LIMIT, Points, Reader};
use crate::ledger::{Ledger, SUPERSEDED, StageCounters, Ticket, reason};
use crate::resend::ResendRequests;
use crate::stage_id::StageId;

/// Points of an edge with the books of two pipelines.
struct Bench {
    points: Points,
    ledger: Ledger,
    counters: [Arc<StageCounters>; 2],
    resends: ResendRequests,
}

impl Bench {
    fn new(reader: Reader, most: usize) -> Self {
        let ledger = Ledger::default();
        // StageCounters of a receiver do not have to agree with those of a stage in front of it.
        let counters = ["p", "q"].map(|pipeline| ledger.open(pipeline, &StageId::receiver("e")));
        Self {
            points: Points::new(reader, most),
            ledger,
            counters,
            resends: ResendRequests::default(),
        }
    }

    /// Hands over points of a pipeline; a value below zero ends the series.
    fn push(&mut self, pipeline: usize, points: &[(&Arc<Series>, f64)]) {
        let mut batch = Batch::new();
        for (series, value) in points {
            let value = if *value < 0.0 {
                Value::Ended
            } else {
                Value::Counter(*value)
            };
            batch.push(Record::Metric(Point {
                series: Arc::clone(series),
                time: Timestamp(1),
                value,
            }));
        }
        let counters = &self.counters[pipeline];
        let ticket = Ticket::enter(vec![Arc::clone(counters)], points.len() as u64);
        self.points.push(&batch, ticket, counters, &self.resends);
    }

    /// What the reader gets next: names and values, in portions.
    fn take(&mut self) -> Vec<Vec<(String, f64)>> {
        let mut portions = Vec::new();
        while let Some((batch, ticket)) = self.points.take() {
            assert_eq!(ticket.left(), batch.len() as u64);
            ticket.absorb_all();
            let point = |record: &Record| match record {
                Record::Metric(Point {
                    series,
                    value: Value::Counter(value),
                    ..
                }) => (name(series), *value),
                Record::Metric(Point {
                    series,
                    value: Value::Ended,
                    ..
                }) => (name(series), -1.0),
                other => panic!("{other:?}"),
            };
            portions.push(batch.records().iter().map(point).collect());
        }
        assert_eq!(self.points.waiting(), 0);
        portions
    }

    /// `in`, superseded and refused records of both pipelines. The books have to balance.
    fn counts(&self) -> [(u64, u64, u64); 2] {
        let report = self.ledger.report();
        assert!(report.balanced, "{report}");
        let get = |at: usize| {
            let row = &report.stages[at];
            let count = |counts: &std::collections::BTreeMap<&str, u64>, key| {
                counts.get(key).copied().unwrap_or(0)
            };
            (
                row.r#in,
                count(&row.noted, SUPERSEDED),
                count(&row.dropped, reason::TOO_MANY_SERIES),
            )
        };
        [get(0), get(1)]
    }
}

fn name(series: &Series) -> String {
    series.labels[0].to_string()
}

fn series<const N: usize>(names: [&str; N]) -> [Arc<Series>; N] {
    names.map(one_series)
}

fn one_series(name: &str) -> Arc<Series> {
    let family = Family {
        name: "m_total".to_owned(),
        help: String::new(),
        unit: String::new(),
        kind: MetricKind::Counter,
        label_names: vec!["name".to_owned()],
    };
    Arc::new(Series {
        family: Arc::new(family),
        labels: vec![name.into()],
        start: Timestamp(1),
    })
}

fn named(points: &[(&str, f64)]) -> Vec<Vec<(String, f64)>> {
    vec![
        points
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value))
            .collect(),
    ]
}

#[test]
fn the_newest_point_of_a_series_keeps_the_position_of_the_first_one() {
    let mut bench = Bench::new(Reader::Exporter, 10);
    let [a, b] = series(["a", "b"]);
    bench.push(0, &[(&a, 1.0), (&b, 1.0), (&a, 2.0)]);
    bench.push(0, &[(&a, 3.0)]);
    assert_eq!(bench.take(), named(&[("a", 3.0), ("b", 1.0)]));
    bench.push(0, &[(&a, 4.0)]);
    assert_eq!(bench.take(), named(&[("a", 4.0)]));
    assert_eq!(bench.counts()[0], (5, 2, 0));
}

#[test]
fn an_exporter_gets_the_ends_of_the_series_that_it_has_received() {
    let (mut bench, [seen, unseen, unknown]) =
        (Bench::new(Reader::Exporter, 10), series(["a", "b", "c"]));
    bench.push(0, &[(&seen, 1.0)]);
    assert_eq!(bench.take(), named(&[("a", 1.0)]));
    bench.push(0, &[(&seen, 2.0), (&unseen, 1.0)]);
    bench.push(0, &[(&seen, -1.0), (&unseen, -1.0), (&unknown, -1.0)]);
    assert_eq!(bench.take(), named(&[("a", -1.0)]));
    assert_eq!(bench.counts()[0], (6, 4, 0));
}

#[test]
fn a_processor_gets_the_ends_of_series_from_other_edges() {
    let mut bench = Bench::new(Reader::Processor, 10);
    let [a, b] = series(["a", "b"]);
    bench.push(0, &[(&a, 1.0), (&a, -1.0), (&b, -1.0)]);
    assert_eq!(bench.take(), named(&[("a", -1.0), ("b", -1.0)]));
}

#[test]
fn a_series_beyond_the_limit_is_refused_and_requested_once_another_one_has_ended() {
    let mut bench = Bench::new(Reader::Exporter, 2);
    let [a, b, c] = series(["a", "b", "c"]);
    let mut seen = bench.resends.subscribe();
    bench.push(0, &[(&a, 1.0), (&b, 1.0), (&c, 1.0), (&c, 2.0)]);
    assert_eq!(bench.counts()[0], (4, 0, 2), "{}", reason::TOO_MANY_SERIES);
    assert_eq!(bench.take().concat().len(), 2);
    // What the reader has is not refused, waiting or not.
    bench.push(0, &[(&a, 2.0), (&b, 2.0), (&b, 3.0)]);
    assert_eq!(bench.take(), named(&[("a", 2.0), ("b", 3.0)]));
    assert!(!seen.is_new());
    bench.push(0, &[(&b, -1.0)]);
    assert!(
        !seen.is_new(),
        "the reader has it until it has taken the end"
    );
    assert_eq!(bench.take(), named(&[("b", -1.0)]));
    assert!(seen.is_new());
    bench.push(0, &[(&a, 2.0), (&c, 2.0)]);
    assert_eq!(bench.take(), named(&[("a", 2.0), ("c", 2.0)]));
    assert!(!seen.is_new(), "nothing was refused since");
}

#[test]
fn in_front_of_a_processor_senders_wait_instead_of_dropping_series() {
    let mut bench = Bench::new(Reader::Processor, 1);
    let [a, b] = series(["a", "b"]);
    bench.push(0, &[(&a, 1.0)]);
    assert!(!bench.points.are_crowded());
    bench.push(0, &[(&b, 1.0)]);
    assert!(bench.points.are_crowded());
    assert_eq!(bench.take().concat().len(), 2);
    assert!(!bench.points.are_crowded());
}

#[test]
fn the_series_of_a_disconnected_pipeline_end() {
    let mut bench = Bench::new(Reader::Exporter, 10);
    let [a, b, c, d] = series(["a", "b", "c", "d"]);
    bench.push(0, &[(&a, 1.0), (&b, 1.0)]);
    bench.push(1, &[(&d, 1.0)]);
    bench.take();
    bench.push(0, &[(&a, 2.0), (&c, 1.0)]);
    bench.push(1, &[(&d, 2.0)]);
    bench.points.unwire("p");
    bench.push(0, &[(&a, 3.0), (&c, 2.0), (&b, -1.0)]);
    let mut taken = bench.take().concat();
    taken.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(taken, named(&[("a", -1.0), ("b", -1.0), ("d", 2.0)])[0]);
    // One end was made for `b`, of which no point waited.
    assert_eq!(bench.counts(), [(2 + 2 + 1 + 3, 1 + 3, 0), (2, 0, 0)]);
    let counters = Arc::clone(&bench.counters[0]);
    let resends = bench.resends.clone();
    bench.points.wire(&counters, &resends);
    bench.push(0, &[(&a, 3.0)]);
    assert_eq!(bench.take(), named(&[("a", 3.0)]));
}

#[test]
fn points_of_two_pipelines_are_delivered_separately_and_in_portions() {
    let mut bench = Bench::new(Reader::Exporter, 10_000);
    let all: Vec<_> = (0..MAX_POINTS + 1)
        .map(|at| one_series(&at.to_string()))
        .collect();
    let of_p: Vec<_> = all.iter().map(|series| (series, 1.0)).collect();
    let of_q = one_series("q");
    bench.push(0, &of_p);
    bench.push(1, &[(&of_q, 1.0)]);
    let portions: Vec<_> = bench.take().iter().map(Vec::len).collect();
    assert_eq!(portions, [MAX_POINTS, 1, 1]);
}

#[test]
fn series_that_end_before_their_delivery_leave_no_state() {
    let mut bench = Bench::new(Reader::Exporter, 10);
    for at in 0..1000 {
        let series = one_series(&at.to_string());
        bench.push(0, &[(&series, 1.0)]);
        bench.push(0, &[(&series, -1.0)]);
        assert_eq!(Arc::strong_count(&series), 1);
    }
    assert!(
        bench.points.order.len() <= OUTDATED_LIMIT,
        "{}",
        bench.points.order.len()
    );
    assert_eq!(bench.take(), Vec::<Vec<_>>::new());
}

#[test]
fn points_queued_when_the_reader_ends_are_counted_as_abandoned() {
    let mut bench = Bench::new(Reader::Exporter, 10);
    let [a, b] = series(["a", "b"]);
    bench.push(0, &[(&a, 1.0)]);
    bench.push(1, &[(&b, 1.0)]);
    bench
        .points
        .abandon()
        .into_iter()
        .for_each(Ticket::abandon_all);
    let report = bench.ledger.report();
    assert!(report.balanced && report.in_flight() == 0, "{report}");
    let dropped: Vec<_> = report
        .stages
        .iter()
        .map(|row| row.dropped.get(reason::STAGE_ENDED).copied())
        .collect();
    assert_eq!(dropped, [Some(1), Some(1)]);
}
