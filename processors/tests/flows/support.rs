//! Builds a chain of processors and feeds it, and reads the golden files.

use std::path::PathBuf;

use serde::de::IntoDeserializer as _;
use tidegate_model::flow::Flow;
use tidegate_model::record::Frame;
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Kinds, Record, TimeSource, Timestamp};
use tidegate_processors::KINDS;
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::stage::Processor;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use toml::de::ValueDeserializer;

/// 2026-03-01T10:00:00.123456789Z
pub(crate) const NOON: Timestamp = Timestamp(1_772_359_200_123_456_789);

/// A chain of processors.
pub(crate) struct TestChain {
    steps: Vec<TestStage>,
    seq: u64,
    /// The time source of the batches.
    pub(crate) times: TimeSource,
}

/// A processor with its counts so far.
pub(crate) struct TestStage {
    processor: Box<dyn Processor>,
    pub(crate) tally: Tally,
    pub(crate) entered: usize,
    pub(crate) left: usize,
}

impl TestChain {
    /// Builds processors by kind, each with its configuration as an inline table.
    pub(crate) fn of(stages: &[(&str, &str)]) -> Self {
        Self::in_front_of(Kinds::NONE, stages)
    }

    /// As [`Self::of`], in front of a processor that absorbs these kinds.
    pub(crate) fn in_front_of(demanded: Kinds, stages: &[(&str, &str)]) -> Self {
        let step = |(kind, config): &(&str, &str)| TestStage {
            processor: build_for(demanded, kind, config)
                .unwrap_or_else(|message| panic!("{kind}: {message}")),
            tally: Tally::default(),
            entered: 0,
            left: 0,
        };
        Self {
            steps: stages.iter().map(step).collect(),
            seq: 0,
            times: TimeSource::default(),
        }
    }

    /// Builds the processors that make L3/L4 flows.
    pub(crate) fn to_flows() -> Self {
        Self::of(&[("cilium_decode", "{}"), ("l34_flow", "{}")])
    }

    /// Returns the output of the last processor for event samples with these data.
    pub(crate) fn run<D: AsRef<[u8]>>(&mut self, data: impl IntoIterator<Item = D>) -> Batch {
        self.run_at(NOON, data)
    }

    /// As [`Self::run`], received at `time`.
    pub(crate) fn run_at<D: AsRef<[u8]>>(
        &mut self,
        time: Timestamp,
        data: impl IntoIterator<Item = D>,
    ) -> Batch {
        self.run_frames(data.into_iter().map(|data| {
            (
                Frame {
                    time,
                    payload_type: 9,
                    ..Frame::default()
                },
                data,
            )
        }))
    }

    /// As [`Self::run`], for frames whose data and sequence number are set here.
    pub(crate) fn run_frames<D: AsRef<[u8]>>(
        &mut self,
        frames: impl IntoIterator<Item = (Frame, D)>,
    ) -> Batch {
        let mut batch = Batch::new();
        batch.set_time_source(self.times);
        for (frame, data) in frames {
            self.seq += 1;
            let data = batch.push_bytes(data.as_ref());
            batch.push(Record::Frame(Frame {
                data,
                seq: self.seq,
                ..frame
            }));
        }
        self.pass(0, &mut batch);
        batch
    }

    /// Returns the output of the last processor for a record that is no frame.
    pub(crate) fn run_record(&mut self, record: Record) -> Batch {
        let mut batch = Batch::new();
        batch.push(record);
        self.pass(0, &mut batch);
        batch
    }

    /// Returns the output of the last processor when all processors tick at `now`.
    pub(crate) fn tick(&mut self, now: Timestamp) -> Vec<Flow> {
        self.emit(|processor, out| processor.tick(now, out))
    }

    /// Returns the output of the last processor when all processors finish.
    pub(crate) fn finish(&mut self, now: Timestamp) -> Vec<Flow> {
        self.emit(|processor, out| processor.finish(now, out))
    }

    pub(crate) fn step(&self, at: usize) -> &TestStage {
        &self.steps[at]
    }

    pub(crate) fn steps(&self) -> &[TestStage] {
        &self.steps
    }

    fn emit(&mut self, mut call: impl FnMut(&mut dyn Processor, &mut Batch)) -> Vec<Flow> {
        let mut all = Vec::new();
        for at in 0..self.steps.len() {
            let mut out = Batch::new();
            call(self.steps[at].processor.as_mut(), &mut out);
            self.pass(at + 1, &mut out);
            all.extend(flows(&out));
        }
        all
    }

    fn pass(&mut self, from: usize, batch: &mut Batch) {
        for step in &mut self.steps[from..] {
            step.entered += batch.len();
            step.processor.process(batch, &mut step.tally);
            step.left += batch.len();
        }
    }
}

impl TestStage {
    pub(crate) fn dropped(&self) -> u64 {
        self.tally.drops().iter().map(|(_, count)| count).sum()
    }
}

/// Returns the flows of a batch.
pub(crate) fn flows(batch: &Batch) -> Vec<Flow> {
    let flow = |record: &Record| match record {
        Record::Flow(flow) => Some(flow.clone()),
        _ => None,
    };
    batch.records().iter().filter_map(flow).collect()
}

/// Returns the flow of a batch with one record.
pub(crate) fn only_flow(batch: &Batch) -> Flow {
    match batch.records() {
        [Record::Flow(flow)] => flow.clone(),
        other => panic!("not one flow: {other:?}"),
    }
}

/// Builds a processor; fails with the text of the configuration's error.
pub(crate) fn build(kind: &str, config: &str) -> Result<Box<dyn Processor>, String> {
    build_for(Kinds::NONE, kind, config)
}

pub(crate) fn build_for(
    demanded: Kinds,
    kind: &str,
    config: &str,
) -> Result<Box<dyn Processor>, String> {
    let kind = KINDS
        .iter()
        .find(|other| other.name == kind)
        .expect("a kind of this crate");
    let table = ValueDeserializer::parse(config)
        .map_err(|error| error.to_string())?
        .into_deserializer();
    let config = (kind.parse)(table).map_err(|error| error.to_string())?;
    let context = BuildContext {
        stage: StageId::processor(kind.name),
        node_name: "default/node-a".into(),
        telemetry: Telemetry::default(),
        health: Default::default(),
        requests: Default::default(),
    };
    config
        .build_for(demanded, &context)
        .map_err(|error| format!("{}: {error}", error.key))
}

/// Returns names (without extension) and bytes of the golden files in a folder, sorted.
pub(crate) fn golden(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/golden")
        .join(folder);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("the golden folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "hex") {
            let name = path
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            files.push((
                name,
                hex(&std::fs::read_to_string(&path).expect("a text file")),
            ));
        }
    }
    files.sort();
    assert!(!files.is_empty(), "no vectors in {}", folder.display());
    files
}

/// Parses hexadecimal digits, and ignores white space.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let byte =
        |pair| u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16).expect("digits");
    digits.chunks(2).map(byte).collect()
}
