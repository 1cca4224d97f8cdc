//! The context options of an item.

use super::identifier::Identifier;
use super::{LABELS, Side, TRAFFIC_DIRECTION};
use crate::hubble_metrics::item::Item;
use crate::hubble_metrics::mistake::{ItemError, Mistake, suggestion};
use crate::names_needed::NamesNeeded;

/// The keys of the options.
pub(crate) const OPTIONS: [&str; 7] = [
    "sourceContext",
    "sourceIngressContext",
    "sourceEgressContext",
    "destinationContext",
    "destinationIngressContext",
    "destinationEgressContext",
    LABELS_CONTEXT,
];

const LABELS_CONTEXT: &str = "labelsContext";

/// Which labels the context adds, and how their values are found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ContextOptions {
    /// The labels of `labelsContext` except the traffic direction, in the order of [`LABELS`].
    pub(super) labels: Vec<(&'static str, Side, Identifier)>,
    /// Whether `labelsContext` contains the traffic direction.
    pub(super) direction: bool,
    pub(super) source: IdentifierLists,
    pub(super) destination: IdentifierLists,
}

/// The identifiers for the label `source` or `destination`, by the direction of the flow. An empty
/// list means that the option is not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct IdentifierLists {
    pub(super) any: Vec<Identifier>,
    pub(super) ingress: Vec<Identifier>,
    pub(super) egress: Vec<Identifier>,
}

impl ContextOptions {
    /// The options of an item, without the values in which there are mistakes.
    pub(crate) fn parse<'a>(item: &Item<'a>, mistakes: &mut Vec<Mistake<'a>>) -> Self {
        let mut list = |key: &str| identifiers(item, key, mistakes);
        let source = IdentifierLists {
            any: list(OPTIONS[0]),
            ingress: list(OPTIONS[1]),
            egress: list(OPTIONS[2]),
        };
        let destination = IdentifierLists {
            any: list(OPTIONS[3]),
            ingress: list(OPTIONS[4]),
            egress: list(OPTIONS[5]),
        };
        let requested = item.values(LABELS_CONTEXT).unwrap_or_default();
        let names = LABELS.iter().map(|(label, ..)| *label);
        let names = names.chain([TRAFFIC_DIRECTION]);
        let unknown = requested
            .iter()
            .filter(|name| !names.clone().any(|known| known == **name));
        mistakes.extend(unknown.map(|label| Mistake {
            part: label,
            error: ItemError::UnknownLabel {
                metric: item.name.to_owned(),
                label: (*label).to_owned(),
                help: suggestion(label, names.clone()),
            },
        }));
        let labels = LABELS
            .into_iter()
            .filter(|(name, ..)| requested.contains(name))
            .collect();
        Self {
            labels,
            direction: requested.contains(&TRAFFIC_DIRECTION),
            source,
            destination,
        }
    }

    /// The options of an item that add one label, and the values that add one each, with what the
    /// label's values depend on.
    pub(crate) fn names_needed<'a>(item: &Item<'a>) -> Vec<(&'a str, NamesNeeded)> {
        let contexts = OPTIONS.iter().filter(|key| **key != LABELS_CONTEXT);
        let contexts = contexts.filter_map(|key| item.option(key));
        let contexts = contexts.map(|option| {
            let identifiers = option
                .values
                .iter()
                .filter_map(|name| Identifier::parse(name));
            // The first identifier that an endpoint has is its label.
            let needed = identifiers.map(Identifier::names_needed).min();
            (option.key, needed.unwrap_or(NamesNeeded::Nothing))
        });
        let labels = item.values(LABELS_CONTEXT).unwrap_or_default().iter();
        let labels = labels.filter_map(|name| {
            let (.., identifier) = LABELS.iter().find(|(label, ..)| label == name)?;
            Some((*name, identifier.names_needed()))
        });
        contexts.chain(labels).collect()
    }

    /// The names of the labels, in order.
    pub(crate) fn label_names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.labels.iter().map(|(name, ..)| *name).collect();
        names.extend(self.direction.then_some(TRAFFIC_DIRECTION));
        names.extend(self.source.is_set().then_some("source"));
        names.extend(self.destination.is_set().then_some("destination"));
        names
    }
}

impl IdentifierLists {
    pub(super) fn is_set(&self) -> bool {
        !(self.any.is_empty() && self.ingress.is_empty() && self.egress.is_empty())
    }
}

/// The identifiers of an option; empty if the option is missing.
fn identifiers<'a>(item: &Item<'a>, key: &str, mistakes: &mut Vec<Mistake<'a>>) -> Vec<Identifier> {
    let mut identifiers = Vec::new();
    for name in item.values(key).unwrap_or_default() {
        match Identifier::parse(name) {
            Some(identifier) => identifiers.push(identifier),
            None => mistakes.push(Mistake {
                part: name,
                error: ItemError::UnknownContext {
                    metric: item.name.to_owned(),
                    context: (*name).to_owned(),
                    help: suggestion(name, Identifier::NAMES.iter().map(|(name, _)| *name)),
                },
            }),
        }
    }
    identifiers
}
