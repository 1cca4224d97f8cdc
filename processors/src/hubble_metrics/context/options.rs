//! The context options of an item.

use super::identifier::Identifier;
use super::{LABELS, Side, TRAFFIC_DIRECTION};
use crate::hubble_metrics::item::{Item, ItemError};

/// The keys of the options, in lower case.
pub(crate) const OPTIONS: [&str; 7] = [
    "sourcecontext",
    "sourceingresscontext",
    "sourceegresscontext",
    "destinationcontext",
    "destinationingresscontext",
    "destinationegresscontext",
    "labelscontext",
];

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
    pub(crate) fn parse(item: &Item) -> Result<Self, ItemError> {
        let list = |key: &str| identifiers(item, key);
        let source = IdentifierLists {
            any: list(OPTIONS[0])?,
            ingress: list(OPTIONS[1])?,
            egress: list(OPTIONS[2])?,
        };
        let destination = IdentifierLists {
            any: list(OPTIONS[3])?,
            ingress: list(OPTIONS[4])?,
            egress: list(OPTIONS[5])?,
        };
        let requested = item.values(OPTIONS[6]).unwrap_or_default();
        let exists = |name: &str| {
            name == TRAFFIC_DIRECTION || LABELS.iter().any(|(label, ..)| *label == name)
        };
        if let Some(label) = requested.iter().find(|name| !exists(name)) {
            return Err(ItemError::UnknownLabel {
                metric: item.name.to_owned(),
                label: (*label).to_owned(),
            });
        }
        let labels = LABELS
            .into_iter()
            .filter(|(name, ..)| requested.contains(name))
            .collect();
        Ok(Self {
            labels,
            direction: requested.contains(&TRAFFIC_DIRECTION),
            source,
            destination,
        })
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
fn identifiers(item: &Item, key: &str) -> Result<Vec<Identifier>, ItemError> {
    let parse = |name: &&str| {
        let unknown = || ItemError::UnknownContext {
            metric: item.name.to_owned(),
            context: (*name).to_owned(),
        };
        Identifier::parse(name).ok_or_else(unknown)
    };
    item.values(key)
        .unwrap_or_default()
        .iter()
        .map(parse)
        .collect()
}
