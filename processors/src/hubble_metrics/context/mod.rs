//! The labels that an item's context options add, which identify the endpoints of a flow
//! (`pkg/hubble/metrics/api/context.go`, v1.19.4).
//!
//! Names, labels and workloads are those of the flow's endpoints. An endpoint without labels has
//! those that follow from its identity's number, such as `reserved:world`: in Hubble the identity
//! cache adds them.
//!
//! Items with equal options share a [`Context`], which resolves the labels of a flow once for all
//! of them, to a single number.

mod identifier;
mod options;
mod pods;
mod resolver;
mod symbol_cache;

pub(super) use identifier::labels;
pub(super) use options::{ContextOptions, OPTIONS};
pub(super) use pods::Pod;

use std::sync::Arc;

use hashbrown::HashSet;
use identifier::Identifier;
use options::IdentifierLists;
use resolver::Resolver;
use tidegate_model::flow::{Address, Direction, Endpoint, Flow};

use super::series::{Interner, Symbol, SymbolTable};

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

/// The labels that `labelsContext` can request. Series always have them in this order, whatever
/// the order in the option.
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

/// Resolves the context labels of flows to numbers.
///
/// The label values of a flow are one number: the symbols of `source` and `destination` as a pair,
/// or with `labelsContext` the number of the list of all symbols.
#[derive(Debug)]
pub(super) struct Context {
    options: ContextOptions,
    symbols: SymbolTable,
    /// The labels of `labelsContext` except the traffic direction.
    labels: Vec<(Side, Resolver)>,
    /// Whether `labelsContext` requests any label.
    has_labels: bool,
    source: DirectionalResolver,
    destination: DirectionalResolver,
    /// The symbols of all label values, for each combination that a series has.
    lists: Interner<Box<[Symbol]>>,
    /// A buffer for one such list.
    list: Vec<Symbol>,
    /// The latest result for a flow as it is, and for a flow with its sides exchanged.
    latest: [Latest; 2],
}

/// The number of a flow, and the number of its labels.
#[derive(Clone, Copy, Debug, Default)]
struct Latest {
    flow_number: u64,
    labels: Option<u64>,
}

impl Context {
    pub(super) fn new(options: ContextOptions) -> Self {
        let labels = options
            .labels
            .iter()
            .map(|(_, side, identifier)| (*side, Resolver::new(vec![*identifier])));
        Self {
            symbols: SymbolTable::new(),
            labels: labels.collect(),
            has_labels: options.direction || !options.labels.is_empty(),
            source: DirectionalResolver::new(&options.source),
            destination: DirectionalResolver::new(&options.destination),
            lists: Interner::default(),
            list: Vec::new(),
            latest: [Latest::default(); 2],
            options,
        }
    }

    pub(super) fn options(&self) -> &ContextOptions {
        &self.options
    }

    /// The number of a flow's label values; `None` if no series has one of the values.
    ///
    /// Resolves them once for each `flow_number`, which starts at 1. With `swapped`, source and
    /// destination are exchanged, which labels a response like its request.
    #[inline]
    pub(super) fn lookup(&mut self, flow_number: u64, flow: &Flow, swapped: bool) -> Option<u64> {
        let latest = self.latest[usize::from(swapped)];
        if latest.flow_number == flow_number {
            return latest.labels;
        }
        let labels = self.resolve(flow, swapped, false);
        self.latest[usize::from(swapped)] = Latest {
            flow_number,
            labels,
        };
        labels
    }

    /// The number of a flow's label values. Adds missing symbols.
    pub(super) fn intern(&mut self, flow_number: u64, flow: &Flow, swapped: bool) -> u64 {
        let labels = self.resolve(flow, swapped, true);
        self.latest[usize::from(swapped)] = Latest {
            flow_number,
            labels,
        };
        labels.unwrap_or_default()
    }

