//! Frames of arbitrary bytes through every processor, and the resulting records through the encoders
//! of every exporter.
//!
//! The input is a sequence of frames, each a length of two bytes and its data. Each input gets new
//! processors.

use opentelemetry_proto::tonic::logs::v1::ScopeLogs;
use prost::Message as _;
use tidegate_exporters::otlp::{LogEncoder, LogFormat};
use tidegate_format::exposition::{ExpositionWriter, Format};
use tidegate_format::hubble::{Compact, Json};
use tidegate_model::record::Frame;
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Record, Timestamp};
use tidegate_processors::KINDS;
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::stage::Processor;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use tidegate_simulate::Release;
use toml::de::ValueDeserializer;

use super::memory::Bound;
use super::seeds;

/// For lists of strings in access-log records, and the initial tables of `l34_flow` and the metrics.
const PROCESSORS: Bound = Bound {
    each: 256,
    base: 256 * 1024,
};
/// For output, which is several times the size of a record.
const ENCODERS: Bound = Bound {
    each: 512,
    base: 256 * 1024,
};
const NOW: Timestamp = Timestamp(1_772_359_200_123_456_789);
const NODE: &str = "default/node-a";
const METRICS: &str = "{ metrics = ['dns:query;ips', \
    'drop:labelsContext=source_pod,destination_ip', \
    'tcp:sourceContext=pod|ip', 'flow:destinationContext=dns|ip', \
    'flows-to-world:any-drop;port;syn-only', \
    'port-distribution', 'icmp', 'httpV2:sourceContext=workload|identity', \
    'policy', 'kafka'] }";

/// Runs frames through the pipeline.
///
/// # Panics
/// If too much is allocated, if a record is lost without a count, or if a line or a message is
/// invalid.
pub fn run(data: &[u8]) {
    let context = BuildContext {
        stage: StageId::processor("fuzz"),
        node_name: NODE.into(),
        telemetry: Telemetry::default(),
        health: Default::default(),
        requests: Default::default(),
    };
    let mut batch = frames(data);
    let mut processors: Vec<_> = CHAIN
        .iter()
        .map(|(kind, config)| build(kind, config, &context))
        .collect();
    let remaining = PROCESSORS.holds(data.len(), || {
        processors
            .iter_mut()
            .for_each(|processor| process(processor.as_mut(), &mut batch));
        finish(&mut processors)
    });
    let json = Json::new(NODE);
    let mut encoder = LogEncoder::new(&context, &log_format());
    for record in remaining.iter().chain([&batch]).flat_map(Batch::records) {
        check_output(data.len(), &json, &mut encoder, record);
    }
}

fn log_format() -> LogFormat {
    LogFormat {
        http_headers: vec!["*".to_owned()],
        ..LogFormat::default()
    }
}

/// Checks the output of every exporter for a record of an input of `len` bytes.
fn check_output(len: usize, json: &Json, encoder: &mut LogEncoder, record: &Record) {
    let line = ENCODERS.holds(len, || json_line(json, record));
    assert!(
        line.is_empty() || serde_json::from_str::<serde_json::Value>(&line).is_ok(),
        "{line}"
    );
    let compact = ENCODERS.holds(len, || compact_line(record));
    assert!(
        !compact.trim_end_matches('\n').contains(char::is_control),
        "{compact:?}"
    );
    let log = ENCODERS.holds(len, || {
        let mut log = Vec::new();
        encoder.encode(record, NOW, &mut log);
        log
    });
    let logs = ScopeLogs::decode(&*log)
        .expect("valid Protobuf")
        .log_records
        .len();
    assert_eq!(logs, usize::from(!line.is_empty()));
    check_exposition(record);
}

const CHAIN: [(&str, &str); 9] = [
    ("cilium_decode", "{}"),
    ("l34_flow", "{}"),
    ("sock_flow", "{}"),
    ("dns_flow", "{ pending = 4 }"),
    (
        "http_flow",
        "{ pending = 4, connections = 4, redact = { enabled = true, http = { url_query = true } } }",
    ),
    ("l7_flow", "{}"),
    ("hubble_metrics", METRICS),
    ("filter", FILTER),
    (
        "sample",
        "{ one_in = 2, also = ['drops', 'audits', 'errors'] }",
    ),
];

/// Rules with every kind of test that a filter can have.
const FILTER: &str = r#"{ otherwise = "keep", rules = [
    { name = "shop", action = "keep", flows = "--pod shop/ --http-status 5+ --http-path ^/cart" },
    { name = "names", action = "drop", flows = "--fqdn *.example.com --http-path ^a" },
    { name = "numbers", action = "drop", flows = "--port 53 --ip 10.0.0.0/8 --identity 4 --tcp-flags SYN" },
    { name = "drops", action = "drop", flows = "--type drop:133 --protocol udp --traffic-direction ingress" },
    { name = "agent", action = "drop", flows = "--type agent", records = ["debug_events"] },
] }"#;

