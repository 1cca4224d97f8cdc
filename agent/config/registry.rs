//! The kinds of components, as the stage crates list them.

use tidegate_runtime::component::{ComponentKind, ExporterKind, ProcessorKind, ReceiverKind};
use tidegate_runtime::config::Key;
use tidegate_runtime::stage_id::Role;

/// All kinds.
#[derive(Clone, Copy)]
pub(crate) struct Registry {
    pub(crate) receivers: &'static [ReceiverKind],
    pub(crate) processors: &'static [ProcessorKind],
    pub(crate) exporters: &'static [ExporterKind],
}

impl Registry {
    /// The kinds of this binary.
    pub(crate) const BUILT_IN: Self = Self {
        receivers: tidegate_receivers::KINDS,
        processors: tidegate_processors::KINDS,
        exporters: tidegate_exporters::KINDS,
    };

    /// The role of the kind of that name.
    pub(crate) fn role_of(&self, name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| self.has(*role, name))
    }

    /// Whether a role has a kind of that name.
    pub(crate) fn has(&self, role: Role, name: &str) -> bool {
        self.keys_of(role, name).is_some()
    }

    /// The names of the keys of a kind, with their old and other names.
    pub(crate) fn keys_of(&self, role: Role, name: &str) -> Option<Vec<&'static str>> {
        let keys = match role {
            Role::Receiver => find(self.receivers, name)?.keys,
            Role::Processor => find(self.processors, name)?.keys,
            Role::Exporter => find(self.exporters, name)?.keys,
        };
        let names = |key: &Key| [Some(key.name), key.renamed_from, key.alias];
        Some(keys.iter().flat_map(names).flatten().collect())
    }

    /// The names of all kinds.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        let receivers = self.receivers.iter().map(|kind| kind.name);
        let processors = self.processors.iter().map(|kind| kind.name);
        let exporters = self.exporters.iter().map(|kind| kind.name);
        receivers.chain(processors).chain(exporters)
    }

    /// The role of the kind of that name, with its article.
    pub(crate) fn what_is(&self, name: &str) -> Option<&'static str> {
        self.role_of(name).map(|role| match role {
            Role::Receiver => "a receiver",
            Role::Processor => "a processor",
            Role::Exporter => "an exporter",
        })
    }
}

/// The kind of that name.
pub(crate) fn find<'k, C: ?Sized>(
    kinds: &'k [ComponentKind<C>],
    name: &str,
) -> Option<&'k ComponentKind<C>> {
    kinds.iter().find(|kind| kind.name == name)
}
