//! The keys of the stages that look into packets.

use std::time::Duration;

use serde::Deserialize;
use tidegate_runtime::component::{BuildError, Key};
use tidegate_runtime::config::HumanDuration;

use super::PendingMessages;

/// The keys.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Whether messages are also read from captured packets (default `true`). With `false` there
    /// are exactly Hubble's flows, which know requests from L7 policies alone.
    pub(crate) wire: bool,
    /// How long a message from a packet waits for other reports of it (default `"1s"`, at most an
    /// hour). With `"0s"` it waits for the end of its batch only, and can be counted twice. Raise
    /// it if proxies' records come late.
    pub(crate) hold: HumanDuration,
    /// Messages that wait at most (default 4096, at least 1); beyond it the oldest are handed on
    /// early, with a note `wire_table_full`. Some 800 bytes each. Raise it where that note appears.
    pub(crate) pending: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            wire: true,
            hold: HumanDuration(Duration::from_secs(1)),
            pending: 4_096,
        }
    }
}

const LONGEST_HOLD: Duration = Duration::from_secs(3600);
const MOST_PENDING: usize = 1 << 24;

impl Settings {
    pub(crate) const WIRE: Key = Key {
        name: "wire",
        default: "true",
        effect: "whether messages are also read from captured packets, where no proxy reports them; false leaves it to Cilium's L7 policies",
    };
    pub(crate) const HOLD: Key = Key {
        name: "hold",
        default: "\"1s\"",
        effect: "how long a message from a packet waits for other reports of it; raise it if proxies' records come late, at the price of memory and delay",
    };
    pub(crate) const PENDING: Key = Key {
        name: "pending",
        default: "4096",
        effect: "messages that wait at most, at some 800 bytes each; beyond it the oldest are handed on early, with the note `wire_table_full`",
    };
    /// All of them.
    pub(crate) const KEYS: &'static [Key] = &[Self::WIRE, Self::HOLD, Self::PENDING];

    /// The table for these settings; `None` where packets are not looked into.
    pub(crate) fn build(&self) -> Result<Option<PendingMessages>, BuildError> {
        let hold = self.hold.0;
        if hold > LONGEST_HOLD {
            return Err(BuildError {
                key: "hold",
                message: "hold is an hour at most".into(),
            });
        }
        if !(1..=MOST_PENDING).contains(&self.pending) {
            return Err(BuildError {
                key: "pending",
                message: format!("pending is 1 to {MOST_PENDING}"),
            });
        }
        Ok(self.wire.then(|| PendingMessages::new(hold, self.pending)))
    }
}
