//! A chain of processors, and the batches of frames that pass it.

use serde::de::IntoDeserializer as _;
use tidegate_model::record::Frame;
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Pool, Span, Timestamp};
use tidegate_processors::KINDS;
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::stage::Processor;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use tidegate_wire::payload::{Decoder, Payload, Step};
use toml::de::ValueDeserializer;

use crate::names::Known;

/// The records and bytes of one batch, as in the batches of the receivers.
const RECORDS: usize = 360;
const BYTES: usize = 64 * 1024;

/// The events that pass before others are measured: as many as are counted.
const WARM_UP: usize = 25_000;

/// A kind of processor, and its keys.
type Stage = (&'static str, &'static str);

/// The stages in their usual order, with the metrics and contexts of Retina.
const STAGES: &[Stage] = &[
    ("cilium_decode", "{}"),
    ("l34_flow", "{}"),
    ("dns_flow", "{}"),
    ("http_flow", "{}"),
    ("l7_flow", "{}"),
    (
        "hubble_metrics",
        "{ metrics = [
            'flow:sourceEgressContext=pod;destinationIngressContext=pod',
            'tcp:sourceEgressContext=pod;destinationIngressContext=pod',
            'dns:query;sourceEgressContext=pod;destinationIngressContext=pod',
            'drop:sourceEgressContext=pod;destinationIngressContext=pod',
            'httpV2',
        ] }",
    ),
];

/// The stage that names flows.
const NAMING: Stage = ("cilium_enrich", "{}");

/// Names that are known from the beginning, with each of which [`NAMING`] is measured behind the last
/// stage that makes flows.
const NAMES: &[(&str, Known)] = &[
    ("`cilium_enrich`, announced names", Known::Announced),
    ("`cilium_enrich`, listed names", Known::Listed),
    ("`cilium_enrich`, every name", Known::Everything),
];

/// Stages that remove flows, each of which is measured alone behind the last stage that makes flows.
/// The rules match few of them.
const BEHIND_FLOWS: &[(&str, Stage)] = &[
    (
        "`filter`, a port",
        (
            "filter",
            "{ rules = [{ name = 'a', action = 'drop', flows = '--to-port 4240' }] }",
        ),
    ),
    (
        "`filter`, an identity",
        (
            "filter",
            "{ rules = [{ name = 'a', action = 'drop', flows = '--from-identity health' }] }",
        ),
    ),
    (
        "`filter`, a prefix",
        (
            "filter",
            "{ rules = [{ name = 'a', action = 'drop', flows = '--from-ip 192.0.2.0/24' }] }",
        ),
    ),
    ("`sample`, one in ten", ("sample", "{ one_in = 10 }")),
];

/// A row of the table: a chain of stages.
pub(crate) struct Row {
    pub(crate) name: String,
    stages: Vec<Stage>,
    names: Known,
    /// Whether events pass before those that are measured, so that names of addresses are composed.
    is_warm: bool,
}

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    let up_to = |n: usize| Row {
        name: match n.checked_sub(1) {
            Some(last) => format!("`{}`", STAGES[last].0),
            None => "gob frames".to_owned(),
        },
        stages: STAGES[..n].to_vec(),
        names: Known::Announced,
        is_warm: false,
    };
    let flows = up_to(STAGES.len() - 1);
    let behind = |name, stage, names| Row {
        name: format!("{} and {name}", flows.name),
        stages: [flows.stages.as_slice(), &[stage]].concat(),
        names,
        is_warm: stage == NAMING,
    };
    let naming = NAMES
        .iter()
        .map(|(name, names)| behind(name, NAMING, *names));
    let removing = BEHIND_FLOWS
        .iter()
        .map(|(name, stage)| behind(name, *stage, Known::Announced));
    let stages = (0..=STAGES.len()).map(up_to);
    stages.chain(naming).chain(removing).collect()
}

pub(crate) struct BenchChain {
    decoder: Decoder,
    pool: Pool,
    steps: Vec<(Box<dyn Processor>, Tally)>,
}

impl BenchChain {
    /// Builds the processors of a row.
    pub(crate) fn new(row: &Row) -> Self {
        let step = |(kind, config): &Stage| (build(kind, config), Tally::default());
        let steps = row.stages.iter().map(step).collect();
        let mut chain = Self {
            decoder: Decoder::default(),
            pool: Pool::default(),
            steps,
        };
        for record in row.names.records() {
            let mut batch = Batch::new();
            batch.push(record);
            chain.process(&mut batch);
        }
        if row.is_warm {
            chain.run(&crate::stream(WARM_UP));
            chain.decoder = Decoder::default();
        }
        chain
    }

    /// Builds the processors that make flows and name them.
    pub(crate) fn naming(names: Known) -> Self {
        let flows = STAGES[..STAGES.len() - 1].iter();
        Self::new(&Row {
            name: String::new(),
            stages: flows.chain([&NAMING]).copied().collect(),
            names,
            is_warm: false,
        })
    }

    pub(crate) fn run(&mut self, mut stream: &[u8]) {
        while !stream.is_empty() {
            let mut batch = self.pool.take();
            stream = self.fill(&mut batch, stream);
            self.process(&mut batch);
            std::hint::black_box(&batch);
        }
    }

    /// Passes batches through the processors, and then to a function.
    pub(crate) fn run_with(&mut self, mut stream: &[u8], mut after: impl FnMut(&Batch)) {
        while !stream.is_empty() {
            let mut batch = self.pool.take();
            stream = self.fill(&mut batch, stream);
            self.process(&mut batch);
            after(&batch);
        }
    }

    #[inline(always)]
    fn process(&mut self, batch: &mut Batch) {
        for (processor, tally) in &mut self.steps {
            processor.process(batch, tally);
        }
    }

    #[inline(always)]
    fn fill<'a>(&mut self, batch: &mut Batch, stream: &'a [u8]) -> &'a [u8] {
        // In small chunks, because valgrind counts every byte of a large copy as an instruction.
        for chunk in stream[..stream.len().min(BYTES)].chunks(1024) {
            batch.push_bytes(chunk);
        }
        let decoder = &mut self.decoder;
        let mut start = 0;
        let mut room = RECORDS;
        batch.push_frames(|bytes| {
            while room > 0 {
                match decoder.next(&bytes[start..]).unwrap() {
                    Step::Value { used, payload } => {
                        start += used;
                        room -= 1;
                        return Some(frame(&payload, bytes));
                    }
                    Step::Definition { used } | Step::Refused { used, .. } => start += used,
                    Step::Incomplete { .. } => return None,
                }
            }
            None
        });
        &stream[start..]
    }
}

fn frame(payload: &Payload<'_>, bytes: &[u8]) -> Frame {
    Frame {
        seq: 1,
        time: Timestamp(1),
        payload_type: payload.kind as i32,
        cpu: payload.cpu as i32,
        lost: payload.lost,
        data: Span::locate(payload.data, bytes),
        ..Frame::default()
    }
}

fn build(kind: &str, config: &str) -> Box<dyn Processor> {
    let kind = KINDS.iter().find(|other| other.name == kind).unwrap();
    let config = config.replace('\n', " ");
    let config = (kind.parse)(
        ValueDeserializer::parse(&config)
            .unwrap()
            .into_deserializer(),
    )
    .unwrap();
    let context = BuildContext {
        stage: StageId::processor(kind.name),
        node_name: "default/bench".to_owned(),
        telemetry: Telemetry::default(),
        health: Default::default(),
        requests: Default::default(),
    };
    config.build(&context).unwrap()
}
