//! Both formats, as literal text and parsed.

use std::sync::Arc;

use proptest::prelude::*;
use tidegate_model::Timestamp;
use tidegate_model::flow::TraceContext;
use tidegate_model::metric::{Exemplar, Histogram, MetricKind, Value};

use super::{ExpositionWriter, Format};

fn exemplar(value: f64, trace: u8) -> Exemplar {
    let mut trace_id = [0; 16];
    trace_id[15] = trace;
    Exemplar {
        value,
        time: Timestamp(1_520_879_607_789_000_000),
        trace: TraceContext {
            trace_id,
            parent_id: [3; 8],
            flags: 1,
        },
    }
}

fn exposition(format: Format) -> String {
    let mut writer = ExpositionWriter::new(format);
    writer.family(
        "drop_total",
        "Number of \"drops\",\none by one \\",
        &MetricKind::Counter,
    );
    writer.sample(
        &["reason", "pod"],
        &["a\\b\"c\nd", "ns/ü"],
        &Value::Counter(1_234_567.0),
    );
    writer.sample(&["reason", "pod"], &["", ""], &Value::Counter(1.0));
    writer.sample(&["reason", "pod"], &["gone", ""], &Value::Ended);
    writer.family("odd", "A counter without a suffix", &MetricKind::Counter);
    writer.sample::<&str, &str>(&[], &[], &Value::Counter(0.0));
    writer.family("queue_bytes", "Queued", &MetricKind::Gauge);
    writer.sample(&["edge"], &["out"], &Value::Gauge(-0.5));
    let histogram = Histogram {
        buckets: vec![1, 0, 2],
        sum: 7.25,
        count: 3,
        exemplars: vec![exemplar(0.1, 1), exemplar(5.0, 2)],
        exponential: None,
    };
    writer.family(
        "wait_seconds",
        "Waited",
        &MetricKind::Histogram {
            bounds: vec![0.1, 1.0],
        },
    );
    writer.sample(&["code"], &["200"], &Value::Histogram(Arc::new(histogram)));
    writer.sample::<&str, &str>(&[], &[], &Value::Histogram(Arc::default()));
    writer.finish()
}

#[test]
fn the_text_format_is_what_prometheus_client_golang_writes() {
    let expected = r#"# HELP drop_total Number of "drops",\none by one \\
# TYPE drop_total counter
drop_total{reason="a\\b\"c\nd",pod="ns/ü"} 1.234567e+06
drop_total{reason="",pod=""} 1
# HELP odd A counter without a suffix
# TYPE odd counter
odd 0
# HELP queue_bytes Queued
# TYPE queue_bytes gauge
queue_bytes{edge="out"} -0.5
# HELP wait_seconds Waited
# TYPE wait_seconds histogram
wait_seconds_bucket{code="200",le="0.1"} 1
wait_seconds_bucket{code="200",le="1"} 1
wait_seconds_bucket{code="200",le="+Inf"} 3
wait_seconds_sum{code="200"} 7.25
wait_seconds_count{code="200"} 3
wait_seconds_bucket{le="0.1"} 0
wait_seconds_bucket{le="1"} 0
wait_seconds_bucket{le="+Inf"} 0
wait_seconds_sum 0
wait_seconds_count 0
"#;
    assert_eq!(exposition(Format::Text), expected);
}

#[test]
fn open_metrics_names_counters_without_their_suffix_and_ends_with_eof() {
    let expected = r#"# HELP drop Number of \"drops\",\none by one \\
# TYPE drop counter
drop_total{reason="a\\b\"c\nd",pod="ns/ü"} 1.234567e+06
drop_total{reason="",pod=""} 1.0
# HELP odd A counter without a suffix
# TYPE odd unknown
odd 0.0
# HELP queue_bytes Queued
# TYPE queue_bytes gauge
queue_bytes{edge="out"} -0.5
# HELP wait_seconds Waited
# TYPE wait_seconds histogram
wait_seconds_bucket{code="200",le="0.1"} 1 # {traceID="00000000000000000000000000000001"} 0.1 1.520879607789e+09
wait_seconds_bucket{code="200",le="1.0"} 1
wait_seconds_bucket{code="200",le="+Inf"} 3 # {traceID="00000000000000000000000000000002"} 5.0 1.520879607789e+09
wait_seconds_sum{code="200"} 7.25
wait_seconds_count{code="200"} 3
wait_seconds_bucket{le="0.1"} 0
wait_seconds_bucket{le="1.0"} 0
wait_seconds_bucket{le="+Inf"} 0
wait_seconds_sum 0.0
wait_seconds_count 0
# EOF
"#;
    assert_eq!(exposition(Format::OpenMetrics), expected);
}

/// Parses a sample with one label into the label's value and the number.
fn parse(line: &str) -> Option<(String, f64)> {
    let mut rest = line.strip_prefix("m_total{l=\"")?.chars();
    let mut value = String::new();
    loop {
        match rest.next()? {
            '"' => break,
            '\\' => value.push(match rest.next()? {
                'n' => '\n',
                c @ ('\\' | '"') => c,
                _ => return None,
            }),
            c => value.push(c),
        }
    }
    Some((value, rest.as_str().strip_prefix("} ")?.parse().ok()?))
}

proptest! {
    #[test]
    fn samples_parse_to_their_label_and_number(label in any::<String>(), bits in any::<u64>()) {
        for format in [Format::Text, Format::OpenMetrics] {
            let mut writer = ExpositionWriter::new(format);
            writer.family("m_total", "", &MetricKind::Counter);
            writer.sample(&["l"], &[&label], &Value::Counter(f64::from_bits(bits)));
            let text = writer.finish();
            let samples = text.strip_suffix('\n').unwrap_or_default().split('\n').skip(2);
            let lines: Vec<_> = samples.collect();
            let (parsed, number) = parse(lines[0]).expect("a sample");
            prop_assert_eq!(&parsed, &label);
            let expected = f64::from_bits(bits);
            prop_assert!(number == expected || (number.is_nan() && expected.is_nan()));
            let end: &[&str] = if format == Format::OpenMetrics { &["# EOF"] } else { &[] };
            prop_assert_eq!(&lines[1..], end);
        }
    }
}
