//! The kinds of components, as the stage crates list them.

use tidegate_runtime::component::{ComponentKind, ExporterKind, ProcessorKind, ReceiverKind};

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

    /// The role of the kind of that name, with its article.
    pub(crate) fn what_is(&self, name: &str) -> Option<&'static str> {
        if find(self.receivers, name).is_some() {
            Some("a receiver")
        } else if find(self.processors, name).is_some() {
            Some("a processor")
        } else {
            find(self.exporters, name).map(|_| "an exporter")
        }
    }
}

/// The kind of that name.
pub(crate) fn find<'k, C: ?Sized>(
    kinds: &'k [ComponentKind<C>],
    name: &str,
) -> Option<&'k ComponentKind<C>> {
    kinds.iter().find(|kind| kind.name == name)
}
