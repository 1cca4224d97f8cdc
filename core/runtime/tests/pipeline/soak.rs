//! Random topologies with random faults and random reloads, in virtual time. The ledger balances at
//! any time, every record has an outcome, the exporters' own counts match the ledger, and the final
//! metrics of an exporter are those of the processors that feed it. An exporter has a queue on disk,
//! which its instances hand to each other, and some runs to the next one: what they store is what
//! they recover, or is left, although files are damaged in between. Requests from stages to
//! receivers are bounded, wait once, are counted once, and stay within a pipeline.
//!
//! The message of a failure contains the seed; `SOAK_SEEDS=17..18` runs it alone, and
//! `SOAK_SEEDS=0..100000` runs many.

mod disk;
mod requests;
mod series;
mod shape;
mod stages;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use fastrand::Rng;
use tidegate_model::{Kind, Kinds};
use tidegate_runtime::exclusive::ExclusiveResource;
use tidegate_runtime::health::HealthRegistry;
use tidegate_runtime::ledger::{EdgeReport, Ledger, RECOVERED, Report, STORED, SUPERSEDED, reason};
use tidegate_runtime::pipeline::{
    ExporterNode, PipelineNode, ProcessorNode, ReceiverNode, ReloadHandle, RunError,
    RunningTopology, Topology,
};
use tidegate_runtime::requests::Requests;
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage_id::StageId;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::sleep;

use self::disk::QueueFolder;
use self::requests::{RandomSender, ReadRequests, RequestTotals};
use self::series::{SharedTable, Table};
use self::shape::{ComponentShape, PARTS, PipelineShape, TopologyShape, limits};
use self::stages::{
    ExporterCounts, InstanceState, RandomExporter, RandomProcessor, RandomReceiver, SentCount,
};

/// The number of the exporter with a queue on disk.
const WITH_DISK: usize = 1;

const SEEDS: std::ops::Range<u64> = 0..400;

#[test]
fn the_ledger_is_exact_with_random_faults_and_reloads() {
    let mut totals = Compared::default();
    for seed in seeds() {
        let mut earlier = EarlierRuns::new();
        let runs = if seed.is_multiple_of(5) { 3 } else { 1 };
        for _ in 0..runs {
            let run = SoakRun::new(seed, earlier);
            let compared;
            (compared, earlier) = paused_runtime().block_on(run.run());
            totals.add(compared);
        }
    }
    let Compared {
        series,
        requests,
        damaged,
        evicted,
        inherited,
    } = totals;
    let is_short = seeds().count() < SEEDS.count();
    for (what, records) in [
        ("queue_damaged", damaged),
        ("queue_evicted", evicted),
        ("records of an earlier run", inherited),
    ] {
        assert!(is_short || records > 100, "{what}: only {records}");
    }
    let RequestTotals {
        read,
        duplicate,
        dropped,
    } = requests;
    assert!(
        is_short || read.min(duplicate).min(dropped) > 1000,
        "{requests:?}"
    );
    assert!(
        is_short || series > 1000,
        "only {series} series were compared"
    );
}

/// A runtime in virtual time.
fn paused_runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

fn seeds() -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("SOAK_SEEDS") else {
        return SEEDS;
    };
    let (from, to) = text.split_once("..").unwrap();
    from.parse().unwrap()..to.parse().unwrap()
}

struct SoakRun {
    seed: u64,
    rng: Rng,
    shape: TopologyShape,
    sent: Vec<SentCount>,
    seen: Vec<ExporterCounts>,
    /// Receivers and pipelines that were connected during the whole run.
    always_connected: HashSet<(usize, usize)>,
    /// Receivers and pipelines that were connected at any time.
    ever_connected: HashSet<(usize, usize)>,
    requests: ReadRequests,
    /// Pipelines that fed each exporter at any time.
    fed: Vec<HashSet<usize>>,
    grace: Duration,
    /// Number of receivers and processors that were built, which gives each a unique number.
    built: u64,
    /// Number of this run.
    runs: u64,
    /// The running shape; differs from `shape` if a reload was rejected.
    running: TopologyShape,
    /// Series by pipeline and processor.
    made: HashMap<(usize, usize), SharedTable>,
    processors: InstanceState,
    /// Exporters in the order in which they were built.
    exporters: Vec<Instance>,
    /// The queue on disk of the exporter [`WITH_DISK`].
    disk: QueueFolder,
    /// How many records earlier runs have left in it.
    left_before: u64,
}

