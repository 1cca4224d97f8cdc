//! Frames on their way from one thread to another.

use crate::batch::Batch;
use crate::record::{Frame, Record};

/// A batch whose frames lie one behind the other. The places of records are cache lines apart,
/// since each has room for a flow: to fetch them from another processor's cache takes as long as to
/// decode what the frames are about. So a thread that reads leaves the places to the one that goes
/// on with the records, and can do without any
/// ([`Pool::without_slots`](crate::Pool::without_slots)).
#[derive(Debug, Default)]
pub struct FrameBatch {
    batch: Batch,
    frames: Vec<Frame>,
}

impl FrameBatch {
    /// Frames in the bytes of a batch, to follow the records that it has.
    #[must_use]
    pub fn new(batch: Batch, frames: Vec<Frame>) -> Self {
        Self { batch, frames }
    }

    /// The batch without its frames, and the frames.
    #[must_use]
    pub fn into_parts(self) -> (Batch, Vec<Frame>) {
        (self.batch, self.frames)
    }

    /// Memory that the batch holds for records and bytes, as [`Batch::allocated`].
    #[must_use]
    pub fn allocated(&self) -> usize {
        self.batch.allocated()
    }

    /// Number of records.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.len() + self.frames.len()
    }

    /// Whether there is no record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The batch, with all frames in their places.
    #[must_use]
    pub fn unpack(self) -> Batch {
        if self.frames.is_empty() {
            return self.batch;
        }
        let (mut batch, mut frames) = (self.batch.with_slots(), self.frames.into_iter());
        batch.push_frames(|_| frames.next());
        batch
    }

    /// What the frames say that Cilium lost.
    pub fn lost(&self) -> u64 {
        let of = |record: &Record| match record {
            Record::Frame(frame) => frame.lost,
            _ => 0,
        };
        let packed = self.frames.iter().map(|frame| frame.lost);
        self.batch
            .records()
            .iter()
            .map(of)
            .chain(packed)
            .fold(0, u64::saturating_add)
    }

    /// As [`Batch::shrink`].
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
        let of = |record: &Record| match record {
            Record::Frame(frame) => *frame,
            other => panic!("{other:?}"),
        };
        batch.records().iter().map(of).collect()
    }

    #[test]
    fn frames_follow_the_records_and_what_they_say_was_lost_adds_up() {
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
    fn few_frames_let_go_of_the_memory_that_they_do_not_use() {
        let held = |frames: u64| {
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
        assert_eq!(held(10), (1000, 10));
        assert_eq!(held(400), (full, 500));
    }
}
