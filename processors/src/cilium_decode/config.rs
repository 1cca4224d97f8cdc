//! Configuration of `cilium_decode`.

use serde::Deserialize;
use tidegate_core::component::{BuildContext, BuildError, ComponentKind, Key, ProcessorConfig, ProcessorKind};
use tidegate_core::stage::Processor;
use tidegate_core::{Kind, Kinds};
use tidegate_wire::event::Hints;

use super::{CiliumDecode, Decoder};

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "cilium_decode",
    about: "Turns frames of Cilium's monitor socket into events",
    keys: KEYS,
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

const KEYS: &[Key] = &[Key {
    name: "cilium_version",
    default: "\"\"",
    effect: "release of the Cilium agent, such as \"1.12\"; without it the events tell, and the first ones of 1.12 may be taken for 1.13's",
}];

/// Configuration of `cilium_decode`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Release of the agent behind the socket, as `"major.minor"` with whatever follows: `"1.12"`, `"v1.17.3"`.
    ///
    /// It settles the two event layouts that no version byte tells apart. Empty (the default): the stream settles
    /// them, and events before the first telling one are read by what their bytes look like, with a note
    /// `drop_v1_header_guessed` or `trace_sock_layout_guessed`. Worth setting on Cilium 1.12 only.
    pub cilium_version: String,
}

impl Config {
    fn hints(&self) -> Option<Hints> {
        if self.cilium_version.is_empty() {
            return Some(Hints::default());
        }
        let version = self.cilium_version.strip_prefix('v').unwrap_or(&self.cilium_version);
        let mut parts = version.split(['.', '-', '+']);
        let (major, minor) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Hints::for_release(major, minor))
    }
}

impl ProcessorConfig for Config {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[Kind::Frame])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input.without(self.consumes()).union(Kinds::of(&[Kind::Event, Kind::AgentEvent, Kind::DebugEvent, Kind::Lost]))
    }

    fn build(&self, _context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        let hints = self.hints().ok_or_else(|| BuildError {
            key: "cilium_version",
            message: format!("{:?} is no Cilium release; write it as \"1.18\"", self.cilium_version),
        })?;
        Ok(Box::new(CiliumDecode { decoder: Decoder { hints, ..Decoder::default() } }))
    }
}
