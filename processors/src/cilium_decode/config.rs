//! Configuration of `cilium_decode`.

use serde::Deserialize;
use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, ChainPosition, ComponentKind, Finding, Lint, Outcomes, Place,
    ProcessorConfig, ProcessorKind,
};
use tidegate_runtime::config::Table as _;
use tidegate_runtime::stage::Processor;
use tidegate_wire::release::{Release, Releases};

use super::CiliumDecode;
use super::ambiguity::AMBIGUITIES;
use super::notes::NOTES;

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
        /// Release of the Cilium agent since 1.12, such as "1.18" or "1.17.3". Empty detects it
        /// from the events; what they leave undecided is chosen by a rule and counted as
        /// `ambiguous`.
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

/// The newest release whose formats are known.
const NEWEST_KNOWN: &str = "1.20";

impl Config {
    fn releases(&self) -> Option<Releases> {
        if self.cilium_version.is_empty() {
            return Some(Releases::ANY);
        }
        let version = self
            .cilium_version
            .strip_prefix('v')
            .unwrap_or(&self.cilium_version);
        let numbers = version.split(['-', '+']).next()?.split('.');
        let numbers = numbers
            .map(|number| number.parse().ok())
            .collect::<Option<Vec<u16>>>()?;
        let releases = match numbers[..] {
            [major, minor] => Releases::minor(major, minor),
            [major, minor, patch] => Releases::only(Release::new(major, minor, patch)),
            _ => return None,
        };
        releases
            .within(Releases::since(Release::V1_12))
            .then_some(releases)
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
        let known = Releases::before(Release::AFTER_KNOWN);
        let is_later = |releases: &Releases| releases.and(known).is_none();
        let later = self.releases().filter(is_later);
        let finding = |_| {
            let title = format!(
                "Cilium {} is not known to this version",
                self.cilium_version
            );
            Finding::warning(Lint::UnknownRelease, Place::Key("cilium_version"), title)
                .note(format!("its events are read as those of {NEWEST_KNOWN}"))
        };
        later.map(finding).into_iter().collect()
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
