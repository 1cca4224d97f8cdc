//! What the kinds declare, and what the runner can state.

use std::collections::BTreeSet;

use tidegate_runtime::component::{ComponentKind, Outcomes};

fn all() -> Vec<Outcomes> {
    fn of<C: ?Sized>(kinds: &[ComponentKind<C>]) -> impl Iterator<Item = Outcomes> {
        kinds.iter().map(|kind| kind.outcomes)
    }
    let receivers = of(tidegate_receivers::KINDS).chain(of(tidegate_processors::KINDS));
    receivers.chain(of(tidegate_exporters::KINDS)).collect()
}

/// Every reason for a drop.
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

/// Every other name that is counted by.
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
