//! The kinds of components that there are: what the stage crates list, and nothing by name.

use tidegate_runtime::component::{
    ComponentKind, ExporterConfig, ExporterKind, ProcessorConfig, ProcessorKind, ReceiverConfig,
    ReceiverKind,
};

use super::component::{InboxTable, Section};

/// All kinds, as the stage crates list them.
#[derive(Clone, Copy)]
pub(crate) struct Registry {
    pub(crate) receivers: &'static [ReceiverKind],
    pub(crate) processors: &'static [ProcessorKind],
    pub(crate) exporters: &'static [ExporterKind],
}

impl Registry {
    /// Everything that this binary has.
    pub(crate) const BUILT_IN: Self = Self {
        receivers: tidegate_receivers::KINDS,
        processors: tidegate_processors::KINDS,
        exporters: tidegate_exporters::KINDS,
    };

    pub(crate) fn receiver_section(&self) -> Section<dyn ReceiverConfig> {
        Section {
            name: "receivers",
            one: "receiver",
            kinds: self.receivers,
            inbox: InboxTable::None,
        }
    }

    pub(crate) fn processor_section(&self) -> Section<dyn ProcessorConfig> {
        Section {
            name: "processors",
            one: "processor",
            kinds: self.processors,
            inbox: InboxTable::Processor,
        }
    }

    pub(crate) fn exporter_section(&self) -> Section<dyn ExporterConfig> {
        Section {
            name: "exporters",
            one: "exporter",
            kinds: self.exporters,
            inbox: InboxTable::Exporter,
        }
    }

    /// What a kind of that name is, with its article.
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
