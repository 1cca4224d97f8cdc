//! Pipelines: which there are, and the ways into them.

use std::sync::Arc;

use super::chains::{Leaving, LiveChain, Rebuilding};
use super::exporters::Outlet;
use super::work::Work;
use crate::edge::Door;
use crate::fan_out::Target;
use crate::pipeline::chain::cut;
use crate::pipeline::runtimes::Seat;
use crate::pipeline::topology::PipelineNode;
use crate::repeats::RepeatRequests;
use crate::stage_id::StageId;

/// All pipelines that run.
#[derive(Default)]
pub(super) struct Pipelines {
    live: Vec<Live>,
    leaving: Leaving,
}

#[derive(Default)]
struct Live {
    name: String,
    chains: Vec<LiveChain>,
    outlets: Vec<Door>,
    repeats: RepeatRequests,
}

/// The way into a pipeline.
pub(super) struct Front {
    pub(super) pipeline: String,
    /// Indices of the receivers.
    pub(super) receivers: Vec<usize>,
    pub(super) targets: Vec<Target>,
}

impl Pipelines {
    /// `sources` are the receivers' names.
    pub(super) fn become_like(
        &mut self,
        nodes: Vec<PipelineNode>,
        sources: &[StageId],
        outlets: &[Outlet],
        work: &mut Work<'_>,
    ) -> Vec<Front> {
        let mut old = std::mem::take(&mut self.live);
        let mut fronts = Vec::new();
        for (at, node) in nodes.into_iter().enumerate() {
            let running = old
                .iter()
                .position(|live| live.name == node.name)
                .map(|at| old.swap_remove(at));
            for at in &node.receivers {
                work.open(&node.name, &sources[*at]);
            }
            let (front, live) = running.unwrap_or_default().become_like(
                (node, Seat::Data(at)),
                outlets,
                &mut self.leaving,
                work,
            );
            fronts.push(front);
            self.live.push(live);
        }
        for Live {
            name,
            chains,
            outlets,
            ..
        } in old
        {
            outlets.iter().for_each(|door| door.unwire(&name));
            chains
                .into_iter()
                .for_each(|chain| self.leaving.retire(&name, chain, &Arc::default(), false));
        }
        fronts
    }
}

impl Live {
    /// What the pipeline becomes, and the way into it.
    fn become_like(
        self,
        (node, seat): (PipelineNode, Seat),
        outlets: &[Outlet],
        leaving: &mut Leaving,
        work: &mut Work<'_>,
    ) -> (Front, Self) {
        let PipelineNode {
            name,
            receivers,
            processors,
            exporters,
        } = node;
        let repeats = self.repeats;
        let rebuilding = Rebuilding::new(&name, seat, self.chains, repeats.clone(), leaving);
        let links: Vec<_> = processors
            .into_iter()
            .map(|node| rebuilding.enter(node))
            .collect();
        let books: Vec<_> = links
            .iter()
            .map(|link| work.open(&name, &link.stage))
            .collect();
        let outlets: Vec<_> = exporters.iter().map(|at| &outlets[*at]).collect();
        let target = |outlet: &&Outlet| outlet.target(work.open(&name, &outlet.stage), &repeats);
        let targets = outlets.iter().map(target).collect();
        let (chains, targets) = rebuilding.chains(cut(links), &books, targets, work);
        let doors: Vec<_> = outlets.iter().map(|outlet| outlet.edge.door()).collect();
        let is_in = |door: &Door, doors: &[Door]| doors.iter().any(|other| other.is(door));
        if doors.iter().any(|door| !is_in(door, &self.outlets)) {
            repeats.request();
        }
        self.outlets
            .iter()
            .filter(|door| !is_in(door, &doors))
            .for_each(|door| door.unwire(&name));
        let front = Front {
            pipeline: name.clone(),
            receivers,
            targets,
        };
        (
            front,
            Self {
                name,
                chains,
                outlets: doors,
                repeats,
            },
        )
    }
}
