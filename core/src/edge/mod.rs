//! The bounded channel between two stages: limits in records and in bytes, and a policy for when it
//! is full. The edge belongs to the stage that reads it; what is dropped here is in that stage's
//! books. Points of metrics wait apart from other records, the newest one of each series.

mod blocked;
mod inbox;
mod points;
mod queue;

pub use inbox::Inbox;
pub(crate) use inbox::{Door, Queued};
pub(crate) use points::Reader;
pub use queue::Edge;
pub(crate) use queue::edge;

use std::sync::Arc;

use crate::batch::Batch;
use crate::ledger::Ticket;
use crate::record::{Frame, Kind, Kinds, Record};
use crate::stage::Packed;

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

/// A batch on its way to a stage, with the ticket for its records.
#[derive(Debug)]
pub struct Delivery {
    batch: Arc<Batch>,
    /// Frames that are not among the records yet: a receiver's, on the way to another thread.
    frames: Vec<Frame>,
    wanted: Kinds,
    /// What the batch weighs, once somebody had to know: to weigh it is to look at every record,
    /// and most batches wait behind no other.
    weight: Option<usize>,
    ticket: Ticket,
}

impl Delivery {
    pub(crate) fn new(batch: Arc<Batch>, wanted: Kinds, ticket: Ticket) -> Self {
        Self {
            batch,
            frames: Vec::new(),
            wanted,
            weight: None,
            ticket,
        }
    }

    pub(crate) fn packed(packed: Packed, ticket: Ticket) -> Self {
        let Packed { batch, frames } = packed;
        Self {
            frames,
            ..Self::new(Arc::new(batch), Kinds::ALL, ticket)
        }
    }

    pub(crate) fn points(batch: Batch, ticket: Ticket) -> Self {
        Self::new(Arc::new(batch), Kinds::of(&[Kind::Metric]), ticket)
    }

    /// The batch with the records that the stage gets, and the ticket.
    pub(crate) fn unpack(self) -> (Batch, Ticket) {
        let mut batch = Arc::try_unwrap(self.batch).unwrap_or_else(|shared| shared.copy());
        if self.wanted != Kinds::ALL {
            batch.retain(self.wanted);
        }
        (Packed::new(batch, self.frames).unpack(), self.ticket)
    }

    /// The kinds of records in the batch that the ticket is for.
    #[must_use]
    pub fn kinds(&self) -> Kinds {
        self.wanted
    }

    /// The records that the stage asked for; the ticket is for exactly these.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.batch
            .records()
            .iter()
            .filter(|record| self.wanted.contains(record.kind()))
    }

    /// The bytes that the records refer to.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.batch.bytes()
    }

    /// The batch and the ticket, for a stage that keeps them apart. The ticket is for the records
    /// of [these kinds](Self::kinds).
    pub fn into_parts(self) -> (Arc<Batch>, Ticket) {
        (self.batch, self.ticket)
    }

    /// The ticket, to state outcomes one by one.
    pub fn ticket(&mut self) -> &mut Ticket {
        &mut self.ticket
    }

    /// All its records were delivered, or went into a table.
    pub fn absorbed(self) {
        self.ticket.absorb_all();
    }

    /// All its records are lost.
    pub fn dropped(self, reason: &'static str) {
        self.ticket.drop_all(reason);
    }

    fn weigh(&mut self) -> usize {
        *self.weight.get_or_insert_with(|| {
            self.batch.weight() + self.frames.capacity() * size_of::<Frame>()
        })
    }

    /// The stage that was to read it has ended.
    fn abandoned(self) {
        self.ticket.abandon_all();
    }
}
