//! Random topologies with random faults and random reloads, in virtual time. Whatever happens: the
//! books balance at any moment, no record is without an outcome, what exporters saw is what the
//! books say, and what an exporter has of metrics in the end is what the processors in front of it
//! have.
//!
//! A failing seed is in the message; `SOAK_SEEDS=17..18` runs it alone, `SOAK_SEEDS=0..100000`
//! many.

mod series;
mod shape;
mod stages;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use fastrand::Rng;
use tidegate_model::{Kind, Kinds};
use tidegate_runtime::exclusive::ExclusiveResource;
use tidegate_runtime::health::HealthRegistry;
use tidegate_runtime::ledger::{EdgeReport, Ledger, Report, SUPERSEDED, reason};
use tidegate_runtime::pipeline::{
    ExporterNode, PipelineNode, ProcessorNode, ReceiverNode, ReloadHandle, RunError,
    RunningTopology, Topology,
};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage_id::StageId;
use tokio::runtime::{Builder, Handle};
use tokio::time::sleep;

use self::series::{SharedTable, Table};
use self::shape::{PARTS, Part, Row, Shape, limits};
use self::stages::{Fate, Fickle, Seen, Sent, Source, Whim};

const SEEDS: std::ops::Range<u64> = 0..400;

#[test]
fn whatever_happens_the_books_are_exact() {
    let mut series = 0;
    for seed in seeds() {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        series += runtime.block_on(async { World::new(seed).run().await });
    }
    let is_short = seeds().count() < SEEDS.count();
    assert!(
        is_short || series > 1000,
        "only {series} series were compared"
    );
}

fn seeds() -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("SOAK_SEEDS") else {
        return SEEDS;
    };
    let (from, to) = text.split_once("..").unwrap();
    from.parse().unwrap()..to.parse().unwrap()
}

struct World {
    seed: u64,
    rng: Rng,
    shape: Shape,
    sent: Vec<Sent>,
    seen: Vec<Seen>,
    /// Receivers and pipelines that were joined all the time.
    faithful: HashSet<(usize, usize)>,
    /// Pipelines that each exporter ever ended.
    fed: Vec<HashSet<usize>>,
    grace: Duration,
    /// How many receivers and processors were built, so that each has numbers of its own.
    built: u64,
    /// What runs, which is the shape unless a reload was refused.
    running: Shape,
    /// Series of processors by pipeline and processor, and whether any processor has panicked.
    made: HashMap<(usize, usize), SharedTable>,
    processors: Fate,
    /// Exporters that were built, in that order.
    exporters: Vec<Instance>,
}

