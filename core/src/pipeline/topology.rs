//! What is to run, as built components and the wiring between them; and how that becomes tasks.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::fan_out::{FanOut, Target};
use super::place::Place;
use super::run::{Running, Tasks};
use super::segment::{Segment, Step};
use crate::batch::Pool;
use crate::edge::{Edge, Inbox, Limits, edge};
use crate::ledger::{Books, Ledger, reason};
use crate::record::Kinds;
use crate::stage::{Exporter, Lane, Outbox, Processor, Receiver, Stop};

/// Built components and how they are wired. Checked by whoever makes it: indices point into the lists.
pub struct Topology {
    /// Every receiver, once, whatever the number of pipelines that it feeds.
    pub receivers: Vec<ReceiverNode>,
    /// Every exporter, once.
    pub exporters: Vec<ExporterNode>,
    /// The pipelines.
    pub pipelines: Vec<PipelineNode>,
    /// How long stages may take to drain after a stop is requested.
    pub grace: Duration,
}

/// A receiver under its name.
pub struct ReceiverNode {
    /// Name in the books, such as `receivers.monitor1_2`.
    pub stage: String,
    /// The component.
    pub receiver: Box<dyn Receiver>,
}

/// An exporter under its name.
pub struct ExporterNode {
    /// Name in the books, such as `exporters.stdout`.
    pub stage: String,
    /// The component.
    pub exporter: Box<dyn Exporter>,
    /// The kinds of records that it gets; others are filtered in front of it.
    pub wants: Kinds,
    /// Its inbox.
    pub queue: Limits,
}

/// One pipeline: fan-in at its front, a chain of processors, fan-out at its end.
pub struct PipelineNode {
    /// Its name.
    pub name: String,
    /// Indices into [`Topology::receivers`].
    pub receivers: Vec<usize>,
    /// The chain, each processor built for this pipeline alone.
    pub processors: Vec<ProcessorNode>,
    /// Indices into [`Topology::exporters`].
    pub exporters: Vec<usize>,
}

/// A processor under its name.
pub struct ProcessorNode {
    /// Name in the books, such as `processors.l34_flow`.
    pub stage: String,
    /// The component.
    pub processor: Box<dyn Processor>,
    /// Its inbox, if it is to run apart from the processor before it. The first one always has one.
    pub queue: Option<Limits>,
}

impl Topology {
    /// Starts every stage on `runtime`. Receivers start last, when there is somebody to send to.
    #[must_use]
    pub fn start(self, runtime: &Handle, ledger: &Ledger, stop: Stop) -> Running {
        let pool = Pool::default();
        let mut tasks = Tasks::new(runtime.clone());
        let mut lanes: Vec<Vec<Lane>> = self.receivers.iter().map(|_| Vec::new()).collect();
        let (edges, inboxes) = exporter_edges(&self.exporters, &self.pipelines, ledger);
        for pipeline in self.pipelines {
            let stages: Vec<_> = pipeline.receivers.iter().map(|at| (*at, self.receivers[*at].stage.clone())).collect();
            let exits = exits(&pipeline, &self.exporters, &edges);
            let wiring = Wiring { ledger, pool: &pool, receivers: &stages };
            wiring.pipeline(pipeline, exits, &mut tasks, &mut lanes);
        }
        drop(edges);
        for (node, inbox) in self.exporters.into_iter().zip(inboxes) {
            tasks.spawn(Place::new([node.stage]), node.exporter.run(inbox));
        }
        for (node, lanes) in self.receivers.into_iter().zip(lanes) {
            let outbox = Outbox::new(&node.stage, lanes, pool.clone(), ledger.clone());
            tasks.spawn(Place::new([node.stage]), node.receiver.run(outbox, stop.clone()));
        }
        Running::new(tasks, stop, self.grace, ledger.clone())
    }
}

