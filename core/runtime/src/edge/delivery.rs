//! A batch in an edge.

use std::sync::Arc;

use tidegate_model::batch::{Batch, FrameBatch};
use tidegate_model::record::{Frame, Kind, Kinds, Record};

use crate::ledger::Ticket;

/// A batch for a stage, with the ticket for its records.
#[derive(Debug)]
pub struct Delivery {
    batch: Arc<Batch>,
    /// Frames of a receiver that are not among the records yet.
    frames: Vec<Frame>,
    wanted: Kinds,
    /// The weight of the batch, computed when it is first needed: it visits every record,
    /// and most batches do not wait behind another one.
    pub(super) weight: Option<usize>,
    pub(super) ticket: Ticket,
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

    pub(crate) fn packed(packed: FrameBatch, ticket: Ticket) -> Self {
        let (batch, frames) = packed.into_parts();
        Self {
            frames,
            ..Self::new(Arc::new(batch), Kinds::ALL, ticket)
        }
    }

    pub(crate) fn points(batch: Batch, ticket: Ticket) -> Self {
        Self::new(Arc::new(batch), Kinds::of(&[Kind::Metric]), ticket)
    }

    /// Returns the batch with the records for the stage, and the ticket.
    pub(crate) fn unpack(self) -> (Batch, Ticket) {
        let mut batch = Arc::try_unwrap(self.batch).unwrap_or_else(|shared| shared.copy());
        if self.wanted != Kinds::ALL {
            batch.retain(self.wanted);
        }
        (FrameBatch::new(batch, self.frames).unpack(), self.ticket)
    }

    /// The kinds of records in the batch that the ticket is for.
    #[must_use]
    pub fn kinds(&self) -> Kinds {
        self.wanted
    }

    /// The records for the stage; the ticket is for exactly these.
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

    /// Returns the batch and the ticket, which is for the records of [these kinds](Self::kinds).
    pub fn into_parts(self) -> (Arc<Batch>, Ticket) {
        (self.batch, self.ticket)
    }

    /// The ticket, for stating outcomes one by one.
    pub fn ticket(&mut self) -> &mut Ticket {
        &mut self.ticket
    }

    /// States that all records were delivered or aggregated.
    pub fn absorbed(self) {
        self.ticket.absorb_all();
    }

    /// States that all records are lost.
    pub fn dropped(self, reason: &'static str) {
        self.ticket.drop_all(reason);
    }

    pub(super) fn weigh(&mut self) -> usize {
        *self.weight.get_or_insert_with(|| {
            self.batch.weight() + self.frames.capacity() * size_of::<Frame>()
        })
    }

    /// Drops the records because the stage has ended.
    pub(super) fn abandoned(self) {
        self.ticket.abandon_all();
    }
}
