//! The lines of a stream: flows and what else Hubble has a form for as Hubble writes them, and the
//! records of the way there in forms of their own.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidegate_format::hubble::{Compact, Json};
use tidegate_format::text::{push_hubble_time, push_rfc3339};
use tidegate_model::record::{Event, Frame};
use tidegate_model::{Record, Timestamp};
use tidegate_runtime::tap::Sample;

use super::metric;

/// Bytes of a frame or an event in a compact line.
const COMPACT_DATA: usize = 48;

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// As `hubble observe` prints them
    Compact,
    /// As Hubble's exporter writes them
    Json,
}

/// How much of the records a reader has seen; a line of its own in either form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Lines so far.
    pub(crate) shown: u64,
    /// Records that matched the filters.
    pub(crate) matched: u64,
    /// Records that left the stage.
    pub(crate) seen: u64,
}

/// Makes lines.
pub(super) enum Lines {
    Compact(Compact),
    Json(Json),
}

impl Form {
    pub(super) fn parse(name: &str) -> Result<Self, String> {
        let form = <Self as clap::ValueEnum>::from_str(name, false);
        form.map_err(|_| format!("`format` is `compact` or `json`, not `{name}`"))
    }

    /// The name in a request.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Json => "json",
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Compact => "text/plain; charset=utf-8",
            Self::Json => "application/x-ndjson",
        }
    }
}

/// What a line of progress is in.
#[derive(Serialize, Deserialize)]
struct Envelope {
    tap: Progress,
}

impl Progress {
    /// Appends the line: `{"tap":{..}}`.
    pub(super) fn push(self, out: &mut String) {
        out.push_str(&serde_json::to_string(&Envelope { tap: self }).unwrap_or_default());
        out.push('\n');
    }

    /// Records that matched and are not shown.
    pub(crate) fn hidden(self) -> u64 {
        self.matched.saturating_sub(self.shown)
    }

    /// Reads a line, if it is one of these.
    pub(crate) fn read(line: &str) -> Option<Self> {
        if !line.starts_with("{\"tap\":") {
            return None;
        }
        serde_json::from_str::<Envelope>(line)
            .ok()
            .map(|envelope| envelope.tap)
    }
}

impl Lines {
    /// Lines of a node's records.
    pub(super) fn new(form: Form, node_name: &str) -> Self {
        match form {
            Form::Compact => Self::Compact(Compact { color: false }),
            Form::Json => Self::Json(Json::new(node_name)),
        }
    }

    /// Appends a record's line.
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
        Record::Frame(Frame {
            time,
            seq,
            payload_type,
            cpu,
            lost,
            data: span,
            ..
        }) => {
            push_hubble_time(out, *time);
            let _ = write!(
                out,
                ": frame {seq} type {payload_type} cpu {cpu} lost {lost}, {} bytes:",
                span.len
            );
            push_data(out, data, span.len);
        }
        Record::Event(Event {
            time,
            seq,
            cpu,
            data: span,
            ..
        }) => {
            push_hubble_time(out, *time);
            let _ = write!(out, ": event {seq} cpu {cpu}, {} bytes:", span.len);
            push_data(out, data, span.len);
        }
        Record::Metric(point) => {
            push_hubble_time(out, point.time);
            out.push_str(": ");
            metric::push(out, point);
        }
    }
}

/// The first bytes, the end of the line, and whether there are more.
fn push_data(out: &mut String, data: &[u8], len: u32) {
    let shown = &data[..data.len().min(COMPACT_DATA)];
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
            let (lost, data) = (lost.to_string(), hex(data));
            let frame = json!({"seq": seq.to_string(), "type": payload_type, "cpu": cpu, "lost": lost, "bytes": span.len, "data": data});
            push_object(out, "frame", &frame, *time);
        }
        Record::Event(Event {
            time,
            seq,
            cpu,
            data: span,
            ..
        }) => {
            let event =
                json!({"seq": seq.to_string(), "cpu": cpu, "bytes": span.len, "data": hex(data)});
            push_object(out, "event", &event, *time);
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

    use super::{Form, Lines, Progress};

    const TIME: Timestamp = Timestamp(1_772_359_200_000_000_000);

    fn point(value: Value) -> Record {
        let (name, help, unit) = ("hubble_drop_total".to_owned(), String::new(), String::new());
        let label_names = vec!["reason".to_owned()];
        let family = Arc::new(Family {
            name,
            help,
            unit,
            kind: MetricKind::Counter,
            label_names,
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

    #[test]
    fn every_record_is_one_line_in_either_form() {
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
        let lost = Lost {
            time: TIME,
            source: LostSource::PerfEventRingBuffer,
            count: 5,
            cpu: Some(1),
            span: None,
        };
        let histogram = Histogram {
            buckets: vec![1, 2],
            sum: 1.5,
            count: 3,
        };
        let at = ",\"time\":\"2026-03-01T10:00:00Z\"}";
        let cases = [
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
            (
                point(Value::Counter(3.0)),
                "hubble_drop_total{reason=\"a \\\"b\\\"\"} 3",
                r#"{"metric":{"name":"hubble_drop_total","labels":{"reason":"a \"b\""},"value":3.0}"#,
            ),
            (
                point(Value::Histogram(Arc::new(histogram))),
                "hubble_drop_total{reason=\"a \\\"b\\\"\"} count 3 sum 1.5",
                r#"{"metric":{"name":"hubble_drop_total","labels":{"reason":"a \"b\""},"count":"3","sum":1.5,"buckets":["1","2"]}"#,
            ),
            (
                point(Value::Ended),
                "hubble_drop_total{reason=\"a \\\"b\\\"\"} ended",
                r#"{"metric":{"name":"hubble_drop_total","labels":{"reason":"a \"b\""},"ended":true}"#,
            ),
        ];
        for (record, compact, json) in cases {
            let sample = Sample {
                record,
                data: vec![4, 0xff],
            };
            let line = |form: Form| {
                let mut out = String::new();
                Lines::new(form, "default/n").push(&mut out, &sample);
                out
            };
            assert_eq!(
                line(Form::Compact),
                format!("Mar  1 10:00:00.000: {compact}\n")
            );
            assert_eq!(line(Form::Json), format!("{json}{at}\n"));
        }
        for record in [Record::Lost(lost), Record::Flow(Flow::default())] {
            for form in [Form::Compact, Form::Json] {
                let mut out = String::new();
                Lines::new(form, "default/n").push(
                    &mut out,
                    &Sample {
                        record: record.clone(),
                        data: Vec::new(),
                    },
                );
                assert!(out.ends_with('\n') && out.lines().count() == 1, "{out}");
            }
        }
    }

    #[test]
    fn progress_is_told_from_records() {
        let progress = Progress {
            shown: 1,
            matched: 2,
            seen: 3,
        };
        let mut line = String::new();
        progress.push(&mut line);
        assert_eq!(line, "{\"tap\":{\"shown\":1,\"matched\":2,\"seen\":3}}\n");
        assert_eq!(Progress::read(line.trim_end()), Some(progress));
        assert_eq!(Progress::read("{\"flow\":{}}"), None);
    }
}
