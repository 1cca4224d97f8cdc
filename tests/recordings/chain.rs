//! Runs a recording through the processors of the shipped pipeline and `sock_flow` in this process,
//! and collects lines and series.

use std::collections::BTreeMap;

use serde::de::IntoDeserializer as _;
use serde_json::Value;
use tidegate_format::hubble::Json;
use tidegate_model::metric::{MetricKind, Point, Value as Number};
use tidegate_model::names::{Names, NamesContent, NamesSource};
use tidegate_model::record::Frame;
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Kind, Kinds, Record, Timestamp};
use tidegate_processors::KINDS;
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::stage::Processor;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use tidegate_wire::payload::{Decoder, Step};
use toml::de::ValueDeserializer;

use super::series::Series;

/// The name of the recorded node.
pub(crate) const NODE: &str = "lab/vm";
/// Frames per batch.
const BATCH: usize = 64;

/// The configuration of the processors.
pub(crate) struct Chain<'a> {
    /// The release in `cilium_version`.
    pub(crate) release: Option<&'a str>,
    /// The release that the agent's API states, before the first frame.
    pub(crate) reported: Option<&'a str>,
    pub(crate) metrics: &'a [&'a str],
    pub(crate) wire: bool,
}

/// The output for a recording.
#[derive(Default)]
pub(super) struct Outcome {
    /// The lines of `stdout` with `format = "json"`, in order.
    pub(super) lines: Vec<Value>,
    /// The last value of every series.
    pub(super) series: Series,
    /// The decoder's ambiguity counts.
    pub(super) ambiguous: BTreeMap<String, u64>,
    /// Drops by reason.
    pub(super) dropped: BTreeMap<String, u64>,
}

impl Chain<'_> {
    pub(super) fn run(&self, recording: &[u8]) -> Outcome {
        let mut outcome = Outcome::default();
        let tallies = self.each_batch(recording, &mut |batch| outcome.add(batch));
        let owned = |(name, count): &(&str, u64)| ((*name).to_owned(), *count);
        outcome.ambiguous = tallies[0].ambiguities().iter().map(owned).collect();
        outcome.dropped = tallies
            .iter()
            .flat_map(|tally| tally.drops().iter().map(owned))
            .collect();
        outcome
    }

    /// Hands over each batch that the processors return, and returns their tallies.
    pub(crate) fn each_batch(&self, recording: &[u8], take: &mut dyn FnMut(&Batch)) -> Vec<Tally> {
        let mut steps: Vec<_> = self
            .stages()
            .iter()
            .map(|(kind, keys)| (build(kind, keys), Tally::default()))
            .collect();
        if let Some(release) = self.reported {
            let mut batch = Batch::new();
            batch.push(Record::Names(Box::new(Names {
                source: NamesSource::CiliumApi,
                asked: Timestamp::default(),
                content: NamesContent::Release(release.into()),
            })));
            process(&mut steps[..1], &mut batch);
        }
        let frames = frames(recording);
        let mut now = Timestamp::default();
        for frames in frames.chunks(BATCH) {
            let mut batch = Batch::new();
            for (frame, data) in frames {
                now = frame.time;
                let data = batch.push_bytes(data);
                batch.push(Record::Frame(Frame { data, ..*frame }));
            }
            process(&mut steps, &mut batch);
            take(&batch);
        }
        // Past every hold time for proxies' records.
        let end = Timestamp(now.0 + 3_600_000_000_000);
        for at in 0..steps.len() {
            let mut batch = Batch::new();
            steps[at].0.finish(end, &mut batch);
            process(&mut steps[at + 1..], &mut batch);
            take(&batch);
        }
        steps.into_iter().map(|(_, tally)| tally).collect()
    }

    fn stages(&self) -> [(&'static str, String); 8] {
        let version = self
            .release
            .map(|release| format!("cilium_version = {release:?}"))
            .unwrap_or_default();
        let wire = format!("wire = {}", self.wire);
        [
            ("cilium_decode", version),
            ("l34_flow", String::new()),
            ("sock_flow", String::new()),
            ("dns_flow", wire.clone()),
            ("http_flow", wire),
            ("l7_flow", String::new()),
            // As Hubble does.
            ("cilium_enrich", "keep_deleted = '0s'".to_owned()),
            ("hubble_metrics", format!("metrics = {:?}", self.metrics)),
        ]
    }
}