/// What a run takes over from earlier ones of the same seed.
struct EarlierRuns {
    disk: QueueFolder,
    /// Pipelines that fed each exporter at any time.
    fed: Vec<HashSet<usize>>,
    built: u64,
    runs: u64,
}

/// What a run compared.
#[derive(Default)]
struct Compared {
    series: usize,
    requests: RequestTotals,
    /// Records that were dropped as `queue_damaged`.
    damaged: u64,
    /// Records that were dropped as `queue_evicted`.
    evicted: u64,
    /// Records that an earlier run had left.
    inherited: u64,
}

impl Compared {
    fn add(&mut self, other: Self) {
        self.series += other.series;
        self.requests.read += other.requests.read;
        self.requests.duplicate += other.requests.duplicate;
        self.requests.dropped += other.requests.dropped;
        self.damaged += other.damaged;
        self.evicted += other.evicted;
        self.inherited += other.inherited;
    }
}

impl EarlierRuns {
    fn new() -> Self {
        Self {
            disk: QueueFolder::new(),
            fed: vec![HashSet::new(); PARTS],
            built: 0,
            runs: 0,
        }
    }
}

/// One instance of an exporter.
struct Instance {
    at: usize,
    takes_metrics: bool,
    table: SharedTable,
    state: InstanceState,
}

impl SoakRun {
    fn new(seed: u64, earlier: EarlierRuns) -> Self {
        let mut rng = Rng::with_seed(seed.wrapping_add(earlier.runs << 48));
        let grace = Duration::from_millis(rng.u64(1..200));
        let shape = TopologyShape::new(&mut rng);
        let always_connected: HashSet<_> = shape.joined().collect();
        let sent = (0..PARTS).map(|_| SentCount::default()).collect();
        let seen = (0..PARTS).map(|_| ExporterCounts::default()).collect();
        Self {
            seed,
            rng,
            running: shape.clone(),
            shape,
            sent,
            seen,
            ever_connected: always_connected.clone(),
            always_connected,
            requests: ReadRequests::default(),
            fed: earlier.fed,
            grace,
            built: earlier.built,
            runs: earlier.runs + 1,
            left_before: earlier.disk.left(),
            made: HashMap::new(),
            processors: InstanceState::default(),
            exporters: Vec::new(),
            disk: earlier.disk,
        }
    }

    async fn run(mut self) -> (Compared, EarlierRuns) {
        let unknown_before = self.disk.unknown();
        let ledger = Ledger::default();
        let shutdown = Shutdown::new();
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
        let report = ledger.report();
        let run = format!("seed {}, run {}, {result:?}", self.seed, self.runs);
        self.check(&report, &run);
        self.check_disk(&report, self.disk.unknown() - unknown_before, &run);
        check_end(&ledger, &run);
        let compared = self.compare(&report, &result, &run);
        let Self {
            disk,
            fed,
            built,
            runs,
            ..
        } = self;
        let next = EarlierRuns {
            disk,
            fed,
            built,
            runs,
        };
        (compared, next)
    }

    fn compare(&self, report: &Report, result: &Result<(), RunError>, run: &str) -> Compared {
        let stage = StageId::exporter(&format!("e{WITH_DISK}"));
        let rows = || report.stages.iter().filter(|row| row.stage == stage);
        let dropped = |reason| rows().filter_map(|row| row.dropped.get(reason)).sum();
        let compared = Compared {
            requests: self.requests.check(&self.ever_connected, run),
            damaged: dropped("queue_damaged"),
            evicted: dropped("queue_evicted"),
            inherited: self.left_before,
            ..Compared::default()
        };
        let is_forced = matches!(
            result,
            Err(RunError::GracePeriodExceeded { .. } | RunError::Forced { .. })
        );
        if is_forced || was_forced(report) || self.processors.has_panicked() {
            return compared;
        }
        Compared {
            series: (0..PARTS)
                .map(|at| self.check_series(report, at, run))
                .sum(),
            ..compared
        }
    }

