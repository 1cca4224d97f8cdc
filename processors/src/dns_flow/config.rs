//! Configuration of `dns_flow`.

use serde::Deserialize;
use tidegate_core::component::{BuildContext, BuildError, ComponentKind, Key, ProcessorConfig, ProcessorKind};
use tidegate_core::config::HumanDuration;
use tidegate_core::stage::Processor;
use tidegate_core::{Kind, Kinds};

use super::{DnsFlow, Wire};
use crate::access_log_flow::AccessLogFlows;
use crate::wire_seen::{HOLD, PENDING, Settings, WIRE};

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "dns_flow",
    about: "Makes L7 flows of DNS requests and responses, from proxies' records and from packets",
    keys: KEYS,
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

const KEYS: &[Key] = &[WIRE, HOLD, PENDING];

/// Configuration of `dns_flow`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Whether messages are also read from captured packets (default `true`). Whoever wants exactly Hubble's flows,
    /// which know DNS from L7 policies alone, says `false`.
    pub wire: bool,
    /// How long a message from a packet waits for other reports of it (default `"1s"`, at most an hour). With `"0s"`
    /// it waits for the end of its batch only, and can be counted twice. Raise it if proxies' records come late.
    pub hold: HumanDuration,
    /// Messages that wait at most (default 16384, at least 1); beyond it the oldest are handed on early, with a note
    /// `wire_table_full`. Some 500 bytes each. Raise it where that note appears.
    pub pending: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { wire: true, hold: HumanDuration(std::time::Duration::from_secs(1)), pending: 16_384 }
    }
}

impl ProcessorConfig for Config {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[Kind::Event, Kind::Flow])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input.union(Kinds::of(&[Kind::Flow]))
    }

    fn build(&self, _context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        let settings = Settings { hold: self.hold.0, pending: self.pending }.check()?;
        let wire = self.wire.then(|| Wire::new(settings));
        Ok(Box::new(DnsFlow { flows: AccessLogFlows::default(), wire }))
    }
}
