//! The line of a record. Records that Hubble has a format for are written as Hubble writes them;
//! frames, events and metric points have formats of their own.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tidegate_format::hubble::{Compact, Json};
use tidegate_format::text::{push_hubble_time, push_rfc3339};
use tidegate_model::record::{Event, Frame};
use tidegate_model::{Record, Timestamp};
use tidegate_runtime::tap::Sample;

use super::metric;
use super::protocol::TapFormat;

/// Bytes of a frame or an event that a compact line shows.
const COMPACT_BYTES: usize = 48;

/// Formats records as lines.
pub(super) enum LineFormatter {
    Compact(Compact),
    Json(Json),
}

impl LineFormatter {
    /// The formatter for the records of a node.
    pub(super) fn new(format: TapFormat, node_name: &str) -> Self {
        match format {
            TapFormat::Compact => Self::Compact(Compact::PLAIN),
            TapFormat::Json => Self::Json(Json::new(node_name)),
        }
    }

    /// Appends the line of a record.
    pub(super) fn push(&self, out: &mut String, sample: &Sample) {
        match self {
            Self::Compact(compact) => push_compact(*compact, out, sample),
            Self::Json(json) => push_json(json, out, sample),
        }
    }
}

fn push_compact(compact: Compact, out: &mut String, Sample { record, data }: &Sample) {
    match record {
        Record::Flow(flow) => compact.push_flow(out, flow),
        Record::AgentEvent(event) => compact.push_agent_event(out, event),
        Record::DebugEvent(event) => compact.push_debug_event(out, event),
        Record::Lost(lost) => compact.push_lost(out, lost),
        Record::Frame(frame) => push_compact_frame(out, frame, data),
        Record::Event(event) => push_compact_event(out, event, data),
        Record::Metric(point) => {
            push_hubble_time(out, point.time);
            out.push_str(": ");
            metric::push(out, point);
        }
    }
}

fn push_compact_frame(out: &mut String, frame: &Frame, data: &[u8]) {
    let Frame {
        seq,
        payload_type,
        cpu,
        lost,
        data: span,
        ..
    } = frame;
    let len = span.len;
    push_hubble_time(out, frame.time);
    let _ = write!(
        out,
        ": frame {seq} type {payload_type} cpu {cpu} lost {lost}, {len} bytes:"
    );
    push_data(out, data, len);
}

fn push_compact_event(out: &mut String, event: &Event, data: &[u8]) {
    let len = event.data.len;
    push_hubble_time(out, event.time);
    let _ = write!(out, ": event {} cpu {}, {len} bytes:", event.seq, event.cpu);
    push_data(out, data, len);
}

/// Appends the first bytes, dots if there are more, and the line feed.
fn push_data(out: &mut String, data: &[u8], len: u32) {
    let shown = &data[..data.len().min(COMPACT_BYTES)];
    shown.iter().for_each(|byte| _ = write!(out, " {byte:02x}"));
    out.push_str(if shown.len() < len as usize {
        " ...\n"
    } else {
        "\n"
    });
}

fn push_json(json: &Json, out: &mut String, Sample { record, data }: &Sample) {
    match record {
        Record::Flow(flow) => json.push_flow(out, flow),
        Record::AgentEvent(event) => json.push_agent_event(out, event),
        Record::DebugEvent(event) => json.push_debug_event(out, event),
        Record::Lost(lost) => json.push_lost(out, lost),
        Record::Frame(Frame {
            time,
            seq,
            payload_type,
            cpu,
            lost,
            data: span,
            ..
        }) => {
            let frame = json!({
                "seq": seq.to_string(),
                "type": payload_type,
                "cpu": cpu,
                "lost": lost.to_string(),
                "bytes": span.len,
                "data": hex(data),
            });
            push_object(out, "frame", &frame, *time);
        }
        Record::Event(event) => {
            let object = json!({
                "seq": event.seq.to_string(),
                "cpu": event.cpu,
                "bytes": event.data.len,
                "data": hex(data),
            });
            push_object(out, "event", &object, event.time);
        }
        Record::Metric(point) => push_object(out, "metric", &metric::json(point), point.time),
    }
}

fn push_object(out: &mut String, name: &str, value: &Value, time: Timestamp) {
    let mut text = String::new();
    push_rfc3339(&mut text, time);
    let _ = writeln!(out, "{}", json!({name: value, "time": text}));
}

