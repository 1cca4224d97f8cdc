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

/// What happens when an edge is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenFull {
    /// The sender waits: backpressure.
    #[default]
    Block,
    /// What does not fit is dropped.
    DropNewest,
    /// What has waited longest is dropped to make room.
    DropOldest,
}

impl WhenFull {
    /// The name in configuration files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::DropNewest => "drop_newest",
            Self::DropOldest => "drop_oldest",
        }
    }
}
