//! Values that many components' configurations share.

mod quantity;
mod secret;
mod signals;

pub use quantity::{ByteSize, HumanDuration};
pub use secret::{MASK, mask_url, url_secrets};
pub use signals::Signals;

use serde::Deserialize;

use crate::component::Key;
use crate::limits::{Limits, WhenFull};

/// The `queue` table of a component: its inbox, or the outbox of a receiver. Every key is optional.
/// `Policy` is what `when_full` can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queue<Policy = WhenFull> {
    /// Records at most.
    pub records: Option<std::num::NonZeroUsize>,
    /// Bytes at most.
    pub bytes: Option<ByteSize>,
    /// What happens to what does not fit.
    pub when_full: Option<Policy>,
}

/// What can happen when the inbox of an exporter is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExporterPolicy {
    /// [`WhenFull::Block`] if every receiver that feeds the exporter [can
    /// wait](crate::component::ReceiverConfig::can_wait), else [`WhenFull::DropNewest`].
    #[default]
    Auto,
    /// [`WhenFull::Block`]
    Block,
    /// [`WhenFull::DropNewest`]
    DropNewest,
    /// [`WhenFull::DropOldest`]
    DropOldest,
}

impl ExporterPolicy {
    /// What happens, unless that depends on the wiring.
    #[must_use]
    pub fn fixed(self) -> Option<WhenFull> {
        match self {
            Self::Auto => None,
            Self::Block => Some(WhenFull::Block),
            Self::DropNewest => Some(WhenFull::DropNewest),
            Self::DropOldest => Some(WhenFull::DropOldest),
        }
    }
}

impl From<WhenFull> for ExporterPolicy {
    fn from(when_full: WhenFull) -> Self {
        match when_full {
            WhenFull::Block => Self::Block,
            WhenFull::DropNewest => Self::DropNewest,
            WhenFull::DropOldest => Self::DropOldest,
        }
    }
}

const RECORDS: Key = Key {
    name: "records",
    default: "16384",
    effect: "records that it holds at most; points of metrics do not count, of which the newest one of each series waits beside them",
};
const BYTES: Key = Key {
    name: "bytes",
    default: "\"2MiB\"",
    effect: "bytes of memory that it holds at most; raise it to ride out longer bursts",
};

/// The keys of the table in a processor.
pub const QUEUE_KEYS: &[Key] = &[
    RECORDS,
    BYTES,
    Key {
        name: "when_full",
        default: "\"block\"",
        effect: "\"block\" lets the sender wait, \"drop_newest\" and \"drop_oldest\" drop with a count",
    },
];

/// The keys of the table in an exporter.
pub const EXPORTER_QUEUE_KEYS: &[Key] = &[
    RECORDS,
    BYTES,
    Key {
        name: "when_full",
        default: "\"auto\"",
        effect: "\"block\" lets the sender wait, \"drop_newest\" and \"drop_oldest\" drop with a count; \"auto\" is \"block\" where every receiver that feeds the exporter can wait, as a recording can, else \"drop_newest\", so that no exporter holds up another one",
    },
];

impl<Policy> Default for Queue<Policy> {
    fn default() -> Self {
        Self {
            records: None,
            bytes: None,
            when_full: None,
        }
    }
}

impl<Policy> Queue<Policy> {
    /// The limits, with `default` for what is not given.
    #[must_use]
    pub fn limits(
        self,
        default: Limits,
        when_full: impl FnOnce(Policy) -> Option<WhenFull>,
    ) -> Limits {
        Limits {
            records: self
                .records
                .map_or(default.records, std::num::NonZeroUsize::get),
            bytes: self.bytes.map_or(default.bytes, ByteSize::get),
            when_full: self
                .when_full
                .and_then(when_full)
                .unwrap_or(default.when_full),
            ..default
        }
    }
}

impl From<Queue> for Queue<ExporterPolicy> {
    fn from(
        Queue {
            records,
            bytes,
            when_full,
        }: Queue,
    ) -> Self {
        Self {
            records,
            bytes,
            when_full: when_full.map(ExporterPolicy::from),
        }
    }
}