fn exporter_edges(nodes: &[ExporterNode], pipelines: &[PipelineNode], ledger: &Ledger) -> (Vec<Edge>, Vec<Inbox>) {
    let wire = |(at, node): (usize, &ExporterNode)| {
        let (edge, inbox) = edge(node.queue, reason::QUEUE_FULL);
        let from = pipelines.iter().filter(|pipeline| pipeline.exporters.contains(&at));
        let names: Vec<_> = from.map(|pipeline| pipeline.name.as_str()).collect();
        ledger.watch(edge.gauge(names.join(","), &node.stage));
        (edge, inbox)
    };
    nodes.iter().enumerate().map(wire).unzip()
}

/// A stage behind another one, before its books are open.
struct Exit {
    stage: String,
    edge: Edge,
    wants: Kinds,
}

fn exits(pipeline: &PipelineNode, exporters: &[ExporterNode], edges: &[Edge]) -> Vec<Exit> {
    let exit = |at: &usize| {
        let node = &exporters[*at];
        Exit { stage: node.stage.clone(), edge: edges[*at].clone(), wants: node.wants }
    };
    pipeline.exporters.iter().map(exit).collect()
}

struct Wiring<'a> {
    ledger: &'a Ledger,
    pool: &'a Pool,
    /// Index and name of the receivers of the pipeline at hand.
    receivers: &'a [(usize, String)],
}

impl Wiring<'_> {
    /// Opens the pipeline's books in the order of the wiring, then spawns its segments from the end to
    /// the front.
    fn pipeline(&self, pipeline: PipelineNode, exits: Vec<Exit>, tasks: &mut Tasks, lanes: &mut [Vec<Lane>]) {
        let name = pipeline.name.as_str();
        let after = |at: usize| match pipeline.processors.get(at) {
            Some(next) => vec![next.stage.clone()],
            None => exits.iter().map(|exit| exit.stage.clone()).collect(),
        };
        let first = after(0);
        let receiver_books: Vec<_> =
            self.receivers.iter().map(|(_, stage)| self.ledger.open(name, stage, &first)).collect();
        let books: Vec<_> = pipeline
            .processors
            .iter()
            .enumerate()
            .map(|(at, node)| self.ledger.open(name, &node.stage, &after(at + 1)))
            .collect();
        let ends = exits.into_iter().map(|exit| Target {
            books: self.ledger.open(name, &exit.stage, &[]),
            edge: exit.edge,
            wants: exit.wants,
        });
        let mut front = FanOut::new(ends.collect());
        for chain in cut(pipeline.processors, books).into_iter().rev() {
            front = self.segment(name, chain, front, tasks);
        }
        for ((at, _), books) in self.receivers.iter().zip(receiver_books) {
            lanes[*at].push(Lane { pipeline: name.to_owned(), books, fan_out: front.clone() });
        }
    }

    /// Spawns one chain of processors and returns the way into it.
    fn segment(&self, pipeline: &str, chain: Vec<Link>, exits: FanOut, tasks: &mut Tasks) -> FanOut {
        let place = Place::new(chain.iter().map(|link| link.node.stage.clone()));
        let (queue, books) = (chain[0].node.queue, Arc::clone(&chain[0].books));
        let (edge, inbox) = edge(queue.unwrap_or_default(), reason::QUEUE_FULL);
        self.ledger.watch(edge.gauge(pipeline.to_owned(), place.stage()));
        let steps = chain.into_iter().map(|link| Step::new(link.node.processor, link.books)).collect();
        let segment = Segment::new(steps, exits, self.pool.clone(), place.clone());
        tasks.spawn(place, segment.run(inbox));
        FanOut::new(vec![Target { edge, books, wants: Kinds::ALL }])
    }
}

struct Link {
    node: ProcessorNode,
    books: Arc<Books>,
}

/// Cuts the chain before every processor that has an inbox of its own.
fn cut(processors: Vec<ProcessorNode>, books: Vec<Arc<Books>>) -> Vec<Vec<Link>> {
    let mut chains: Vec<Vec<Link>> = Vec::new();
    for (node, books) in processors.into_iter().zip(books) {
        let link = Link { node, books };
        match chains.last_mut() {
            Some(chain) if link.node.queue.is_none() => chain.push(link),
            _ => chains.push(vec![link]),
        }
    }
    chains
}