/// An exporter that was built: its number, whether it takes metrics, and what became of it.
struct Instance {
    at: usize,
    takes_metrics: bool,
    table: SharedTable,
    fate: Fate,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let grace = Duration::from_millis(rng.u64(1..200));
        let shape = Shape::new(&mut rng);
        let faithful = shape.joined().collect();
        let (sent, seen) = (
            (0..PARTS).map(|_| Sent::default()).collect(),
            (0..PARTS).map(|_| Seen::default()).collect(),
        );
        Self {
            seed,
            rng,
            running: shape.clone(),
            shape,
            sent,
            seen,
            faithful,
            fed: vec![HashSet::new(); PARTS],
            grace,
            built: 0,
            made: HashMap::new(),
            processors: Fate::default(),
            exporters: Vec::new(),
        }
    }

    /// Returns how many series were compared.
    async fn run(mut self) -> usize {
        let (ledger, shutdown) = (Ledger::default(), Shutdown::new());
        let running = RunningTopology::start(
            self.topology(),
            &Handle::current(),
            &ledger,
            shutdown.clone(),
        );
        let control = running.control();
        let signals = tokio::spawn(signals(self.rng.fork(), shutdown));
        let watch = tokio::spawn(watch(self.seed, ledger.clone()));
        let (result, ()) = tokio::join!(running.ended(), self.reload(&control));
        signals.abort();
        watch.abort();
        let (report, run) = (ledger.report(), format!("seed {}, {result:?}", self.seed));
        self.check(&report, &run);
        check_end(&ledger, &run);
        let is_torn_down = matches!(
            result,
            Err(RunError::GracePeriodExceeded { .. } | RunError::Forced { .. })
        );
        if is_torn_down || torn_down(&report) || self.processors.has_panicked() {
            return 0;
        }
        (0..PARTS)
            .map(|at| self.check_series(&report, at, &run))
            .sum()
    }

    /// Changes this and that, until there is nothing to change any more.
    async fn reload(&mut self, control: &ReloadHandle) {
        if self.rng.u8(0..4) == 0 {
            return;
        }
        loop {
            sleep(Duration::from_millis(self.rng.u64(0..80))).await;
            for _ in 0..self.rng.usize(0..4) {
                self.shape.change(&mut self.rng);
            }
            let joined: HashSet<_> = self.shape.joined().collect();
            let topology = self.topology();
            if control.reload(topology).await.is_err() {
                return;
            }
            self.running = self.shape.clone();
            self.faithful.retain(|pair| joined.contains(pair));
        }
    }

    fn topology(&mut self) -> Topology {
        let shape = self.shape.clone();
        let receivers = shape
            .receivers
            .iter()
            .map(|part| self.receiver(part))
            .collect();
        let exporters = shape
            .exporters
            .iter()
            .map(|part| self.exporter(part))
            .collect();
        let pipelines = shape
            .pipelines
            .iter()
            .map(|part| self.pipeline(part))
            .collect();
        Topology {
            receivers,
            exporters,
            pipelines,
            grace: self.grace,
        }
    }

    fn receiver(&mut self, part: &Part) -> ReceiverNode {
        let buffer = self.rng.bool().then(|| limits(&mut self.rng));
        self.built += 1;
        let receiver = Box::new(Source {
            id: self.built,
            buffer,
            sent: self.sent[part.at].clone(),
            rng: self.rng.fork(),
        });
        ReceiverNode {
            stage: StageId::receiver(&format!("r{}", part.at)),
            fingerprint: part.version.to_string(),
            receiver,
        }
    }

    fn exporter(&mut self, part: &Part) -> ExporterNode {
        let wants = if part.version.is_multiple_of(2) {
            Kinds::ALL
        } else {
            Kinds::of(&[Kind::Frame])
        };
        let (table, fate) = (SharedTable::default(), Fate::default());
        let (takes_metrics, seen) = (wants.contains(Kind::Metric), self.seen[part.at].clone());
        let exporter = Box::new(Fickle {
            seen,
            table: table.clone(),
            fate: fate.clone(),
            rng: self.rng.fork(),
        });
        self.exporters.push(Instance {
            at: part.at,
            takes_metrics,
            table,
            fate,
        });
        let (stage, fingerprint) = (
            StageId::exporter(&format!("e{}", part.at)),
            part.version.to_string(),
        );
        let exclusive = if part.at == 0 {
            vec![ExclusiveResource::StandardOutput]
        } else {
            Vec::new()
        };
        ExporterNode {
            health: HealthRegistry::default().stage(&stage),
            stage,
            fingerprint,
            exclusive,
            exporter,
            wants,
            queue: part.queue,
        }
    }

    fn pipeline(&mut self, row: &Row) -> PipelineNode {
        row.exporters
            .iter()
            .for_each(|at| _ = self.fed[*at].insert(row.at));
        let place = |parts: &[Part], wanted: &[usize]| {
            parts
                .iter()
                .enumerate()
                .filter(|(_, part)| wanted.contains(&part.at))
                .map(|(place, _)| place)
                .collect()
        };
        let receivers = place(&self.shape.receivers, &row.receivers);
        let exporters = place(&self.shape.exporters, &row.exporters);
        let processors = row
            .processors
            .iter()
            .map(|part| self.processor(row.at, part))
            .collect();
        PipelineNode {
            name: format!("p{}", row.at),
            receivers,
            processors,
            exporters,
        }
    }

    fn processor(&mut self, pipeline: usize, part: &Part) -> ProcessorNode {
        self.built += 1;
        let table = self.made.entry((pipeline, part.at)).or_default().clone();
        ProcessorNode {
            stage: StageId::processor(&format!("s{}", part.at)),
            fingerprint: part.version.to_string(),
            processor: Box::new(Whim::new(
                self.built,
                table,
                self.processors.clone(),
                self.rng.fork(),
            )),
            queue: part.apart.then_some(part.queue),
        }
    }

    fn check(&self, report: &Report, run: &str) {
        assert!(report.balanced, "{run}\n{report}\n{}", report.to_json());
        assert_eq!(
            (report.unaccounted, report.in_flight()),
            (0, 0),
            "{run}\n{report}"
        );
        let is_empty = |edge: &EdgeReport| {
            edge.queue_records == 0 && edge.queue_bytes == 0 && edge.queue_series == 0
        };
        assert!(report.edges.iter().all(is_empty), "{run}\n{report}");
        for row in &report.stages {
            let number = row.stage.id().strip_prefix('r');
            let Some(at) = number.and_then(|number| number.parse::<usize>().ok()) else {
                continue;
            };
            let (sent, pipeline) = (self.sent[at].count(), row.pipeline[1..].parse().unwrap());
            let is_faithful = self.faithful.contains(&(at, pipeline));
            assert!(
                row.r#in <= sent,
                "{run}: {} in {}\n{report}",
                row.stage,
                row.pipeline
            );
            assert!(
                row.r#in == sent || !is_faithful,
                "{run}: {} in {} of {sent}\n{report}",
                row.stage,
                row.pipeline
            );
        }
        for (at, seen) in self.seen.iter().enumerate() {
            self.check_exporter(report, at, seen, run);
        }
    }

    fn check_exporter(&self, report: &Report, at: usize, seen: &Seen, run: &str) {
        let stage = StageId::exporter(&format!("e{at}"));
        let rows = || report.stages.iter().filter(|row| row.stage == stage);
        let unconfirmed: u64 = rows().map(|row| row.unconfirmed).sum();
        assert_eq!(seen.unconfirmed(), unconfirmed, "{run}: {stage}\n{report}");
        let points = seen.points();
        let (absorbed, seen): (u64, _) = (rows().map(|row| row.absorbed).sum(), seen.keys());
        let superseded: u64 = rows().filter_map(|row| row.noted.get(SUPERSEDED)).sum();
        assert_eq!(
            seen.len() as u64 + points,
            absorbed - superseded,
            "{run}: {stage}\n{report}"
        );
        let mut times: HashMap<u64, usize> = HashMap::new();
        seen.iter()
            .for_each(|key| *times.entry(*key).or_default() += 1);
        let pipelines = self.fed[at].len();
        assert!(
            times.values().all(|times| *times <= pipelines),
            "{run}: {stage} saw a record too often"
        );
    }

    /// Holds what an exporter has of metrics against what the processors have. It may lack series
    /// that it had no room for.
    fn check_series(&self, report: &Report, at: usize, run: &str) -> usize {
        if self.running.exporters.iter().all(|part| part.at != at) {
            return 0;
        }
        let mut instances = self
            .exporters
            .iter()
            .rev()
            .filter(|one| one.at == at && one.fate.has_begun());
        let Some(last) = instances
            .next()
            .filter(|one| one.takes_metrics && one.fate.has_drained())
        else {
            return 0;
        };
        let stage = StageId::exporter(&format!("e{at}"));
        let mut rows = report.stages.iter().filter(|row| row.stage == stage);
        let had_room = !rows.any(|row| row.dropped.contains_key(reason::TOO_MANY_SERIES));
        let (kept, mut made) = (last.table.get(), Table::new());
        for ((pipeline, processor), table) in &self.made {
            if self.running.leads(*pipeline, at) {
                // A maker that is replaced ends its series. Those of others that have ended are of
                // chains that ended by themselves: an exporter that came later does not have them.
                let runs = self.running.has(*pipeline, *processor);
                let is_due = |name: &str| {
                    kept.contains_key(name) || had_room && runs && table.is_current(name)
                };
                made.extend(table.get().into_iter().filter(|(name, _)| is_due(name)));
            }
        }
        assert_eq!(kept, made, "{run}: {stage}\n{report}");
        kept.len()
    }
}

