//! Random topologies and random changes of them.

use fastrand::Rng;
use tidegate_runtime::limits::{Limits, WhenFull};

/// Maximum number of receivers, exporters and pipelines, each.
pub(super) const PARTS: usize = 4;

/// Components, and the pipelines that connect them.
#[derive(Clone)]
pub(super) struct TopologyShape {
    pub(super) receivers: Vec<ComponentShape>,
    pub(super) exporters: Vec<ComponentShape>,
    pub(super) pipelines: Vec<PipelineShape>,
}

/// A component with a number, in one of its versions.
#[derive(Clone)]
pub(super) struct ComponentShape {
    pub(super) at: usize,
    pub(super) version: u32,
    pub(super) queue: Limits,
    /// Whether a processor has an inbox.
    pub(super) has_inbox: bool,
}

/// A pipeline with a number.
#[derive(Clone)]
pub(super) struct PipelineShape {
    pub(super) at: usize,
    pub(super) receivers: Vec<usize>,
    pub(super) processors: Vec<ComponentShape>,
    pub(super) exporters: Vec<usize>,
}

impl TopologyShape {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let receivers: Vec<_> = (0..rng.usize(1..PARTS))
            .map(|at| ComponentShape::new(at, rng))
            .collect();
        let exporters: Vec<_> = (0..rng.usize(1..PARTS))
            .map(|at| ComponentShape::new(at, rng))
            .collect();
        let mut shape = Self {
            receivers,
            exporters,
            pipelines: Vec::new(),
        };
        shape.pipelines = (0..rng.usize(1..PARTS))
            .map(|at| shape.row(at, rng))
            .collect();
        shape
    }

    /// Receivers and the pipelines that they feed.
    pub(super) fn joined(&self) -> impl Iterator<Item = (usize, usize)> {
        self.pipelines
            .iter()
            .flat_map(|row| row.receivers.iter().map(|at| (*at, row.at)))
    }

    /// Whether a pipeline ends in an exporter.
    pub(super) fn reaches(&self, pipeline: usize, exporter: usize) -> bool {
        self.pipelines
            .iter()
            .any(|row| row.at == pipeline && row.exporters.contains(&exporter))
    }

    /// Whether a pipeline has a processor.
    pub(super) fn has(&self, pipeline: usize, processor: usize) -> bool {
        let mut rows = self.pipelines.iter().filter(|row| row.at == pipeline);
        rows.any(|row| row.processors.iter().any(|part| part.at == processor))
    }

    pub(super) fn change(&mut self, rng: &mut Rng) {
        match rng.u8(0..12) {
            0 => toggle(&mut self.receivers, rng),
            1 => toggle(&mut self.exporters, rng),
            2 => bump(&mut self.receivers, rng),
            3 | 4 => bump(&mut self.exporters, rng),
            5 => {
                let at = rng.usize(0..PARTS);
                match self.pipelines.iter().position(|row| row.at == at) {
                    Some(place) if self.pipelines.len() > 1 => _ = self.pipelines.remove(place),
                    Some(_) => {}
                    None => self.pipelines.push(self.row(at, rng)),
                }
            }
            6 => {
                let place = rng.usize(0..self.pipelines.len());
                let row = self.row(self.pipelines[place].at, rng);
                let pipeline = &mut self.pipelines[place];
                pipeline.receivers = row.receivers;
                pipeline.exporters = row.exporters;
            }
            7 => {
                let chain = self.any_chain(rng);
                rng.shuffle(chain);
            }
            8 => toggle(self.any_chain(rng), rng),
            9 => bump(self.any_chain(rng), rng),
            10 => self
                .any_chain(rng)
                .iter_mut()
                .for_each(|part| part.has_inbox = rng.bool()),
            _ => rng.shuffle(&mut self.pipelines),
        }
        self.drop_dangling(rng);
    }

    fn any_chain(&mut self, rng: &mut Rng) -> &mut Vec<ComponentShape> {
        let place = rng.usize(0..self.pipelines.len());
        &mut self.pipelines[place].processors
    }

    fn row(&self, at: usize, rng: &mut Rng) -> PipelineShape {
        let receivers = some(&self.receivers, rng);
        let exporters = some(&self.exporters, rng);
        let processors = (0..rng.usize(0..5))
            .map(|at| ComponentShape::new(at, rng))
            .collect();
        PipelineShape {
            at,
            receivers,
            processors,
            exporters,
        }
    }

    /// Removes missing components from pipelines, and ensures that each has a receiver and an
    /// exporter.
    fn drop_dangling(&mut self, rng: &mut Rng) {
        for row in &mut self.pipelines {
            row.receivers
                .retain(|at| self.receivers.iter().any(|part| part.at == *at));
            row.exporters
                .retain(|at| self.exporters.iter().any(|part| part.at == *at));
            if row.receivers.is_empty() {
                row.receivers = some(&self.receivers, rng);
            }
            if row.exporters.is_empty() {
                row.exporters = some(&self.exporters, rng);
            }
        }
    }
}

impl ComponentShape {
    fn new(at: usize, rng: &mut Rng) -> Self {
        Self {
            at,
            version: rng.u32(0..4),
            queue: limits(rng),
            has_inbox: rng.bool(),
        }
    }
}

/// Adds or removes a random component.
fn toggle(parts: &mut Vec<ComponentShape>, rng: &mut Rng) {
    let at = rng.usize(0..PARTS);
    match parts.iter().position(|part| part.at == at) {
        Some(place) if parts.len() > 1 => _ = parts.remove(place),
        Some(_) => {}
        None => parts.insert(rng.usize(0..=parts.len()), ComponentShape::new(at, rng)),
    }
}

fn bump(parts: &mut [ComponentShape], rng: &mut Rng) {
    if !parts.is_empty() {
        parts[rng.usize(0..parts.len())].version += 1;
    }
}

fn some(parts: &[ComponentShape], rng: &mut Rng) -> Vec<usize> {
    let mut all: Vec<_> = parts.iter().map(|part| part.at).collect();
    rng.shuffle(&mut all);
    all.truncate(rng.usize(1..=all.len()));
    all
}

pub(super) fn limits(rng: &mut Rng) -> Limits {
    let when_full = [
        WhenFull::Block,
        WhenFull::Block,
        WhenFull::DropNewest,
        WhenFull::DropOldest,
    ][rng.usize(0..4)];
    let series = if rng.bool() {
        rng.usize(1..40)
    } else {
        Limits::DEFAULT.series
    };
    Limits {
        records: rng.usize(1..40),
        bytes: rng.usize(1..40_000),
        when_full,
        series,
    }
}
