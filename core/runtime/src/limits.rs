//! The limits of an edge.

/// How much an edge holds, and what happens when it is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Records at most. A single batch larger than this is let through when the edge is empty.
    pub records: usize,
    /// Bytes at most: memory that batches hold, with packet bytes and texts, used or not.
    pub bytes: usize,
    /// What happens to a batch that does not fit.
    pub when_full: WhenFull,
    /// Series at most: those of which a point waits and, in front of an exporter, those that it was
    /// handed and that have not ended. Points do not count as records.
    pub series: usize,
}

impl Limits {
    /// What an inbox has when the configuration does not say otherwise. So many series are ten
    /// metrics of as many series as each of them may have.
    pub const DEFAULT: Self = Self {
        records: 16_384,
        bytes: 2 << 20,
        when_full: WhenFull::Block,
        series: 1 << 20,
    };

    /// Whether both hold the same, whatever happens when they are full.
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
    /// What happens when an edge is full.
    #[derive(serde::Serialize)]
    pub enum WhenFull = Block {
        /// The sender waits.
        Block = "block",
        /// Records that do not fit are dropped and counted.
        DropNewest = "drop_newest",
        /// The oldest records are dropped and counted to make room.
        DropOldest = "drop_oldest",
    }
}
