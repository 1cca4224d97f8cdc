//! Updates of the table, and the rows that it returns.

use std::sync::Arc;

use tidegate_model::Timestamp;
use tidegate_model::metric::{Family, Histogram, MetricKind, Point, Series, Value};

use super::{SeriesTable, TypeConflict};

fn series(name: &str, kind: &MetricKind, labels: &[(&str, &str)]) -> Arc<Series> {
    let family = Family {
        name: name.to_owned(),
        help: String::new(),
        unit: String::new(),
        kind: kind.clone(),
        label_names: labels.iter().map(|(name, _)| (*name).to_owned()).collect(),
    };
    let labels = labels.iter().map(|(_, value)| (*value).into()).collect();
    Arc::new(Series {
        family: Arc::new(family),
        labels,
        start: Timestamp(1),
    })
}

fn update(
    table: &mut SeriesTable,
    series: &Arc<Series>,
    time: u64,
    value: Value,
) -> Result<(), TypeConflict> {
    table.update(&Point {
        series: Arc::clone(series),
        time: Timestamp(time),
        value,
    })
}

/// Returns all rows as `family{labels}=value`, the same for every limit.
fn all_rows(table: &SeriesTable) -> Vec<String> {
    let lines = |limit| {
        table
            .names()
            .iter()
            .flat_map(|name| family_rows(table, name, limit))
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(1), lines(100));
    lines(1)
}

fn family_rows(table: &SeriesTable, name: &str, limit: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut last = None;
    while let Some(rows) = table
        .rows(name, last.as_ref(), limit)
        .filter(|rows| !rows.samples.is_empty())
    {
        assert!(rows.samples.len() <= limit && rows.family.name == name);
        for (labels, value) in rows.samples {
            let texts: Vec<_> = labels
                .pairs()
                .map(|(name, value)| format!("{name}:{value}"))
                .collect();
            lines.push(format!("{name}{{{}}}={value:?}", texts.join(",")));
            last = Some(labels);
        }
    }
    lines
}

#[test]
fn families_labels_and_series_are_sorted() {
    let mut table = SeriesTable::default();
    let counter = MetricKind::Counter;
    let unsorted = [
        series("b", &counter, &[("z", "1"), ("a", "2")]),
        series("b", &counter, &[("z", "2"), ("a", "1")]),
        series("a", &counter, &[]),
    ];
    for (series, n) in unsorted.iter().zip([1.0, 2.0, 3.0]) {
        assert_eq!(update(&mut table, series, 1, Value::Counter(n)), Ok(()));
    }
    assert_eq!(
        all_rows(&table),
        [
            "a{}=Counter(3.0)",
            "b{a:1,z:2}=Counter(2.0)",
            "b{a:2,z:1}=Counter(1.0)"
        ]
    );
}

#[test]
fn a_series_has_its_latest_value_until_it_ends() {
    let mut table = SeriesTable::default();
    let first = series("a", &MetricKind::Counter, &[("x", "1")]);
    let second = series("a", &MetricKind::Counter, &[("x", "2")]);
    for (series, value) in [(&first, 1.0), (&second, 5.0), (&first, 2.0)] {
        assert_eq!(update(&mut table, series, 1, Value::Counter(value)), Ok(()));
    }
    assert_eq!(
        all_rows(&table),
        ["a{x:1}=Counter(2.0)", "a{x:2}=Counter(5.0)"]
    );
    assert_eq!(update(&mut table, &first, 2, Value::Ended), Ok(()));
    assert_eq!(
        update(&mut table, &first, 2, Value::Ended),
        Ok(()),
        "the second end has no effect"
    );
    assert_eq!(
        (all_rows(&table), table.len()),
        (vec!["a{x:2}=Counter(5.0)".to_owned()], 1)
    );
    let third = series("b", &MetricKind::Counter, &[]);
    assert_eq!(
        update(&mut table, &third, 3, Value::Counter(7.0)),
        Ok(()),
        "in the slot of the first"
    );
    assert_eq!(update(&mut table, &second, 3, Value::Ended), Ok(()));
    assert_eq!(
        (all_rows(&table), table.names()),
        (vec!["b{}=Counter(7.0)".to_owned()], vec!["b".to_owned()])
    );
    assert_eq!(
        (Arc::strong_count(&first), Arc::strong_count(&third)),
        (1, 3),
        "ended series are not kept alive"
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn series_with_equal_labels_are_merged() {
    let histogram = |buckets: [u64; 2], sum, count| {
        Value::Histogram(Arc::new(Histogram {
            buckets: buckets.to_vec(),
            sum,
            count,
            ..Histogram::default()
        }))
    };
    let kind = MetricKind::Histogram { bounds: vec![1.0] };
    let cases = [
        (
            MetricKind::Counter,
            Value::Counter(1.0),
            Value::Counter(2.0),
            Value::Counter(3.0),
        ),
        (
            MetricKind::Gauge,
            Value::Gauge(1.0),
            Value::Gauge(2.0),
            Value::Gauge(1.0),
        ),
        (
            kind,
            histogram([1, 2], 7.5, 3),
            histogram([4, 0], 0.5, 4),
            histogram([5, 2], 8.0, 7),
        ),
    ];
    for (kind, one, other, expected) in cases {
        let mut table = SeriesTable::default();
        let first = series("a", &kind, &[("p", "x"), ("q", "y")]);
        let second = series("a", &kind, &[("q", "y"), ("p", "x")]);
        assert_eq!(update(&mut table, &first, 20, one), Ok(()));
        assert_eq!(update(&mut table, &second, 10, other.clone()), Ok(()));
        assert_eq!(all_rows(&table), [format!("a{{p:x,q:y}}={expected:?}")]);
        assert_eq!(update(&mut table, &first, 30, Value::Ended), Ok(()));
        assert_eq!(
            all_rows(&table),
            [format!("a{{p:x,q:y}}={other:?}")],
            "the first has ended"
        );
        assert_eq!(Arc::strong_count(&first), 1);
    }
}

#[test]
fn a_metric_of_another_type_with_the_same_name_is_refused() {
    let mut table = SeriesTable::default();
    let counter = series("a", &MetricKind::Counter, &[]);
    let gauge = series("a", &MetricKind::Gauge, &[]);
    assert_eq!(update(&mut table, &counter, 1, Value::Counter(1.0)), Ok(()));
    assert_eq!(
        update(&mut table, &gauge, 1, Value::Gauge(2.0)),
        Err(TypeConflict)
    );
    assert_eq!(update(&mut table, &gauge, 1, Value::Ended), Ok(()));
    assert_eq!(all_rows(&table), ["a{}=Counter(1.0)"]);
}
