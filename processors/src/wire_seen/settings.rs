//! The keys that the stages with a wire source share.

use std::time::Duration;

use tidegate_core::component::{BuildError, Key};

/// Documentation of `wire`.
pub(crate) const WIRE: Key = Key {
    name: "wire",
    default: "true",
    effect: "whether messages are also read from captured packets, where no proxy reports them; false leaves it to Cilium's L7 policies",
};

/// Documentation of `hold`.
pub(crate) const HOLD: Key = Key {
    name: "hold",
    default: "\"1s\"",
    effect: "how long a message from a packet waits for other reports of the same message; raise it if proxies' records come late, at the price of memory and delay",
};

/// Documentation of `pending`.
pub(crate) const PENDING: Key = Key {
    name: "pending",
    default: "16384",
    effect: "messages that wait at most; beyond it the oldest are handed on early, with the note `wire_table_full`",
};

const MOST_PENDING: usize = 1 << 24;

/// Their values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) hold: Duration,
    pub(crate) pending: usize,
}

impl Settings {
    /// Checks what the types do not.
    pub(crate) fn check(self) -> Result<Self, BuildError> {
        if self.hold > Duration::from_secs(3600) {
            return Err(BuildError { key: HOLD.name, message: "hold is an hour at most".into() });
        }
        if !(1..=MOST_PENDING).contains(&self.pending) {
            return Err(BuildError { key: PENDING.name, message: format!("pending is 1 to {MOST_PENDING}") });
        }
        Ok(self)
    }
}
