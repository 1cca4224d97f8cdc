//! The limits of an edge.

/// The bounds of an edge, and its policy when it is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Maximum number of records. A single batch larger than this is let through when the edge is
    /// empty.
    pub records: usize,
    /// Maximum number of bytes: the memory that batches hold, with packet bytes and texts, used or
    /// not.
    pub bytes: usize,
    /// The policy for a batch that does not fit.
    pub when_full: WhenFull,
    /// Maximum number of metric series: those with a queued point and, in front of an exporter,
    /// those that it received and that have not ended. Points do not count as records.
    pub series: usize,
}

impl Limits {
    /// The default limits of an inbox. The limit of series has room for ten metrics with the
    /// maximum number of series each.
    pub const DEFAULT: Self = Self {
        records: 16_384,
        bytes: 2 << 20,
        when_full: WhenFull::Block,
        series: 1 << 20,
    };

    /// The most records in a batch of a receiver.
    pub const BATCH_RECORDS: usize = 360;

    /// The most bytes of input in a batch of a receiver, except of one long frame.
    pub const BATCH_BYTES: usize = 64 << 10;

    /// The keys of the bounds that are less than a receiver's batch, each with the size of a batch.
    pub fn below_a_batch(&self) -> impl Iterator<Item = (&'static str, String)> {
        let records = format!("a batch has up to {} records", Self::BATCH_RECORDS);
        let bytes = format!(
            "a batch has up to {} KiB and its records",
            Self::BATCH_BYTES >> 10
        );
        let bounds = [
            (self.records < Self::BATCH_RECORDS, "queue.records", records),
            (self.bytes < Self::BATCH_BYTES, "queue.bytes", bytes),
        ];
        let below = bounds.into_iter().filter(|(is_below, ..)| *is_below);
        below.map(|(_, key, text)| (key, text))
    }

    /// Whether both have the same bounds, whatever their policies.
    pub(crate) fn are_alike(&self, other: &Self) -> bool {
        Self {
            when_full: other.when_full,
            ..*self
        } == *other
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

crate::config_choice! {
    /// The policy of a full edge.
    pub enum WhenFull = Block {
        /// The sender waits.
        Block = "block",
        /// Records that do not fit are dropped and counted.
        DropNewest = "drop_newest",
        /// The oldest records are dropped and counted to make room.
        DropOldest = "drop_oldest",
    }
}
