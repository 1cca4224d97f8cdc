//! The `queue` table of a component.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::declaration::{Key, Table as _};
use super::quantity::ByteSize;
use crate::limits::{Limits, WhenFull};

/// Declares the table; `$Policy` is what `when_full` chooses from.
macro_rules! queue {
    ($(#[doc = $about:literal])+ $Queue:ident, $Policy:ty) => {
        crate::config_table! {
            $(#[doc = $about])+
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub struct $Queue {
                /// The number of records that it holds at most. Metric points are not counted: the
                /// newest point of each series waits beside the records.
                pub records: Option<NonZeroUsize> = None,
                /// The memory that it holds at most. Raise it to absorb longer bursts.
                pub bytes: Option<ByteSize> = None,
                /// What happens when it is full.
                pub when_full: Option<$Policy> = None,
            }
        }

        impl $Queue {
            /// A queue with these limits.
            #[must_use]
            pub fn of(limits: Limits, when_full: $Policy) -> Self {
                Self {
                    records: NonZeroUsize::new(limits.records),
                    bytes: Some(ByteSize::new(limits.bytes)),
                    when_full: Some(when_full),
                }
            }

            /// The limits, with `default` for what is not given. `when_full` resolves the policy.
            #[must_use]
            pub fn limits(
                self,
                default: Limits,
                when_full: impl FnOnce($Policy) -> Option<WhenFull>,
            ) -> Limits {
                Limits {
                    records: self.records.map_or(default.records, NonZeroUsize::get),
                    bytes: self.bytes.map_or(default.bytes, ByteSize::get),
                    when_full: self
                        .when_full
                        .and_then(when_full)
                        .unwrap_or(default.when_full),
                    ..default
                }
            }
        }
    };
}

queue! {
    /// The inbox of a processor, or the outbox of a receiver.
    Queue, WhenFull
}

queue! {
    /// The inbox of an exporter.
    ExporterQueue, ExporterPolicy
}

crate::config_table! {
    /// The requests of an exporter that keeps them until they are delivered, in addition to its inbox.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct RequestQueue {
        /// The memory of compressed requests that wait for delivery, those in flight included. When
        /// it is full, records wait in the inbox. Raise it to bridge longer outages.
        pub requests: Option<ByteSize> = None,
        /// Keeps requests on disk, too, so that they survive the end of the process.
        pub disk: Option<DiskQueue> = None,
    }
}

crate::config_table! {
    /// A queue on disk.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct DiskQueue {
        /// The directory of the queue, which is created for its owner alone. Each exporter and each
        /// process needs one of its own.
        #[sample = "\"/var/lib/tidegate/otlp\""]
        pub path: PathBuf,
        /// The bytes that it takes at most, 16MiB or more. When it is full, the oldest records are
        /// dropped as `queue_evicted`; with `when_full = "block"`, the sources wait.
        pub bytes: ByteSize = ByteSize::new(1 << 30),
        /// Whether each request is on the disk itself before it is sent, so that it survives a crash
        /// of the machine, too. Otherwise the kernel writes it within about half a minute.
        pub fsync: bool = false,
    }
}

impl DiskQueue {
    /// The least of [`Self::bytes`].
    pub const MIN_BYTES: usize = 16 << 20;
}

impl ExporterQueue {
    /// The keys of the table in an exporter that keeps requests.
    pub const KEYS_WITH_REQUESTS: &'static [Key] = &[
        Self::KEYS[0],
        Self::KEYS[1],
        Self::KEYS[2],
        RequestQueue::KEYS[0],
        RequestQueue::KEYS[1],
    ];
}

crate::config_choice! {
    /// What can happen when the inbox of an exporter is full.
    pub enum ExporterPolicy = Auto {
        /// `block` if every receiver that feeds the exporter can wait, as a recording can;
        /// otherwise `drop_newest`, so that a slow exporter does not hold up the others.
        Auto = "auto",
        /// The sender waits.
        Block = "block",
        /// Records that do not fit are dropped and counted.
        DropNewest = "drop_newest",
        /// The oldest records are dropped and counted to make room.
        DropOldest = "drop_oldest",
    }
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

impl From<Queue> for ExporterQueue {
    fn from(queue: Queue) -> Self {
        Self {
            records: queue.records,
            bytes: queue.bytes,
            when_full: queue.when_full.map(ExporterPolicy::from),
        }
    }
}
