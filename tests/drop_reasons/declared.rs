//! The reasons and other outcomes that component kinds and the runner declare.

use std::collections::BTreeSet;

use tidegate_runtime::component::{ComponentKind, Outcomes};

fn all() -> Vec<Outcomes> {
    fn outcomes<C: ?Sized>(kinds: &[ComponentKind<C>]) -> impl Iterator<Item = Outcomes> {
        kinds.iter().map(|kind| kind.outcomes)
    }
    let receivers = outcomes(tidegate_receivers::KINDS).chain(outcomes(tidegate_processors::KINDS));
    receivers
        .chain(outcomes(tidegate_exporters::KINDS))
        .collect()
}

/// Every declared reason for a drop.
pub(super) fn reasons() -> BTreeSet<String> {
    let declared = all();
    let groups = declared.iter().flat_map(Outcomes::reasons).chain([
        Outcomes::OF_INBOXES,
        Outcomes::OF_EXPORTERS,
        Outcomes::OF_OUTBOXES,
    ]);
    groups
        .flat_map(|group| group.names)
        .map(|name| (*name).to_owned())
        .collect()
}

/// Every other declared name that records are counted by.
pub(super) fn others() -> BTreeSet<&'static str> {
    let declared = all().into_iter();
    let names =
        declared.flat_map(|outcomes| [outcomes.filtered, outcomes.noted, outcomes.ambiguous]);
    names
        .chain([Outcomes::RULES_OF_EXPORTERS, Outcomes::NOTES_OF_INBOXES])
        .flatten()
        .copied()
        .collect()
}