    /// The label values of a number, in the order of the labels.
    pub(super) fn texts(&self, number: u64) -> Vec<Arc<str>> {
        let pair = unpack(number);
        let list = if self.has_labels {
            self.list(number).unwrap_or_default()
        } else {
            &pair
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

    /// The symbols of a number with `labelsContext`: those of its labels, then the pair.
    fn list(&self, number: u64) -> Option<&[Symbol]> {
        let number = u32::try_from(number).ok()?;
        self.lists.get(number).map(|list| &**list)
    }

    /// Removes what no series needs, given the numbers of those that exist.
    pub(super) fn remove_unused(&mut self, used: &HashSet<u64>) {
        self.lists
            .retain(|number, _| used.contains(&u64::from(number)));
        self.symbols.remove_unused();
        let pair = [&mut self.source, &mut self.destination];
        pair.into_iter()
            .flat_map(DirectionalResolver::all)
            .chain(self.labels.iter_mut().map(|(_, resolver)| resolver))
            .for_each(Resolver::forget);
        self.latest = [Latest::default(); 2];
    }

    #[inline]
    fn resolve(&mut self, flow: &Flow, swapped: bool, intern: bool) -> Option<u64> {
        let pair = self.resolve_pair(flow, swapped, intern)?;
        if self.has_labels {
            self.resolve_list(flow, swapped, intern, pair)
        } else {
            Some(pair)
        }
    }

    /// Resolves the labels `source` and `destination`, as far as they are set. With `swapped`, the
    /// results are exchanged, not the resolvers: `source` is the client, as `destinationContext`
    /// resolves it.
    #[inline]
    fn resolve_pair(&mut self, flow: &Flow, swapped: bool, intern: bool) -> Option<u64> {
        let has_source = self.source.is_set;
        let has_destination = self.destination.is_set;
        let mut first = (&mut self.source, Side::Source);
        let mut second = (&mut self.destination, Side::Destination);
        if swapped {
            std::mem::swap(&mut first, &mut second);
        }
        let mut pair = 0;
        if has_source {
            let (resolver, side) = first;
            let symbol = resolver.symbol(&mut self.symbols, flow, side, intern)?;
            pair = symbol.0.into();
        }
        if has_destination {
            let (resolver, side) = second;
            let symbol = resolver.symbol(&mut self.symbols, flow, side, intern)?;
            pair = pair << 32 | u64::from(symbol.0);
        }
        Some(pair)
    }

    /// Resolves the labels of `labelsContext` and combines them with the pair. With `swapped`,
    /// they are resolved with the endpoints exchanged.
    fn resolve_list(&mut self, flow: &Flow, swapped: bool, intern: bool, pair: u64) -> Option<u64> {
        let list = &mut self.list;
        let symbols = &mut self.symbols;
        list.clear();
        for (side, resolver) in &mut self.labels {
            list.push(resolver.symbol(symbols, flow, side.swapped_if(swapped), intern)?);
        }
        if self.options.direction {
            let text = direction(flow.direction);
            list.push(if intern {
                symbols.intern(text)
            } else {
                symbols.find(text)?
            });
        }
        list.extend(unpack(pair));
        let mut number = self.lists.find(&list[..]);
        if intern && number.is_none() {
            number = Some(self.lists.insert::<[Symbol]>(list[..].into()));
        }
        number.map(u64::from)
    }
}

/// Resolves the label `source` or `destination`, with a list of identifiers by direction.
#[derive(Debug)]
struct DirectionalResolver {
    is_set: bool,
    any: Resolver,
    ingress: Resolver,
    egress: Resolver,
}

impl DirectionalResolver {
    fn new(lists: &IdentifierLists) -> Self {
        Self {
            is_set: lists.is_set(),
            any: Resolver::new(lists.any.clone()),
            ingress: Resolver::new(lists.ingress.clone()),
            egress: Resolver::new(lists.egress.clone()),
        }
    }

    fn all(&mut self) -> [&mut Resolver; 3] {
        [&mut self.any, &mut self.ingress, &mut self.egress]
    }

    /// The value for one side of a flow, by the list for its direction; empty if that is not set.
    #[inline]
    fn symbol(
        &mut self,
        symbols: &mut SymbolTable,
        flow: &Flow,
        side: Side,
        intern: bool,
    ) -> Option<Symbol> {
        let resolver = match flow.direction {
            Direction::Ingress if !self.ingress.is_empty() => &mut self.ingress,
            Direction::Egress if !self.egress.is_empty() => &mut self.egress,
            _ => &mut self.any,
        };
        if resolver.is_empty() {
            Some(Symbol::EMPTY)
        } else {
            resolver.symbol(symbols, flow, side, intern)
        }
    }
}

/// The symbols of a pair.
fn unpack(pair: u64) -> [Symbol; 2] {
    #[expect(clippy::cast_possible_truncation, reason = "splits the pair in halves")]
    [Symbol((pair >> 32) as u32), Symbol(pair as u32)]
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Unknown => "unknown",
        Direction::Ingress => "ingress",
        Direction::Egress => "egress",
    }
}
