//! Flows that the usual processors make of simulated events.

use serde::de::IntoDeserializer as _;
use tidegate_model::record::Frame;
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Record, Timestamp};
use tidegate_processors::KINDS;
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::stage::Processor;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use tidegate_simulate::{Options, Stream};
use tidegate_wire::payload::{Decoder, Step};
use toml::de::ValueDeserializer;

const CHAIN: [&str; 5] = [
    "cilium_decode",
    "l34_flow",
    "dns_flow",
    "http_flow",
    "l7_flow",
];

/// The number of records in a batch.
const BATCH: usize = 256;

/// Returns batches of records. Consecutive events are 10 microseconds apart.
pub(crate) fn batches(events: usize) -> Vec<Vec<Record>> {
    let mut chain: Vec<_> = CHAIN.iter().map(|kind| build(kind)).collect();
    let mut stream = Stream::new(Options::default());
    let mut decoder = Decoder::default();
    let mut bytes = Vec::new();
    let mut seq = 0;
    let batch = |_| {
        let mut batch = Batch::new();
        while batch.len() < BATCH {
            bytes.clear();
            stream.next_frame(&mut bytes);
            seq += 1;
            fill(&mut batch, &mut decoder, &bytes, seq);
        }
        let mut tally = Tally::default();
        chain
            .iter_mut()
            .for_each(|processor| processor.process(&mut batch, &mut tally));
        batch.records().to_vec()
    };
    (0..events.div_ceil(BATCH)).map(batch).collect()
}

fn fill(batch: &mut Batch, decoder: &mut Decoder, mut stream: &[u8], seq: u64) {
    while !stream.is_empty() {
        match decoder.next(stream).unwrap() {
            Step::Value { used, payload } => {
                let data = batch.push_bytes(payload.data);
                batch.push(Record::Frame(Frame {
                    time: Timestamp(1_772_359_200_123_456_789 + seq * 10_000),
                    seq,
                    stream: 1,
                    payload_type: payload.kind as i32,
                    cpu: payload.cpu as i32,
                    lost: payload.lost,
                    data,
                }));
                stream = &stream[used..];
            }
            Step::Definition { used } | Step::Refused { used, .. } => stream = &stream[used..],
            Step::Incomplete { .. } => return,
        }
    }
}

fn build(kind: &str) -> Box<dyn Processor> {
    let kind = KINDS
        .iter()
        .find(|candidate| candidate.name == kind)
        .unwrap();
    let config = (kind.parse)(ValueDeserializer::parse("{}").unwrap().into_deserializer()).unwrap();
    config
        .build(&context(&StageId::processor(kind.name)))
        .unwrap()
}

pub(crate) fn context(stage: &StageId) -> BuildContext {
    BuildContext {
        stage: stage.clone(),
        node_name: "default/bench".to_owned(),
        telemetry: Telemetry::default(),
        health: Default::default(),
        requests: Default::default(),
    }
}
