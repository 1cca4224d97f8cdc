//! Random topologies with random faults and random reloads, in virtual time. Whatever happens: the books balance at any
//! moment, no record is without an outcome, and what exporters saw is what the books say.
//!
//! A failing seed is in the message; `SOAK_SEEDS=17..18` runs it alone, `SOAK_SEEDS=0..100000` many.

mod shape;
mod stages;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use fastrand::Rng;
use tidegate_core::health::Health;
use tidegate_core::ledger::{Ledger, Report};
use tidegate_core::pipeline::{Control, ExporterNode, Hold, PipelineNode, ProcessorNode, ReceiverNode, Topology};
use tidegate_core::stage::Stop;
use tidegate_core::{Kind, Kinds};
use tokio::runtime::{Builder, Handle};
use tokio::time::sleep;

use self::shape::{PARTS, Part, Row, Shape, limits};
use self::stages::{Fickle, Seen, Sent, Source, Whim};

const SEEDS: std::ops::Range<u64> = 0..400;

#[test]
fn whatever_happens_the_books_are_exact() {
    for seed in seeds() {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async { World::new(seed).run().await });
    }
}

fn seeds() -> std::ops::Range<u64> {
    let Ok(text) = std::env::var("SOAK_SEEDS") else { return SEEDS };
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
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let grace = Duration::from_millis(rng.u64(1..200));
        let shape = Shape::new(&mut rng);
        let faithful = shape.joined().collect();
        let (sent, seen) =
            ((0..PARTS).map(|_| Sent::default()).collect(), (0..PARTS).map(|_| Seen::default()).collect());
        Self { seed, rng, shape, sent, seen, faithful, fed: vec![HashSet::new(); PARTS], grace, built: 0 }
    }

    async fn run(mut self) {
        let (ledger, stop) = (Ledger::default(), Stop::new());
        let running = self.topology().start(&Handle::current(), &ledger, stop.clone());
        let control = running.control();
        let signals = tokio::spawn(signals(self.rng.fork(), stop));
        let watch = tokio::spawn(watch(self.seed, ledger.clone()));
        let (result, ()) = tokio::join!(running.ended(), self.reload(&control));
        signals.abort();
        watch.abort();
        self.check(&ledger.report(), &format!("seed {}, {result:?}", self.seed));
    }

    /// Changes this and that, until there is nothing to change any more.
    async fn reload(&mut self, control: &Control) {
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
            self.faithful.retain(|pair| joined.contains(pair));
        }
    }

    fn topology(&mut self) -> Topology {
        let shape = self.shape.clone();
        let receivers = shape.receivers.iter().map(|part| self.receiver(part)).collect();
        let exporters = shape.exporters.iter().map(|part| self.exporter(part)).collect();
        let pipelines = shape.pipelines.iter().map(|part| self.pipeline(part)).collect();
        Topology { receivers, exporters, pipelines, grace: self.grace }
    }

    fn receiver(&mut self, part: &Part) -> ReceiverNode {
        let buffer = self.rng.bool().then(|| limits(&mut self.rng));
        self.built += 1;
        let receiver =
            Box::new(Source { id: self.built, buffer, sent: self.sent[part.at].clone(), rng: self.rng.fork() });
        ReceiverNode { stage: format!("receivers.r{}", part.at), fingerprint: part.version.to_string(), receiver }
    }

    fn exporter(&mut self, part: &Part) -> ExporterNode {
        let wants = if part.version.is_multiple_of(2) { Kinds::ALL } else { Kinds::of(&[Kind::Frame]) };
        let exporter = Box::new(Fickle { seen: self.seen[part.at].clone(), rng: self.rng.fork() });
        let (stage, fingerprint) = (format!("exporters.e{}", part.at), part.version.to_string());
        let holds = if part.at == 0 { vec![Hold::StandardOutput] } else { Vec::new() };
        ExporterNode { stage, fingerprint, holds, health: Health::default(), exporter, wants, queue: part.queue }
    }

    fn pipeline(&mut self, row: &Row) -> PipelineNode {
        row.exporters.iter().for_each(|at| _ = self.fed[*at].insert(row.at));
        let place = |parts: &[Part], wanted: &[usize]| {
            parts.iter().enumerate().filter(|(_, part)| wanted.contains(&part.at)).map(|(place, _)| place).collect()
        };
        let receivers = place(&self.shape.receivers, &row.receivers);
        let exporters = place(&self.shape.exporters, &row.exporters);
        let processors = row.processors.iter().map(|part| self.processor(part)).collect();
        PipelineNode { name: format!("p{}", row.at), receivers, processors, exporters }
    }

    fn processor(&mut self, part: &Part) -> ProcessorNode {
        self.built += 1;
        ProcessorNode {
            stage: format!("processors.s{}", part.at),
            fingerprint: part.version.to_string(),
            processor: Box::new(Whim::new(self.built, self.rng.fork())),
            queue: part.apart.then_some(part.queue),
        }
    }

    fn check(&self, report: &Report, run: &str) {
        assert!(report.balanced, "{run}\n{report}\n{}", report.to_json());
        assert_eq!((report.unaccounted, report.in_flight()), (0, 0), "{run}\n{report}");
        assert!(report.edges.iter().all(|edge| edge.queue_records == 0 && edge.queue_bytes == 0), "{run}\n{report}");
        for row in &report.stages {
            let number = |prefix: &str| row.stage.strip_prefix(prefix)?.parse::<usize>().ok();
            let Some(at) = number("receivers.r") else { continue };
            let (sent, pipeline) = (self.sent[at].count(), row.pipeline[1..].parse().unwrap());
            let is_faithful = self.faithful.contains(&(at, pipeline));
            assert!(row.r#in <= sent, "{run}: {} in {}\n{report}", row.stage, row.pipeline);
            assert!(row.r#in == sent || !is_faithful, "{run}: {} in {} of {sent}\n{report}", row.stage, row.pipeline);
        }
        for (at, seen) in self.seen.iter().enumerate() {
            self.check_exporter(report, at, seen, run);
        }
    }

    fn check_exporter(&self, report: &Report, at: usize, seen: &Seen, run: &str) {
        let stage = format!("exporters.e{at}");
        let rows = || report.stages.iter().filter(|row| row.stage == stage);
        let unconfirmed: u64 = rows().map(|row| row.unconfirmed).sum();
        assert_eq!(seen.unconfirmed(), unconfirmed, "{run}: {stage}\n{report}");
        let (absorbed, seen): (u64, _) = (rows().map(|row| row.absorbed).sum(), seen.keys());
        assert_eq!(seen.len() as u64, absorbed, "{run}: {stage}\n{report}");
        let mut times: HashMap<u64, usize> = HashMap::new();
        seen.iter().for_each(|key| *times.entry(*key).or_default() += 1);
        let pipelines = self.fed[at].len();
        assert!(times.values().all(|times| *times <= pipelines), "{run}: {stage} saw a record too often");
    }
}

/// A signal or two, most of the time.
async fn signals(mut rng: Rng, stop: Stop) {
    sleep(Duration::from_millis(rng.u64(0..300))).await;
    stop.request();
    if rng.u8(0..4) == 0 {
        sleep(Duration::from_millis(rng.u64(0..50))).await;
        stop.request_at_once();
    }
}

async fn watch(seed: u64, ledger: Ledger) {
    loop {
        let report = ledger.report();
        assert!(report.balanced, "seed {seed}\n{report}");
        sleep(Duration::from_millis(1)).await;
    }
}
