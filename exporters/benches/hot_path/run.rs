//! A run of one exporter in a topology, and its cost.

use std::path::Path;
use std::process::{Command, Stdio};

use async_trait::async_trait;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde::de::IntoDeserializer as _;
use stats_alloc::Region;
use tidegate_exporters::KINDS;
use tidegate_model::Record;
use tidegate_runtime::ledger::Ledger;
use tidegate_runtime::limits::{Limits, WhenFull};
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::pipeline::{
    ExporterNode, PipelineNode, ReceiverNode, RunningTopology, Topology,
};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Receiver, StageError};
use tidegate_runtime::stage_id::StageId;
use tokio::runtime::{Builder, Handle};
use toml::de::ValueDeserializer;

use crate::flows::{batches, context};
use crate::{ALLOCATOR, ROWS, Row};

/// The option of the child process, followed by the row, the number of events and the address of
/// the server.
pub(crate) const ONCE: &str = "--once";

/// The number of different events, which are repeated.
const DIFFERENT: usize = 4_096;

/// The cost of one run. Times are CPU nanoseconds.
pub(crate) struct Cost {
    pub(crate) user: f64,
    pub(crate) kernel: f64,
    pub(crate) allocations: f64,
}

impl Cost {
    /// Runs a child, and parses the cost that it prints last.
    pub(crate) fn of(child: &mut Command) -> Self {
        let output = child.stdout(Stdio::null()).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        let last = text.lines().next_back().unwrap();
        let numbers: Vec<f64> = last
            .split(' ')
            .map(|number| number.parse().unwrap_or_else(|_| panic!("{text}")))
            .collect();
        Self {
            user: numbers[0],
            kernel: numbers[1],
            allocations: numbers[2],
        }
    }

    pub(crate) fn total(&self) -> f64 {
        self.user + self.kernel
    }
}

/// Runs one row, and prints its cost to standard error.
#[expect(clippy::print_stderr, reason = "standard output is the exporter's")]
pub(crate) fn once(row: usize, events: usize, sink: &str) {
    let feed = Feed {
        batches: batches(DIFFERENT),
        events,
    };
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let start = usage();
    let region = Region::new(ALLOCATOR);
    let disk = tempfile::tempdir().unwrap();
    runtime.block_on(run(exporter(row, sink, disk.path()), feed));
    let end = usage();
    let allocations = region.change().allocations;
    eprintln!("{} {} {allocations}", end.0 - start.0, end.1 - start.1);
}

/// Returns the CPU nanoseconds of this process in user mode and in the kernel.
fn usage() -> (i64, i64) {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    (
        usage.user_time().num_nanoseconds(),
        usage.system_time().num_nanoseconds(),
    )
}

async fn run(exporter: ExporterNode, feed: Feed) {
    let topology = topology(exporter, feed);
    let ledger = Ledger::default();
    RunningTopology::start(topology, &Handle::current(), &ledger, Shutdown::new())
        .ended()
        .await
        .unwrap();
    let report = ledger.report();
    let stage = report
        .stages
        .iter()
        .find(|stage| stage.stage == "exporters.bench")
        .unwrap();
    assert!(report.balanced && stage.dropped.is_empty(), "{report}");
}

fn exporter(row: usize, sink: &str, disk: &Path) -> ExporterNode {
    let Row {
        kind,
        config,
        has_disk,
        ..
    } = ROWS[row];
    let kind = KINDS
        .iter()
        .find(|candidate| candidate.name == kind)
        .unwrap();
    let config = config.replace("SINK", sink);
    let table = ValueDeserializer::parse(&config).unwrap();
    let mut config = (kind.parse)(table.into_deserializer()).unwrap();
    if has_disk {
        let disk = format!("disk = {{ path = '{}' }}", disk.display());
        config.keep_requests(toml::from_str(&disk).unwrap());
    }
    ExporterNode {
        stage: StageId::exporter("bench"),
        fingerprint: String::new(),
        exclusive: Vec::new(),
        health: Default::default(),
        exporter: config.build(&context(&StageId::exporter("bench"))).unwrap(),
        wants: config.consumes(),
        queue: Limits {
            when_full: WhenFull::Block,
            ..Limits::DEFAULT
        },
    }
}

fn topology(exporter: ExporterNode, feed: Feed) -> Topology {
    let receiver = ReceiverNode {
        stage: StageId::receiver("feed"),
        fingerprint: String::new(),
        receiver: Box::new(feed),
        requests: Default::default(),
    };
    let pipeline = PipelineNode {
        name: "flows".to_owned(),
        receivers: vec![0],
        processors: Vec::new(),
        exporters: vec![0],
    };
    Topology {
        receivers: vec![receiver],
        exporters: vec![exporter],
        pipelines: vec![pipeline],
        grace: std::time::Duration::from_secs(600),
    }
}

/// A receiver that sends batches until there were enough events.
struct Feed {
    batches: Vec<Vec<Record>>,
    events: usize,
}

#[async_trait]
impl Receiver for Feed {
    async fn run(self: Box<Self>, out: Outbox, _: Shutdown) -> Result<(), StageError> {
        let mut left = self.events;
        for records in self.batches.iter().cycle() {
            let mut batch = out.batch();
            records
                .iter()
                .take(left)
                .for_each(|record| batch.push(record.clone()));
            left -= batch.len();
            out.send(batch).await;
            if left == 0 {
                break;
            }
        }
        Ok(())
    }
}
