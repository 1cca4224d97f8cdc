//! The labels that an item's context options add: who talks to whom
//! (`pkg/hubble/metrics/api/context.go`, v1.19.4).
//!
//! Names, labels and workloads are those that the flow's endpoints carry. An endpoint without
//! labels has those that its identity's number tells, such as `reserved:world`, as in Hubble, where
//! the identity cache adds them.
//!
//! Items with equal options share a [`Context`], which finds the labels of a flow once for all of
//! them, as one number.

mod identifier;
mod lists;
mod memory;
mod options;
mod walk;

pub(super) use identifier::labels;
pub(super) use options::{OPTIONS, Options};

use std::sync::Arc;

use identifier::Identifier;
use lists::Lists;
use options::Directions;
use tidegate_core::flow::{Address, Direction, Endpoint, Flow};
use walk::Walk;

use super::series::{Symbol, Symbols};

/// One side of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Source,
    Destination,
}

impl Side {
    #[inline]
    fn endpoint(self, flow: &Flow) -> &Endpoint {
        match self {
            Self::Source => &flow.source,
            Self::Destination => &flow.destination,
        }
    }

    fn address(self, flow: &Flow) -> Option<Address> {
        match self {
            Self::Source => flow.source_address(),
            Self::Destination => flow.destination_address(),
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

/// The labels of `labelsContext`, in the order that they always have, whatever the order of the
/// option.
const LABELS: [(&str, Side, Identifier); 12] = [
    ("source_ip", Side::Source, Identifier::Ip),
    ("source_pod", Side::Source, Identifier::PodName),
    ("source_namespace", Side::Source, Identifier::Namespace),
    ("source_workload", Side::Source, Identifier::WorkloadName),
    (
        "source_workload_kind",
        Side::Source,
        Identifier::WorkloadKind,
    ),
    ("source_app", Side::Source, Identifier::App),
    ("destination_ip", Side::Destination, Identifier::Ip),
    ("destination_pod", Side::Destination, Identifier::PodName),
    (
        "destination_namespace",
        Side::Destination,
        Identifier::Namespace,
    ),
    (
        "destination_workload",
        Side::Destination,
        Identifier::WorkloadName,
    ),
    (
        "destination_workload_kind",
        Side::Destination,
        Identifier::WorkloadKind,
    ),
    ("destination_app", Side::Destination, Identifier::App),
];

/// The last label of `labelsContext`.
const TRAFFIC_DIRECTION: &str = "traffic_direction";

/// Some context options, with what they remember of the endpoints seen.
#[derive(Debug)]
pub(super) struct Context {
    options: Options,
    symbols: Symbols,
    /// What `labelsContext` asks for, and whether it asks for anything.
    labels: Vec<(Side, Walk)>,
    has_labels: bool,
    source: Walks,
    destination: Walks,
    lists: Lists,
    cells: Vec<Symbol>,
    /// What was found for a flow, as it is and with its sides exchanged: its turn, and the number.
    found: [(u64, Option<u64>); 2],
}

impl Context {
    pub(super) fn new(options: Options) -> Self {
        let labels = options
            .labels
            .iter()
            .map(|(_, side, identifier)| (*side, Walk::new(vec![*identifier])));
        Self {
            symbols: Symbols::new(),
            labels: labels.collect(),
            has_labels: options.direction || !options.labels.is_empty(),
            source: Walks::new(&options.source),
            destination: Walks::new(&options.destination),
            lists: Lists::default(),
            cells: Vec::new(),
            found: [(0, None); 2],
            options,
        }
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    /// The number of a flow's labels; `None` if a text among them has no symbol, which then no
    /// series has. Looked up once for each `turn`, which counts flows from 1. `swapped` shows a
    /// response as its request.
    #[inline]
    pub(super) fn find(&mut self, turn: u64, flow: &Flow, swapped: bool) -> Option<u64> {
        let (known, found) = self.found[usize::from(swapped)];
        if known == turn {
            return found;
        }
        let found = self.number(flow, swapped, false);
        self.found[usize::from(swapped)] = (turn, found);
        found
    }

    /// The same, with new symbols where need be.
    pub(super) fn settle(&mut self, turn: u64, flow: &Flow, swapped: bool) -> u64 {
        let found = self.number(flow, swapped, true);
        self.found[usize::from(swapped)] = (turn, found);
        found.unwrap_or_default()
    }

    /// The texts behind a number, in the order of the labels.
    pub(super) fn texts(&self, number: u64) -> Vec<Arc<str>> {
        let list = if self.has_labels {
            self.lists.get(number)
        } else {
            &halves(number)[..]
        };
        let (labels, pair) = list.split_at(list.len() - 2);
        let is_set = [
            self.source.is_set && self.destination.is_set,
            self.source.is_set || self.destination.is_set,
        ];
        let pair = pair
            .iter()
            .zip(is_set)
            .filter(|(_, is_set)| *is_set)
            .map(|(symbol, _)| symbol);
        labels
            .iter()
            .chain(pair)
            .map(|symbol| self.symbols.text(*symbol))
            .collect()
    }

    /// Without `settle`, `None` at the first text that has no symbol.
    #[inline]
    fn number(&mut self, flow: &Flow, swapped: bool, settle: bool) -> Option<u64> {
        let pair = self.pair(flow, swapped, settle)?;
        if self.has_labels {
            self.list(flow, swapped, settle, pair)
        } else {
            Some(pair)
        }
    }

    /// The labels `source` and `destination`, or the one of them that is set. They are resolved
    /// each by its own list and then exchanged if `swapped`: so `source` is the client, but by the
    /// list of `destinationContext`.
    #[inline]
    fn pair(&mut self, flow: &Flow, swapped: bool, settle: bool) -> Option<u64> {
        let (has_source, has_destination) = (self.source.is_set, self.destination.is_set);
        let (mut first, mut second) = (
            (&mut self.source, Side::Source),
            (&mut self.destination, Side::Destination),
        );
        if swapped {
            std::mem::swap(&mut first, &mut second);
        }
        let mut pair = 0;
        if has_source {
            pair = first
                .0
                .symbol(&mut self.symbols, flow, first.1, settle)?
                .0
                .into();
        }
        if has_destination {
            pair = pair << 32
                | u64::from(
                    second
                        .0
                        .symbol(&mut self.symbols, flow, second.1, settle)?
                        .0,
                );
        }
        Some(pair)
    }

    /// The labels of `labelsContext` and the pair, looked up together. If `swapped`, they see the
    /// endpoints exchanged.
    fn list(&mut self, flow: &Flow, swapped: bool, settle: bool, pair: u64) -> Option<u64> {
        let (cells, symbols) = (&mut self.cells, &mut self.symbols);
        cells.clear();
        for (side, walk) in &mut self.labels {
            cells.push(walk.symbol(symbols, flow, side.swapped_if(swapped), settle)?);
        }
        if self.options.direction {
            let text = direction(flow.direction);
            cells.push(if settle {
                symbols.intern(text)
            } else {
                symbols.find(text)?
            });
        }
        cells.extend(halves(pair));
        if settle {
            Some(self.lists.intern(cells))
        } else {
            self.lists.find(cells)
        }
    }
}

/// The walks behind the label `source` or `destination`: for any direction, for ingress and for
/// egress.
#[derive(Debug)]
struct Walks {
    is_set: bool,
    walks: [Walk; 3],
}

impl Walks {
    fn new(sides: &Directions) -> Self {
        let walks = [&sides.any, &sides.ingress, &sides.egress].map(|list| Walk::new(list.clone()));
        Self {
            is_set: sides.is_set(),
            walks,
        }
    }

    /// The value for one side of a flow, by the list for its direction; empty if there is none.
    #[inline]
    fn symbol(
        &mut self,
        symbols: &mut Symbols,
        flow: &Flow,
        side: Side,
        settle: bool,
    ) -> Option<Symbol> {
        let [any, ingress, egress] = &mut self.walks;
        let walk = match flow.direction {
            Direction::Ingress if !ingress.is_empty() => ingress,
            Direction::Egress if !egress.is_empty() => egress,
            _ => any,
        };
        if walk.is_empty() {
            Some(Symbol::EMPTY)
        } else {
            walk.symbol(symbols, flow, side, settle)
        }
    }
}

/// The symbols of a pair.
fn halves(pair: u64) -> [Symbol; 2] {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the halves are taken apart"
    )]
    [Symbol((pair >> 32) as u32), Symbol(pair as u32)]
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Unknown => "unknown",
        Direction::Ingress => "ingress",
        Direction::Egress => "egress",
    }
}