    /// Reloads with random changes until the topology is shutting down.
    async fn reload(&mut self, control: &ReloadHandle) {
        if self.rng.u8(0..4) == 0 {
            return;
        }
        loop {
            sleep(Duration::from_millis(self.rng.u64(0..80))).await;
            for _ in 0..self.rng.usize(0..4) {
                self.shape.change(&mut self.rng);
            }
            if self.rng.bool() && !self.refresh(control).await {
                return;
            }
            let joined: HashSet<_> = self.shape.joined().collect();
            let topology = self.topology();
            self.ever_connected.extend(&joined);
            if control.reload(topology).await.is_err() {
                return;
            }
            self.running = self.shape.clone();
            self.always_connected.retain(|pair| joined.contains(pair));
        }
    }

    /// Refreshes the exporters that run. Returns whether the topology is not shutting down.
    async fn refresh(&self, control: &ReloadHandle) -> bool {
        let Ok(outcomes) = control.refresh().await else {
            return false;
        };
        let running = self.running.exporters.iter();
        let mut running: HashSet<_> = running.map(|part| format!("e{}", part.at)).collect();
        for one in outcomes {
            assert!(
                running.remove(one.stage.id()),
                "seed {}: {} does not run, or was refreshed twice",
                self.seed,
                one.stage
            );
        }
        true
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

    fn receiver(&mut self, part: &ComponentShape) -> ReceiverNode {
        let buffer = self.rng.bool().then(|| limits(&mut self.rng));
        self.built += 1;
        let (requests, reader) = self.requests.build(part.at, &mut self.rng);
        let receiver = Box::new(RandomReceiver {
            requests: RandomSender::of_receiver(requests.clone(), part.at),
            reader,
            id: self.built,
            buffer,
            sent: self.sent[part.at].clone(),
            rng: self.rng.fork(),
        });
        ReceiverNode {
            stage: StageId::receiver(&format!("r{}", part.at)),
            fingerprint: part.version.to_string(),
            receiver,
            requests,
        }
    }

    fn exporter(&mut self, part: &ComponentShape) -> ExporterNode {
        let wants = if part.version.is_multiple_of(2) {
            Kinds::ALL
        } else {
            Kinds::of(&[Kind::Frame])
        };
        let table = SharedTable::default();
        let state = InstanceState::default();
        let exporter = Box::new(RandomExporter {
            seen: self.seen[part.at].clone(),
            table: table.clone(),
            state: state.clone(),
            queue_folder: (part.at == WITH_DISK).then(|| self.disk.clone()),
            disk: None,
            rng: self.rng.fork(),
        });
        self.exporters.push(Instance {
            at: part.at,
            takes_metrics: wants.contains(Kind::Metric),
            table,
            state,
        });
        let stage = StageId::exporter(&format!("e{}", part.at));
        let exclusive = match part.at {
            0 => vec![ExclusiveResource::StandardOutput],
            WITH_DISK => vec![ExclusiveResource::File(self.disk.path().to_owned())],
            _ => Vec::new(),
        };
        ExporterNode {
            health: HealthRegistry::default().stage(&stage),
            stage,
            fingerprint: part.version.to_string(),
            exclusive,
            exporter,
            wants,
            queue: part.queue,
        }
    }

    fn pipeline(&mut self, row: &PipelineShape) -> PipelineNode {
        row.exporters
            .iter()
            .for_each(|at| _ = self.fed[*at].insert(row.at));
        let place = |parts: &[ComponentShape], wanted: &[usize]| {
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

    fn processor(&mut self, pipeline: usize, part: &ComponentShape) -> ProcessorNode {
        self.built += 1;
        let table = self.made.entry((pipeline, part.at)).or_default().clone();
        let requests = Requests::default();
        ProcessorNode {
            stage: StageId::processor(&format!("s{}", part.at)),
            fingerprint: part.version.to_string(),
            processor: Box::new(RandomProcessor::new(
                self.built,
                RandomSender::of_pipeline(requests.clone(), pipeline),
                table,
                self.processors.clone(),
                self.rng.fork(),
            )),
            queue: part.has_inbox.then_some(part.queue),
            requests,
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
            let sent = self.sent[at].count();
            let pipeline = row.pipeline[1..].parse().unwrap();
            let is_always_connected = self.always_connected.contains(&(at, pipeline));
            assert!(
                row.r#in <= sent,
                "{run}: {} in {}\n{report}",
                row.stage,
                row.pipeline
            );
            assert!(
                row.r#in == sent || !is_always_connected,
                "{run}: {} in {} of {sent}\n{report}",
                row.stage,
                row.pipeline
            );
        }
        for (at, seen) in self.seen.iter().enumerate() {
            self.check_exporter(report, at, seen, run);
        }
    }

    fn check_exporter(&self, report: &Report, at: usize, seen: &ExporterCounts, run: &str) {
        let stage = StageId::exporter(&format!("e{at}"));
        let rows = || report.stages.iter().filter(|row| row.stage == stage);
        let unconfirmed: u64 = rows().map(|row| row.unconfirmed).sum();
        assert_eq!(seen.unconfirmed(), unconfirmed, "{run}: {stage}\n{report}");
        let points = seen.points();
        let absorbed: u64 = rows().map(|row| row.absorbed).sum();
        let seen = seen.keys();
        let noted = |what| rows().filter_map(|row| row.noted.get(what)).sum::<u64>();
        assert_eq!(
            seen.len() as u64 + points,
            absorbed - noted(SUPERSEDED) - noted(STORED),
            "{run}: {stage}\n{report}"
        );
        let created: u64 = rows().map(|row| row.created).sum();
        // The inbox creates the ends of series.
        assert!(created >= noted(RECOVERED), "{run}: {stage}\n{report}");
        let mut times: HashMap<u64, usize> = HashMap::new();
        seen.iter()
            .for_each(|key| *times.entry(*key).or_default() += 1);
        let pipelines = self.fed[at].len();
        // Damage can make a record appear again, whose acknowledgement it destroys.
        let is_damaged = at == WITH_DISK && self.disk.damages() > 0;
        assert!(
            is_damaged || times.values().all(|times| *times <= pipelines),
            "{run}: {stage} saw a record too often"
        );
    }

    /// Checks that what was left before and was stored is what was recovered or is left, except for
    /// what damage changed without a trace.
    fn check_disk(&self, report: &Report, unknown: i64, run: &str) {
        let stage = StageId::exporter(&format!("e{WITH_DISK}"));
        let rows = || report.stages.iter().filter(|row| row.stage == stage);
        let noted = |what| rows().filter_map(|row| row.noted.get(what)).sum::<u64>();
        let expected = (self.left_before + noted(STORED)).checked_add_signed(unknown);
        assert_eq!(
            Some(self.disk.left() + noted(RECOVERED)),
            expected,
            "{run}: {stage}\n{report}"
        );
    }

    /// Compares the metrics of an exporter with those of the processors. It may lack series that it
    /// had no room for. Returns the number of series.
    fn check_series(&self, report: &Report, at: usize, run: &str) -> usize {
        if self.running.exporters.iter().all(|part| part.at != at) {
            return 0;
        }
        let mut instances = self
            .exporters
            .iter()
            .rev()
            .filter(|one| one.at == at && one.state.has_started());
        let Some(last) = instances
            .next()
            .filter(|one| one.takes_metrics && one.state.has_drained())
        else {
            return 0;
        };
        let stage = StageId::exporter(&format!("e{at}"));
        let mut rows = report.stages.iter().filter(|row| row.stage == stage);
        let had_room = !rows.any(|row| row.dropped.contains_key(reason::TOO_MANY_SERIES));
        let kept = last.table.get();
        let mut made = Table::new();
        for ((pipeline, processor), table) in &self.made {
            if self.running.reaches(*pipeline, at) {
                // A replaced generator ends its series. A chain that ended by itself does not, but
                // an exporter that started later does not have its series.
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

/// Whether a stage was ended by force.
fn was_forced(report: &Report) -> bool {
    let reasons = [reason::SHUTDOWN_TIMEOUT, reason::RELOAD_TIMEOUT];
    report.stages.iter().any(|row| {
        reasons
            .iter()
            .any(|reason| row.dropped.contains_key(reason))
    })
}

/// Asserts that the ledger was saved at the start of the shutdown, before any forced drops.
fn check_end(ledger: &Ledger, run: &str) {
    let before = ledger.at_shutdown();
    let after = ledger.report();
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

/// Requests shutdown, and sometimes forces it.
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