fn hex(data: &[u8]) -> String {
    data.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tidegate_model::flow::Flow;
    use tidegate_model::metric::{Family, Histogram, MetricKind, Point, Series, Value};
    use tidegate_model::record::{Event, EventBody, Frame, Lost, LostSource};
    use tidegate_model::{Record, Span, Timestamp};
    use tidegate_runtime::tap::Sample;

    use super::{LineFormatter, TapFormat};

    const TIME: Timestamp = Timestamp(1_772_359_200_000_000_000);

    fn point(value: Value) -> Record {
        let family = Arc::new(Family {
            name: "drops".to_owned(),
            help: String::new(),
            unit: String::new(),
            kind: MetricKind::Counter,
            label_names: vec!["reason".to_owned()],
        });
        let series = Arc::new(Series {
            family,
            labels: vec!["a \"b\"".into()],
            start: TIME,
        });
        Record::Metric(Point {
            series,
            time: TIME,
            value,
        })
    }

    /// A record, its compact line without the time, and its JSON line without the time.
    type Case = (Record, &'static str, &'static str);

    fn frame_and_event() -> [Case; 2] {
        let data = Span { start: 0, len: 300 };
        let frame = Frame {
            time: TIME,
            seq: 7,
            payload_type: 9,
            cpu: 3,
            lost: 0,
            data: Span { len: 2, ..data },
            ..Frame::default()
        };
        let event = Event {
            time: TIME,
            seq: 8,
            cpu: 3,
            data,
            body: EventBody::Undecoded,
        };
        [
            (
                Record::Frame(frame),
                "frame 7 type 9 cpu 3 lost 0, 2 bytes: 04 ff",
                r#"{"frame":{"seq":"7","type":9,"cpu":3,"lost":"0","bytes":2,"data":"04ff"}"#,
            ),
            (
                Record::Event(event),
                "event 8 cpu 3, 300 bytes: 04 ff ...",
                r#"{"event":{"seq":"8","cpu":3,"bytes":300,"data":"04ff"}"#,
            ),
        ]
    }

    fn points() -> [Case; 3] {
        let histogram = Histogram {
            buckets: vec![1, 2],
            sum: 1.5,
            count: 3,
        };
        [
            (
                point(Value::Counter(3.0)),
                "drops{reason=\"a \\\"b\\\"\"} 3",
                r#"{"metric":{"name":"drops","labels":{"reason":"a \"b\""},"value":3.0}"#,
            ),
            (
                point(Value::Histogram(Arc::new(histogram))),
                "drops{reason=\"a \\\"b\\\"\"} count 3 sum 1.5",
                "{\"metric\":{\"name\":\"drops\",\"labels\":{\"reason\":\"a \\\"b\\\"\"},\
                 \"count\":\"3\",\"sum\":1.5,\"buckets\":[\"1\",\"2\"]}",
            ),
            (
                point(Value::Ended),
                "drops{reason=\"a \\\"b\\\"\"} ended",
                r#"{"metric":{"name":"drops","labels":{"reason":"a \"b\""},"ended":true}"#,
            ),
        ]
    }

    #[test]
    fn records_without_a_format_of_hubble_have_lines_of_their_own() {
        let time = ",\"time\":\"2026-03-01T10:00:00Z\"}";
        for (record, compact, json) in frame_and_event().into_iter().chain(points()) {
            let sample = Sample {
                record,
                data: vec![4, 0xff],
            };
            let line = |format: TapFormat| {
                let mut out = String::new();
                LineFormatter::new(format, "default/n").push(&mut out, &sample);
                out
            };
            let expected = format!("Mar  1 10:00:00.000: {compact}\n");
            assert_eq!(line(TapFormat::Compact), expected);
            assert_eq!(line(TapFormat::Json), format!("{json}{time}\n"));
        }
    }

    #[test]
    fn every_record_is_one_line_in_both_formats() {
        let lost = Lost {
            time: TIME,
            source: LostSource::PerfEventRingBuffer,
            count: 5,
            cpu: Some(1),
            span: None,
        };
        for record in [Record::Lost(lost), Record::Flow(Flow::default())] {
            for format in [TapFormat::Compact, TapFormat::Json] {
                let sample = Sample {
                    record: record.clone(),
                    data: Vec::new(),
                };
                let mut out = String::new();
                LineFormatter::new(format, "default/n").push(&mut out, &sample);
                assert!(out.ends_with('\n') && out.lines().count() == 1, "{out}");
            }
        }
    }
}
