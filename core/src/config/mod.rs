//! Values that many components' configurations share.

mod quantity;
mod secret;
mod signals;

pub use quantity::{ByteSize, HumanDuration};
pub use secret::{MASK, mask_url, url_secrets};
pub use signals::Signals;

use serde::Deserialize;

use crate::component::Key;
use crate::edge::{Limits, WhenFull};

/// The `queue` table of a component: its inbox, or the outbox of a receiver. Every key is optional.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue {
    /// Records at most.
    pub records: Option<std::num::NonZeroUsize>,
    /// Bytes at most.
    pub bytes: Option<ByteSize>,
    /// What happens to what does not fit.
    pub when_full: Option<WhenFull>,
}

impl Queue {
    /// The keys of the table.
    pub const KEYS: &'static [Key] = &[
        Key { name: "records", default: "16384", effect: "records that it holds at most" },
        Key {
            name: "bytes",
            default: "\"2MiB\"",
            effect: "bytes of memory that it holds at most; raise it to ride out longer bursts",
        },
        Key {
            name: "when_full",
            default: "\"block\"",
            effect: "\"block\" lets the sender wait, \"drop_newest\" and \"drop_oldest\" drop with a count",
        },
    ];

    /// The limits, with `default` for what is not given.
    #[must_use]
    pub fn limits(self, default: Limits) -> Limits {
        Limits {
            records: self.records.map_or(default.records, std::num::NonZeroUsize::get),
            bytes: self.bytes.map_or(default.bytes, ByteSize::get),
            when_full: self.when_full.unwrap_or(default.when_full),
            ..default
        }
    }
}