impl Outcome {
    fn add(&mut self, batch: &Batch) {
        let json = Json::new(NODE);
        for record in batch.records() {
            let mut line = String::new();
            match record {
                Record::Flow(flow) => json.push_flow(&mut line, flow),
                Record::AgentEvent(event) => json.push_agent_event(&mut line, event),
                Record::DebugEvent(event) => json.push_debug_event(&mut line, event),
                Record::Lost(lost) => json.push_lost(&mut line, lost),
                Record::Metric(point) => self.add_point(point),
                Record::Frame(_) | Record::Event(_) | Record::Names(_) => {
                    panic!("no stage converted {record:?}")
                }
            }
            if !line.is_empty() {
                self.lines.push(serde_json::from_str(&line).unwrap());
            }
        }
    }

    /// Adds a point in the form of Prometheus' exposition.
    fn add_point(&mut self, point: &Point) {
        let family = &point.series.family;
        let labels = || {
            family
                .label_names
                .iter()
                .cloned()
                .zip(point.series.labels.iter().map(|label| label.to_string()))
        };
        let mut set = |suffix: &str, more: Option<(String, String)>, value: f64| {
            let labels = labels().chain(more).collect();
            self.series
                .insert((format!("{}{suffix}", family.name), labels), value);
        };
        match (&point.value, &family.kind) {
            (Number::Counter(value) | Number::Gauge(value), _) => set("", None, *value),
            (Number::Histogram(histogram), MetricKind::Histogram { bounds }) => {
                let mut sum = 0;
                let bounds = bounds.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
                for (bound, count) in bounds.zip(&histogram.buckets) {
                    sum += count;
                    set("_bucket", Some(("le".to_owned(), bound)), sum as f64);
                }
                set("_sum", None, histogram.sum);
                set("_count", None, histogram.count as f64);
            }
            (other, _) => panic!("{other:?}"),
        }
    }
}

fn process(steps: &mut [(Box<dyn Processor>, Tally)], batch: &mut Batch) {
    for (processor, tally) in steps {
        processor.process(batch, tally);
    }
}

fn build(kind: &str, keys: &str) -> Box<dyn Processor> {
    let kind = KINDS
        .iter()
        .find(|candidate| candidate.name == kind)
        .unwrap();
    let table = format!("{{ {keys} }}");
    let table = ValueDeserializer::parse(&table)
        .unwrap()
        .into_deserializer();
    let context = BuildContext {
        stage: StageId::processor(kind.name),
        node_name: NODE.to_owned(),
        telemetry: Telemetry::default(),
        health: Default::default(),
        requests: Default::default(),
    };
    (kind.parse)(table)
        .unwrap()
        // As in front of `cilium_enrich`.
        .build_for(Kinds::of(&[Kind::Names]), &context)
        .unwrap_or_else(|error| panic!("{error:?}"))
}

/// The frames of a recording. Recordings have no times; the frames get times a millisecond apart.
fn frames(mut recording: &[u8]) -> Vec<(Frame, Vec<u8>)> {
    let mut decoder = Decoder::default();
    let mut frames = Vec::new();
    loop {
        let used = match decoder.next(recording).unwrap() {
            Step::Value { used, payload } => {
                let seq = frames.len() as u64 + 1;
                let frame = Frame {
                    time: Timestamp(1_772_359_200_000_000_000 + seq * 1_000_000),
                    seq,
                    stream: 1,
                    payload_type: i32::try_from(payload.kind).unwrap(),
                    cpu: i32::try_from(payload.cpu).unwrap(),
                    lost: payload.lost,
                    ..Frame::default()
                };
                frames.push((frame, payload.data.to_vec()));
                used
            }
            Step::Definition { used } => used,
            // The recording ends inside a frame.
            Step::Incomplete { .. } => return frames,
            Step::Refused { reason, .. } => panic!("{reason}"),
        };
        recording = &recording[used..];
    }
}
