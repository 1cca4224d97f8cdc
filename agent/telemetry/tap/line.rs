//! The lines of a record. Records that Hubble has a format for are written as Hubble writes them;
//! frames, events and metric points have formats of their own.

use std::fmt::Write as _;

use serde_json::{Value, json};
use tidegate_format::hubble::{Compact, Json, Printer, TextFormat};
use tidegate_format::text::push_rfc3339;
use tidegate_model::names::Names;
use tidegate_model::record::{Event, Frame};
use tidegate_model::{Record, Timestamp};

use super::metric;
use super::protocol::{TapFormat, TapLines};

/// Bytes of a frame or an event that a compact line shows.
const COMPACT_BYTES: usize = 48;

/// Formats records as lines.
pub(crate) enum LineFormatter {
    Text(Printer, Compact),
    Json(Json),
}

impl LineFormatter {
    /// The formatter for the records of a node.
    pub(crate) fn new(lines: TapLines, node_name: &str) -> Self {
        let text = Compact {
            color: lines.color,
            numeric: lines.numeric,
            policy_names: lines.policy_names,
            time_format: lines.time_format,
        };
        let printer = match lines.format {
            TapFormat::Json => return Self::Json(Json::new(node_name)),
            TapFormat::Compact => Printer::new(TextFormat::Compact, text),
            TapFormat::Dict => Printer::new(TextFormat::Dict, text),
            TapFormat::Table => Printer::new(TextFormat::Rows, text),
        };
        let printer = match lines.node_name {
            true => printer.with_node_name(node_name),
            false => printer,
        };
        Self::Text(printer, text)
    }

    /// Appends the lines of a record. `data` is the first bytes of a frame or an event.
    pub(crate) fn push(&mut self, out: &mut String, record: &Record, data: &[u8]) {
        match self {
            Self::Text(printer, text) => {
                if !printer.push(out, record) {
                    push_other(*text, out, record, data);
                }
            }
            Self::Json(json) => push_json(json, out, record, data),
        }
    }
}

/// Appends the line of a record that Hubble does not print; the same in all text formats.
fn push_other(text: Compact, out: &mut String, record: &Record, data: &[u8]) {
    match record {
        Record::Frame(frame) => {
            text.push_time(out, frame.time);
            push_frame(out, frame, data);
        }
        Record::Event(event) => {
            text.push_time(out, event.time);
            push_event(out, event, data);
        }
        Record::Metric(point) => {
            text.push_time(out, point.time);
            out.push_str(": ");
            metric::push(out, point);
        }
        Record::Names(names) => {
            text.push_time(out, names.asked);
            push_names(out, names);
        }
        Record::Flow(_) | Record::AgentEvent(_) | Record::DebugEvent(_) | Record::Lost(_) => {}
    }
}

fn push_frame(out: &mut String, frame: &Frame, data: &[u8]) {
    let Frame {
        seq,
        payload_type,
        cpu,
        lost,
        data: span,
        ..
    } = frame;
    let len = span.len;
    let _ = write!(
        out,
        ": frame {seq} type {payload_type} cpu {cpu} lost {lost}, {len} bytes:"
    );
    push_data(out, data, len);
}

fn push_event(out: &mut String, event: &Event, data: &[u8]) {
    let len = event.data.len;
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

fn push_json(json: &Json, out: &mut String, record: &Record, data: &[u8]) {
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
        Record::Names(names) => push_object(out, "names", &names_json(names), names.asked),
    }
}

fn push_names(out: &mut String, names: &Names) {
    let Names {
        source, content, ..
    } = names;
    let _ = write!(
        out,
        ": {} {} from {}",
        content.len(),
        content.name(),
        source.name()
    );
    if let Some(detail) = content.detail() {
        let _ = write!(out, ": {detail}");
    }
}

fn names_json(names: &Names) -> Value {
    json!({
        "source": names.source.name(),
        "content": names.content.name(),
        "entries": names.content.len(),
        "detail": names.content.detail(),
        "list": names.content,
    })
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

    use super::{LineFormatter, TapFormat, TapLines};

    const TIME: Timestamp = Timestamp(1_772_359_200_000_000_000);

    fn formatted(format: TapFormat, record: &Record, data: &[u8]) -> String {
        let lines = TapLines {
            format,
            ..TapLines::default()
        };
        let mut out = String::new();
        LineFormatter::new(lines, "default/n").push(&mut out, record, data);
        out
    }

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
            ..Histogram::default()
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
            let line = |format: TapFormat| formatted(format, &record, &[4, 0xff]);
            let expected = format!("Mar  1 10:00:00.000: {compact}\n");
            assert_eq!(line(TapFormat::Compact), expected);
            assert_eq!(line(TapFormat::Dict), expected);
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
                let out = formatted(format, &record, &[]);
                assert!(out.ends_with('\n') && out.lines().count() == 1, "{out}");
            }
        }
    }
}