/// Whether something was ended by force.
fn torn_down(report: &Report) -> bool {
    let reasons = [reason::SHUTDOWN_TIMEOUT, reason::RELOAD_TIMEOUT];
    report.stages.iter().any(|row| {
        reasons
            .iter()
            .any(|reason| row.dropped.contains_key(reason))
    })
}

/// The end of the run has begun, and what the grace period ended was lost after that.
fn check_end(ledger: &Ledger, run: &str) {
    let (before, after) = (ledger.at_shutdown(), ledger.report());
    assert!(!before.is_empty(), "{run}");
    for old in &before {
        let now = after
            .stages
            .iter()
            .find(|row| row.stage == old.stage && row.pipeline == old.pipeline)
            .unwrap();
        assert_eq!(
            old.dropped.get(reason::SHUTDOWN_TIMEOUT),
            None,
            "{run}: {}",
            old.stage
        );
        assert!(
            old.unconfirmed <= now.unconfirmed && old.absorbed <= now.absorbed,
            "{run}: {}",
            old.stage
        );
    }
}

/// A signal or two, most of the time.
async fn signals(mut rng: Rng, shutdown: Shutdown) {
    sleep(Duration::from_millis(rng.u64(0..300))).await;
    shutdown.request();
    if rng.u8(0..4) == 0 {
        sleep(Duration::from_millis(rng.u64(0..50))).await;
        shutdown.force();
    }
}

async fn watch(seed: u64, ledger: Ledger) {
    loop {
        let report = ledger.report();
        assert!(report.balanced, "seed {seed}\n{report}");
        sleep(Duration::from_millis(1)).await;
    }
}
