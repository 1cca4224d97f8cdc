//! The labels that an item's context options add: who talks to whom
//! (`pkg/hubble/metrics/api/context.go`, v1.19.4).
//!
//! Names, labels and workloads are those that the flow's endpoints carry. An endpoint without labels that
//! has a reserved identity has the label of that identity, as in Hubble, where the identity cache adds it.

mod identifier;
mod walk;

pub(super) use identifier::labels;

use identifier::Identifier;
use tidegate_core::flow::{Address, Direction, Endpoint, Flow};
use walk::Walk;

use super::item::{Item, ItemError};
use super::series::{Row, Symbol, Symbols};

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

/// Keys of the options, in lower case.
pub(super) const OPTIONS: [&str; 7] = [
    "sourcecontext",
    "sourceingresscontext",
    "sourceegresscontext",
    "destinationcontext",
    "destinationingresscontext",
    "destinationegresscontext",
    "labelscontext",
];

/// The context options of one item, with what they remember of the endpoints seen.
#[derive(Debug)]
pub(super) struct Context {
    labels: Vec<(&'static str, Side, Walk)>,
    direction: bool,
    source: Walks,
    destination: Walks,
}

/// The lists behind the label `source` or `destination`. Empty ones are not set.
#[derive(Debug)]
struct Walks {
    any: Walk,
    ingress: Walk,
    egress: Walk,
}

impl Context {
    pub(super) fn new(item: &Item) -> Result<Self, ItemError> {
        let walk = |key: &str| Walk::parse(item, key);
        let source = Walks { any: walk(OPTIONS[0])?, ingress: walk(OPTIONS[1])?, egress: walk(OPTIONS[2])? };
        let destination = Walks { any: walk(OPTIONS[3])?, ingress: walk(OPTIONS[4])?, egress: walk(OPTIONS[5])? };
        let wanted = item.values(OPTIONS[6]).unwrap_or_default();
        let known = |name: &str| name == TRAFFIC_DIRECTION || LABELS.iter().any(|(label, ..)| *label == name);
        if let Some(label) = wanted.iter().find(|name| !known(name)) {
            return Err(ItemError::UnknownLabel { metric: item.name.to_owned(), label: (*label).to_owned() });
        }
        let labels = LABELS.into_iter().filter(|(name, ..)| wanted.contains(name));
        Ok(Self {
            labels: labels.map(|(name, side, identifier)| (name, side, Walk::new(vec![identifier]))).collect(),
            direction: wanted.contains(&TRAFFIC_DIRECTION),
            source,
            destination,
        })
    }

    /// The names of the labels, in order.
    pub(super) fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.labels.iter().map(|(name, ..)| *name).collect();
        names.extend(self.direction.then_some(TRAFFIC_DIRECTION));
        names.extend(self.source.is_set().then_some("source"));
        names.extend(self.destination.is_set().then_some("destination"));
        names
    }

    /// Adds the values of the labels to a row. `swapped` shows a response as its request: `labelsContext`
    /// sees the endpoints exchanged, while `source` and `destination` are resolved each by its own list
    /// and then exchanged. So `source` is the client, but by the list of `destinationContext`.
    pub(super) fn fill(&mut self, row: &mut Row, symbols: &Symbols, flow: &Flow, swapped: bool) {
        for (_, side, walk) in &mut self.labels {
            walk.fill(row, symbols, side.swapped_if(swapped).of(flow));
        }
        if self.direction {
            row.push_static(direction(flow.direction), symbols);
        }
        let (has_source, has_destination) = (self.source.is_set(), self.destination.is_set());
        let (mut first, mut second) = ((&mut self.source, Side::Source), (&mut self.destination, Side::Destination));
        if swapped {
            std::mem::swap(&mut first, &mut second);
        }
        if has_source {
            first.0.fill(row, symbols, flow, first.1);
        }
        if has_destination {
            second.0.fill(row, symbols, flow, second.1);
        }
    }
}

impl Walks {
    fn is_set(&self) -> bool {
        !(self.any.is_empty() && self.ingress.is_empty() && self.egress.is_empty())
    }

    /// Adds the value for one side of a flow.
    fn fill(&mut self, row: &mut Row, symbols: &Symbols, flow: &Flow, side: Side) {
        match self.choose(flow.direction) {
            Some(walk) => walk.fill(row, symbols, side.of(flow)),
            None => row.push(Symbol::EMPTY),
        }
    }

    /// The list for a flow's direction; `None` if it is not set.
    fn choose(&mut self, direction: Direction) -> Option<&mut Walk> {
        let walk = match direction {
            Direction::Ingress if !self.ingress.is_empty() => &mut self.ingress,
            Direction::Egress if !self.egress.is_empty() => &mut self.egress,
            _ => &mut self.any,
        };
        (!walk.is_empty()).then_some(walk)
    }
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Unknown => "unknown",
        Direction::Ingress => "ingress",
        Direction::Egress => "egress",
    }
}
