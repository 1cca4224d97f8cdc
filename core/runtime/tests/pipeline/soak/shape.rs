//! What a random topology consists of, and how it becomes a neighbouring one.

use fastrand::Rng;
use tidegate_runtime::limits::{Limits, WhenFull};

/// Receivers, exporters and pipelines at most, of each.
pub(super) const PARTS: usize = 4;

/// Some components, and pipelines that join them.
#[derive(Clone)]
pub(super) struct Shape {
    pub(super) receivers: Vec<Part>,
    pub(super) exporters: Vec<Part>,
    pub(super) pipelines: Vec<Row>,
}

/// A component by its number, in one of its versions.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) at: usize,
    pub(super) version: u32,
    pub(super) queue: Limits,
    /// Whether a processor has an inbox of its own.
    pub(super) apart: bool,
}

/// A pipeline by its number.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) at: usize,
    pub(super) receivers: Vec<usize>,
    pub(super) processors: Vec<Part>,
    pub(super) exporters: Vec<usize>,
}

impl Shape {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let receivers: Vec<_> = (0..rng.usize(1..PARTS))
            .map(|at| Part::new(at, rng))
            .collect();
        let exporters: Vec<_> = (0..rng.usize(1..PARTS))
            .map(|at| Part::new(at, rng))
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
    pub(super) fn leads(&self, pipeline: usize, exporter: usize) -> bool {
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
                (
                    self.pipelines[place].receivers,
                    self.pipelines[place].exporters,
                ) = (row.receivers, row.exporters);
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
                .for_each(|part| part.apart = rng.bool()),
            _ => rng.shuffle(&mut self.pipelines),
        }
        self.drop_dangling(rng);
    }

    fn any_chain(&mut self, rng: &mut Rng) -> &mut Vec<Part> {
        let place = rng.usize(0..self.pipelines.len());
        &mut self.pipelines[place].processors
    }

    fn row(&self, at: usize, rng: &mut Rng) -> Row {
        let (receivers, exporters) = (some(&self.receivers, rng), some(&self.exporters, rng));
        let processors = (0..rng.usize(0..5)).map(|at| Part::new(at, rng)).collect();
        Row {
            at,
            receivers,
            processors,
            exporters,
        }
    }

    /// Every pipeline keeps what there is, and has something at both ends.
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

impl Part {
    fn new(at: usize, rng: &mut Rng) -> Self {
        Self {
            at,
            version: rng.u32(0..4),
            queue: limits(rng),
            apart: rng.bool(),
        }
    }
}

/// Adds a part that is not there, or removes it.
fn toggle(parts: &mut Vec<Part>, rng: &mut Rng) {
    let at = rng.usize(0..PARTS);
    match parts.iter().position(|part| part.at == at) {
        Some(place) if parts.len() > 1 => _ = parts.remove(place),
        Some(_) => {}
        None => parts.insert(rng.usize(0..=parts.len()), Part::new(at, rng)),
    }
}

fn bump(parts: &mut [Part], rng: &mut Rng) {
    if !parts.is_empty() {
        parts[rng.usize(0..parts.len())].version += 1;
    }
}

fn some(parts: &[Part], rng: &mut Rng) -> Vec<usize> {
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
