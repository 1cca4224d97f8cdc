//! The context options of an item.

use super::identifier::Identifier;
use super::{LABELS, Side, TRAFFIC_DIRECTION};
use crate::hubble_metrics::item::{Item, ItemError};

/// Keys of the options, in lower case.
pub(in super::super) const OPTIONS: [&str; 7] = [
    "sourcecontext",
    "sourceingresscontext",
    "sourceegresscontext",
    "destinationcontext",
    "destinationingresscontext",
    "destinationegresscontext",
    "labelscontext",
];

/// What the options say. Items with equal ones see the same labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Options {
    /// The labels of `labelsContext` but the direction, in their order.
    pub(super) labels: Vec<(&'static str, Side, Identifier)>,
    pub(super) direction: bool,
    pub(super) source: Directions,
    pub(super) destination: Directions,
}

/// The lists behind the label `source` or `destination`, by the flow's direction. Empty ones are
/// not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Directions {
    pub(super) any: Vec<Identifier>,
    pub(super) ingress: Vec<Identifier>,
    pub(super) egress: Vec<Identifier>,
}

impl Options {
    pub(in super::super) fn parse(item: &Item) -> Result<Self, ItemError> {
        let list = |key: &str| list(item, key);
        let source = Directions {
            any: list(OPTIONS[0])?,
            ingress: list(OPTIONS[1])?,
            egress: list(OPTIONS[2])?,
        };
        let destination = Directions {
            any: list(OPTIONS[3])?,
            ingress: list(OPTIONS[4])?,
            egress: list(OPTIONS[5])?,
        };
        let wanted = item.values(OPTIONS[6]).unwrap_or_default();
        let known = |name: &str| {
            name == TRAFFIC_DIRECTION || LABELS.iter().any(|(label, ..)| *label == name)
        };
        if let Some(label) = wanted.iter().find(|name| !known(name)) {
            return Err(ItemError::UnknownLabel {
                metric: item.name.to_owned(),
                label: (*label).to_owned(),
            });
        }
        let labels = LABELS
            .into_iter()
            .filter(|(name, ..)| wanted.contains(name))
            .collect();
        Ok(Self {
            labels,
            direction: wanted.contains(&TRAFFIC_DIRECTION),
            source,
            destination,
        })
    }

    /// The names of the labels, in order.
    pub(in super::super) fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.labels.iter().map(|(name, ..)| *name).collect();
        names.extend(self.direction.then_some(TRAFFIC_DIRECTION));
        names.extend(self.source.is_set().then_some("source"));
        names.extend(self.destination.is_set().then_some("destination"));
        names
    }
}

impl Directions {
    pub(super) fn is_set(&self) -> bool {
        !(self.any.is_empty() && self.ingress.is_empty() && self.egress.is_empty())
    }
}

/// Empty if the option is not given.
fn list(item: &Item, key: &str) -> Result<Vec<Identifier>, ItemError> {
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
