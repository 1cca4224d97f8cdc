//! Batches whose frames are packed, for passing them between threads.

use crate::batch::Batch;
use crate::record::{Frame, Record};

/// A batch with its frames in a contiguous vector. Record slots are several cache lines apart
/// because each has room for a flow, and fetching them from another core's cache takes as long as
/// decoding the frames. A reading thread therefore takes batches without slots
/// ([`Pool::without_slots`](crate::Pool::without_slots)), and the thread that processes the records
/// adds the slots.
#[derive(Debug, Default)]
pub struct FrameBatch {
    batch: Batch,
    frames: Vec<Frame>,
}

impl FrameBatch {
    /// Creates a batch whose `frames` follow its records. Their data is in the batch's bytes.
    #[must_use]
    pub fn new(batch: Batch, frames: Vec<Frame>) -> Self {
        Self { batch, frames }
    }

    /// Returns the batch without the packed frames, and the frames.
    #[must_use]
    pub fn into_parts(self) -> (Batch, Vec<Frame>) {
        (self.batch, self.frames)
    }

    /// Memory allocated for records and bytes, as in [`Batch::allocated`].
    #[must_use]
    pub fn allocated(&self) -> usize {
        self.batch.allocated()
    }

    /// Number of records, packed frames included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.len() + self.frames.len()
    }

    /// Whether there are no records.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the batch with all frames moved to record slots.
    #[must_use]
    pub fn unpack(self) -> Batch {
        if self.frames.is_empty() {
            return self.batch;
        }
        let mut batch = self.batch.with_slots();
        let mut frames = self.frames.into_iter();
        batch.push_frames(|_| frames.next());
        batch
    }

    /// Number of events that the frames report as lost by Cilium.
    pub fn lost(&self) -> u64 {
        let lost = |record: &Record| match record {
            Record::Frame(frame) => frame.lost,
            _ => 0,
        };
        let packed = self.frames.iter().map(|frame| frame.lost);
        self.batch
            .records()
            .iter()
            .map(lost)
            .chain(packed)
            .fold(0, u64::saturating_add)
    }

    /// Frees unused memory, as [`Batch::shrink`] does.
    pub fn shrink(&mut self) {
        self.batch.shrink();
        if self.frames.len() < self.frames.capacity() / 2 {
            self.frames.shrink_to_fit();
        }
    }
}

impl From<Batch> for FrameBatch {
    fn from(batch: Batch) -> Self {
        Self {
            batch,
            frames: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::FrameBatch;
    use crate::batch::{Batch, Pool};
    use crate::record::{Frame, Record};

    fn frame(seq: u64, lost: u64) -> Frame {
        Frame {
            seq,
            lost,
            ..Frame::default()
        }
    }

    fn frames(batch: &Batch) -> Vec<Frame> {
        let frame = |record: &Record| match record {
            Record::Frame(frame) => *frame,
            other => panic!("{other:?}"),
        };
        batch.records().iter().map(frame).collect()
    }

    #[test]
    fn frames_follow_the_records_and_their_lost_counts_add_up() {
        let mut batch = Batch::new();
        batch.push(Record::Frame(frame(1, 5)));
        let packed = FrameBatch::new(batch, vec![frame(2, 0), frame(3, 7)]);
        assert_eq!((packed.len(), packed.lost()), (3, 12));
        assert_eq!(
            frames(&packed.unpack()),
            [frame(1, 5), frame(2, 0), frame(3, 7)]
        );
    }

    #[test]
    fn shrinking_frees_memory_if_there_are_few_frames() {
        let allocated_after_shrinking = |frames: u64| {
            let mut packed = FrameBatch::new(
                Pool::default().without_slots().take(),
                Vec::with_capacity(500),
            );
            for seq in 0..frames {
                packed.batch.push_bytes(&[7; 100]);
                packed.frames.push(frame(seq, 0));
            }
            packed.shrink();
            assert_eq!(packed.len() as u64, frames);
            (packed.batch.allocated(), packed.frames.capacity())
        };
        let full = Pool::default().without_slots().take().allocated();
        assert_eq!(allocated_after_shrinking(10), (1000, 10));
        assert_eq!(allocated_after_shrinking(400), (full, 500));
    }
}
