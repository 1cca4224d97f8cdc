//! Configuration of `cilium_decode`.

use serde::Deserialize;
use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, ChainPosition, ComponentKind, Finding, Lint, Outcomes, Place,
    ProcessorConfig, ProcessorKind,
};
use tidegate_runtime::config::Table as _;
use tidegate_runtime::stage::Processor;
use tidegate_wire::release::Releases;

use super::CiliumDecode;
use super::ambiguity::AMBIGUITIES;
use super::notes::NOTES;
use super::stated_release::{NEWEST_KNOWN, StatedRelease};

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "cilium_decode",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        dropped: super::REASONS,
        noted: NOTES,
        ambiguous: &AMBIGUITIES,
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

tidegate_runtime::config_table! {
    /// Decodes frames of Cilium's monitor socket into events.
    #[derive(Clone, Debug)]
    pub struct Config {
        /// Release of the Cilium agent since 1.12, such as "1.18" or "1.17.3". Empty takes it from
        /// the agent's API, if a receiver of the pipeline reads that, and detects it from the events
        /// otherwise; what they leave undecided is chosen by a rule and counted as `ambiguous`.
        ///
        /// It decides what the version byte of an event does not: the header of drops up to 1.17.3,
        /// the layout of socket traces, the table of source files of drops (for which the patch
        /// release matters in 1.14), and what Hubble of that release makes of traffic directions,
        /// debug messages and IPv4-mapped addresses. A leading `v` and what follows `-` or `+` are
        /// ignored. Events that no such release sends are decoded as what they are, with the note
        /// `cilium_version_contradicted`.
        #[sample = "\"1.19\""]
        pub cilium_version: String = String::new(),
    }
}

impl Config {
    fn releases(&self) -> Option<Releases> {
        if self.cilium_version.is_empty() {
            return Some(Releases::ANY);
        }
        match StatedRelease::parse(&self.cilium_version) {
            StatedRelease::Known(releases) | StatedRelease::Later(releases) => Some(releases),
            StatedRelease::Earlier | StatedRelease::Unreadable => None,
        }
    }
}

impl ProcessorConfig for Config {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[Kind::Frame])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input.without(self.consumes()).union(Kinds::of(&[
            Kind::Event,
            Kind::AgentEvent,
            Kind::DebugEvent,
            Kind::Lost,
        ]))
    }

    fn inspect(&self, _position: &ChainPosition) -> Vec<Finding> {
        let stated = StatedRelease::parse(&self.cilium_version);
        let later = matches!(stated, StatedRelease::Later(_));
        let finding = |()| {
            let title = format!(
                "Cilium {} is not known to this version",
                self.cilium_version
            );
            Finding::warning(Lint::UnknownRelease, Place::Key("cilium_version"), title)
                .note(format!("its events are read as those of {NEWEST_KNOWN}"))
        };
        later.then_some(()).map(finding).into_iter().collect()
    }

    fn build(&self, _context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        let configured = self.releases().ok_or_else(|| BuildError {
            key: "cilium_version",
            message: format!(
                "{:?} is not a Cilium release since 1.12; write it as \"1.18\"",
                self.cilium_version
            ),
        })?;
        Ok(Box::new(CiliumDecode::new(configured)))
    }
}
