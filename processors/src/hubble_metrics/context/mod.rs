//! The labels that an item's context options add: who talks to whom
//! (`pkg/hubble/metrics/api/context.go`, v1.19.4).
//!
//! Names, labels and workloads are those that the flow's endpoints carry. An endpoint without labels that
//! has a reserved identity has the label of that identity, as in Hubble, where the identity cache adds it.
//!
//! Items with equal options share a [`Context`], which finds the labels of a flow once for all of them, as one number.

mod identifier;
mod memory;
mod options;
mod tuples;
mod walk;

pub(super) use identifier::labels;
pub(super) use options::{OPTIONS, Options};

use std::sync::Arc;

use identifier::Identifier;
use options::Lists;
use tidegate_core::flow::{Address, Direction, Endpoint, Flow};
use tuples::Tuples;
use walk::Walk;

use super::series::{Symbol, Symbols};

/// One side of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Source,
    Destination,
}

impl Side {
    fn of(self, flow: &Flow) -> (&Endpoint, Option<Address>) {
        match self {
            Self::Source => (&flow.source, flow.source_address()),
            Self::Destination => (&flow.destination, flow.destination_address()),
        }
    }

    fn swapped_if(self, swapped: bool) -> Self {
        match (self, swapped) {
            (Self::Source, true) => Self::Destination,
            (Self::Destination, true) => Self::Source,
            (side, false) => side,
        }
    }
}

/// The labels of `labelsContext`, in the order that they always have, whatever the order of the option.
const LABELS: [(&str, Side, Identifier); 12] = [
    ("source_ip", Side::Source, Identifier::Ip),
    ("source_pod", Side::Source, Identifier::PodName),
    ("source_namespace", Side::Source, Identifier::Namespace),
    ("source_workload", Side::Source, Identifier::WorkloadName),
    ("source_workload_kind", Side::Source, Identifier::WorkloadKind),
    ("source_app", Side::Source, Identifier::App),
    ("destination_ip", Side::Destination, Identifier::Ip),
    ("destination_pod", Side::Destination, Identifier::PodName),
    ("destination_namespace", Side::Destination, Identifier::Namespace),
    ("destination_workload", Side::Destination, Identifier::WorkloadName),
    ("destination_workload_kind", Side::Destination, Identifier::WorkloadKind),
    ("destination_app", Side::Destination, Identifier::App),
];

/// The last label of `labelsContext`.
const TRAFFIC_DIRECTION: &str = "traffic_direction";

/// Some context options, with what they remember of the endpoints seen.
#[derive(Debug)]
pub(super) struct Context {
    options: Options,
    symbols: Symbols,
    tuples: Tuples,
    labels: Vec<(Side, Walk)>,
    source: Walks,
    destination: Walks,
    /// What was found for the flow at hand, as it is and with its sides exchanged.
    found: [Option<Option<u64>>; 2],
    cells: Vec<Symbol>,
}

/// The walks behind the label `source` or `destination`.
#[derive(Debug)]
struct Walks {
    is_set: bool,
    any: Walk,
    ingress: Walk,
    egress: Walk,
}

impl Context {
    pub(super) fn new(options: Options) -> Self {
        let labels = options.labels.iter().map(|(_, side, identifier)| (*side, Walk::new(vec![*identifier])));
        Self {
            symbols: Symbols::new(),
            tuples: Tuples::new(options.names().len()),
            labels: labels.collect(),
            source: Walks::new(&options.source),
            destination: Walks::new(&options.destination),
            options,
            found: [None; 2],
            cells: Vec::new(),
        }
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// Forgets the flow at hand.
    #[inline]
    pub(super) fn next_flow(&mut self) {
        self.found = [None; 2];
    }

    /// The number of the flow's labels; `None` if a text among them has no symbol, which then no series has.
    /// `swapped` shows a response as its request.
    #[inline]
    pub(super) fn find(&mut self, flow: &Flow, swapped: bool) -> Option<u64> {
        if let Some(found) = self.found[usize::from(swapped)] {
            return found;
        }
        let found = self.fill(flow, swapped, false).and_then(|()| self.tuples.find(&self.cells));
        self.found[usize::from(swapped)] = Some(found);
        found
    }

    /// The same, with new symbols where need be.
    pub(super) fn settle(&mut self, flow: &Flow, swapped: bool) -> u64 {
        let _ = self.fill(flow, swapped, true);
        let number = self.tuples.intern(&self.cells);
        self.found[usize::from(swapped)] = Some(Some(number));
        number
    }

    /// The texts behind a number.
    pub(super) fn texts(&self, number: u64) -> Vec<Arc<str>> {
        self.tuples.symbols(number).into_iter().map(|symbol| self.symbols.text(symbol)).collect()
    }

    /// Tells the values of the labels, in order; up to the first text without a symbol, unless it is to get one.
    /// With `swapped`, `labelsContext` sees the endpoints exchanged, while `source` and `destination` are resolved
    /// each by its own list and then exchanged. So `source` is the client, but by the list of `destinationContext`.
    fn fill(&mut self, flow: &Flow, swapped: bool, settle: bool) -> Option<()> {
        let (cells, symbols) = (&mut self.cells, &mut self.symbols);
        cells.clear();
        for (side, walk) in &mut self.labels {
            cells.push(walk.symbol(symbols, side.swapped_if(swapped).of(flow), settle)?);
        }
        if self.options.direction {
            let text = direction(flow.direction);
            cells.push(if settle { symbols.intern(text) } else { symbols.find(text)? });
        }
        let (has_source, has_destination) = (self.source.is_set, self.destination.is_set);
        let (mut first, mut second) = ((&mut self.source, Side::Source), (&mut self.destination, Side::Destination));
        if swapped {
            std::mem::swap(&mut first, &mut second);
        }
        if has_source {
            cells.push(first.0.symbol(symbols, flow, first.1, settle)?);
        }
        if has_destination {
            cells.push(second.0.symbol(symbols, flow, second.1, settle)?);
        }
        Some(())
    }
}

impl Walks {
    fn new(lists: &Lists) -> Self {
        let [any, ingress, egress] = [&lists.any, &lists.ingress, &lists.egress].map(|list| Walk::new(list.clone()));
        Self { is_set: lists.is_set(), any, ingress, egress }
    }

    /// The value for one side of a flow, by the list for its direction; empty if there is none.
    fn symbol(&mut self, symbols: &mut Symbols, flow: &Flow, side: Side, settle: bool) -> Option<Symbol> {
        let walk = match flow.direction {
            Direction::Ingress if !self.ingress.is_empty() => &mut self.ingress,
            Direction::Egress if !self.egress.is_empty() => &mut self.egress,
            _ => &mut self.any,
        };
        if walk.is_empty() { Some(Symbol::EMPTY) } else { walk.symbol(symbols, side.of(flow), settle) }
    }
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Unknown => "unknown",
        Direction::Ingress => "ingress",
        Direction::Egress => "egress",
    }
}