fn build(kind: &str, config: &str, context: &BuildContext) -> Box<dyn Processor> {
    let kind = KINDS
        .iter()
        .find(|candidate| candidate.name == kind)
        .expect("the kind exists");
    let config =
        (kind.parse)(ValueDeserializer::parse(config).expect("valid TOML")).expect("known keys");
    config.build(context).expect("valid values")
}

fn frames(mut data: &[u8]) -> Batch {
    let mut batch = Batch::new();
    let mut seq = 0;
    while let Some((length, rest)) = data.split_first_chunk() {
        let (frame, rest) = rest.split_at(usize::from(u16::from_le_bytes(*length)).min(rest.len()));
        seq += 1;
        let span = batch.push_bytes(frame);
        batch.push(Record::Frame(Frame {
            time: NOW,
            seq,
            payload_type: 9,
            data: span,
            ..Frame::default()
        }));
        data = rest;
    }
    batch
}

/// Checks that every record is passed on or counted as removed. L7 stages may emit additional messages, each with
/// a note.
fn process(processor: &mut dyn Processor, batch: &mut Batch) {
    let mut tally = Tally::default();
    let entered = batch.len();
    processor.process(batch, &mut tally);
    let removed = tally.removed();
    let early: u64 = tally
        .notes()
        .iter()
        .filter(|(note, _)| *note == "wire_table_full")
        .map(|(_, count)| count)
        .sum();
    let made = (batch.len() as u64 + removed).checked_sub(entered as u64);
    assert!(
        made.is_some_and(|made| made <= early),
        "{entered} in, {} out, {removed} removed",
        batch.len()
    );
}

/// Flushes the records that processors hold, through the following processors.
fn finish(processors: &mut [Box<dyn Processor>]) -> Vec<Batch> {
    (0..processors.len())
        .map(|at| {
            let mut out = Batch::new();
            processors[at].finish(NOW, &mut out);
            processors[at + 1..]
                .iter_mut()
                .for_each(|processor| process(processor.as_mut(), &mut out));
            out
        })
        .collect()
}

fn json_line(json: &Json, record: &Record) -> String {
    let mut out = String::new();
    match record {
        Record::Flow(flow) => json.push_flow(&mut out, flow),
        Record::AgentEvent(event) => json.push_agent_event(&mut out, event),
        Record::DebugEvent(event) => json.push_debug_event(&mut out, event),
        Record::Lost(lost) => json.push_lost(&mut out, lost),
        Record::Frame(_) | Record::Event(_) | Record::Metric(_) | Record::Names(_) => {}
    }
    out
}

fn compact_line(record: &Record) -> String {
    let mut out = String::new();
    let compact = Compact::default();
    match record {
        Record::Flow(flow) => compact.push_flow(&mut out, flow),
        Record::AgentEvent(event) => compact.push_agent_event(&mut out, event),
        Record::DebugEvent(event) => compact.push_debug_event(&mut out, event),
        Record::Lost(lost) => compact.push_lost(&mut out, lost),
        Record::Frame(_) | Record::Event(_) | Record::Metric(_) | Record::Names(_) => {}
    }
    out
}

/// Checks that each sample of a metric is one line of the exposition, whatever its labels.
fn check_exposition(record: &Record) {
    let Record::Metric(point) = record else {
        return;
    };
    let family = &point.series.family;
    let mut writer = ExpositionWriter::new(Format::Text);
    writer.family(&family.name, &family.help, &family.kind);
    writer.sample(&family.label_names, &point.series.labels, &point.value);
    let text = writer.finish();
    assert!(
        text.lines()
            .all(|line| line.starts_with("# ") || line.starts_with(&family.name)),
        "{text:?}"
    );
}

/// Frames of every type and release, and simulated streams.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let framed = |data: &[u8]| {
        [
            &u16::try_from(data.len()).unwrap_or(u16::MAX).to_le_bytes()[..],
            data,
        ]
        .concat()
    };
    let recorded = ["perf", "logrecord", "agent"]
        .into_iter()
        .flat_map(seeds::golden)
        .map(|data| framed(&data));
    let events = |release| seeds::simulated(release).collect::<Vec<_>>();
    let simulated = Release::ALL.into_iter().flat_map(|release| {
        let events = events(release);
        events
            .chunks(6)
            .take(8)
            .map(|some| some.iter().flat_map(|data| framed(data)).collect())
            .collect::<Vec<_>>()
    });
    recorded.chain(simulated).collect()
}
