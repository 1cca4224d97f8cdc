//! A list of records that reuses its slots. A record starts as a frame of about fifty bytes in a
//! slot that has room for a flow. Frames are written in place, because moving a record copies the
//! whole slot.

use crate::record::{Frame, Record};

/// The list. Slots past `len` are vacant and own no heap memory.
#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Record>,
    len: usize,
    /// Indices of the records that `retain_mut` removes. Kept to reuse its allocation.
    removed: Vec<usize>,
}

impl Slots {
    /// Creates an empty list with room for `records` records.
    pub(super) fn with_capacity(records: usize) -> Self {
        Self {
            slots: Vec::with_capacity(records),
            ..Self::default()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Allocated bytes, vacant slots included.
    pub(super) fn memory(&self) -> usize {
        self.slots.capacity() * size_of::<Record>() + self.removed.capacity() * size_of::<usize>()
    }

    pub(super) fn records(&self) -> &[Record] {
        &self.slots[..self.len]
    }

    pub(super) fn records_mut(&mut self) -> &mut [Record] {
        &mut self.slots[..self.len]
    }

    pub(super) fn push(&mut self, record: Record) {
        match self.slots.get_mut(self.len) {
            Some(slot) => *slot = record,
            None => self.slots.push(record),
        }
        self.len += 1;
    }

    /// Inserts records, each before the one with its index, in one pass from the end. The indices
    /// ascend.
    pub(super) fn insert(&mut self, records: Vec<(usize, Record)>) {
        let mut from = self.len;
        records.iter().for_each(|_| self.push(Record::default()));
        let mut to = self.len;
        for (before, record) in records.into_iter().rev() {
            while from > before {
                from -= 1;
                to -= 1;
                self.slots.swap(from, to);
            }
            to -= 1;
            self.slots[to] = record;
        }
    }

    #[inline]
    pub(super) fn push_frame(&mut self, frame: Frame) {
        match self.slots.get_mut(self.len) {
            Some(slot) => slot.overwrite(Record::Frame(frame)),
            None => self.slots.push(Record::Frame(frame)),
        }
        self.len += 1;
    }

    /// Removes the records for which `keep` returns false, and preserves the order of the others.
    #[inline]
    pub(super) fn retain_mut(&mut self, mut keep: impl FnMut(&mut Record) -> bool) {
        let Self {
            slots,
            len,
            removed,
        } = self;
        // A panic in `keep` leaves entries behind, and the batch's memory is reused.
        removed.clear();
        for (at, record) in slots[..*len].iter_mut().enumerate() {
            if !keep(record) {
                removed.push(at);
            }
        }
        if !removed.is_empty() {
            self.close_gaps();
        }
    }

    fn close_gaps(&mut self) {
        let removed = std::mem::take(&mut self.removed);
        let mut kept = removed[0];
        // The records between two removed ones move up.
        for (i, gap) in removed.iter().enumerate() {
            for at in gap + 1..removed.get(i + 1).copied().unwrap_or(self.len) {
                self.slots.swap(kept, at);
                kept += 1;
            }
        }
        self.removed = removed;
        self.truncate(kept);
    }

    pub(super) fn truncate(&mut self, len: usize) {
        if len < self.len {
            self.slots[len..self.len].iter_mut().for_each(Record::clear);
            self.len = len;
        }
    }

    /// Moves all records to a new list without spare capacity.
    pub(super) fn take_fitted(&mut self) -> Self {
        let mut slots = Vec::with_capacity(self.len);
        slots.extend(self.drain_from(0));
        Self {
            len: slots.len(),
            slots,
            ..Self::default()
        }
    }

    /// Removes and returns all but the first `len` records.
    pub(super) fn drain_from(&mut self, len: usize) -> impl Iterator<Item = Record> {
        let start = len.min(self.len);
        let end = std::mem::replace(&mut self.len, start);
        self.slots.drain(start..end)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Slots;
    use crate::flow::{EndpointNames, Flow};
    use crate::record::{Frame, Record};

    fn flow(seq: u64, names: &Arc<EndpointNames>) -> Record {
        let mut flow = Flow {
            seq,
            ..Flow::default()
        };
        flow.source.names = Some(Arc::clone(names));
        Record::Flow(flow)
    }

    fn seqs(slots: &Slots) -> Vec<u64> {
        let seq = |record: &Record| match record {
            Record::Flow(flow) => flow.seq,
            Record::Frame(frame) => frame.seq,
            other => panic!("{other:?}"),
        };
        slots.records().iter().map(seq).collect()
    }

    #[test]
    fn removed_records_are_dropped_and_the_others_keep_their_order() {
        let mut slots = Slots::default();
        let names = Arc::default();
        (1..=6).for_each(|seq| slots.push(flow(seq, &names)));
        slots.retain_mut(
            |record| !matches!(record, Record::Flow(flow) if flow.seq % 3 == 0 || flow.seq == 1),
        );
        assert_eq!(
            (seqs(&slots), Arc::strong_count(&names)),
            (vec![2, 4, 5], 4)
        );
        slots.truncate(0);
        assert_eq!((slots.len(), Arc::strong_count(&names)), (0, 1));
    }

    #[test]
    fn after_a_panic_in_retain_no_later_record_is_lost() {
        let mut slots = Slots::default();
        let names = Arc::default();
        (1..=4).for_each(|seq| slots.push(flow(seq, &names)));
        let panics = |record: &mut Record| match record {
            Record::Flow(flow) if flow.seq == 4 => panic!("a fault"),
            _ => false,
        };
        let result =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| slots.retain_mut(panics)));
        assert!(result.is_err());
        slots.truncate(0);
        (5..=9).for_each(|seq| slots.push(flow(seq, &names)));
        slots.retain_mut(|record| !matches!(record, Record::Flow(flow) if flow.seq == 8));
        assert_eq!(seqs(&slots), vec![5, 6, 7, 9]);
    }

    #[test]
    fn vacant_slots_are_reused() {
        let mut slots = Slots::default();
        let names = Arc::default();
        (1..=6).for_each(|seq| slots.push(flow(seq, &names)));
        let memory = slots.memory();
        slots.truncate(0);
        (1..=3).for_each(|seq| {
            slots.push_frame(Frame {
                seq,
                ..Frame::default()
            })
        });
        (4..=6).for_each(|seq| slots.push(flow(seq, &names)));
        assert_eq!((seqs(&slots), slots.memory()), ((1..=6).collect(), memory));
    }

    #[test]
    fn records_are_inserted_before_those_with_their_indices() {
        let names = Arc::default();
        let cases: [(&[usize], &[u64]); 6] = [
            (&[], &[1, 2, 3]),
            (&[0], &[10, 1, 2, 3]),
            (&[2], &[1, 2, 10, 3]),
            (&[3], &[1, 2, 3, 10]),
            (&[0, 0, 1, 3], &[10, 11, 1, 12, 2, 3, 13]),
            (&[9], &[1, 2, 3, 10]),
        ];
        for (indices, expected) in cases {
            let mut slots = Slots::default();
            (1..=5).for_each(|seq| slots.push(flow(seq, &names)));
            slots.truncate(3);
            let inserted = indices.iter().zip(10..);
            slots.insert(inserted.map(|(at, seq)| (*at, flow(seq, &names))).collect());
            assert_eq!(seqs(&slots), expected, "{indices:?}");
            slots.truncate(0);
            assert_eq!(Arc::strong_count(&names), 1, "{indices:?}");
        }
    }

    #[test]
    fn draining_removes_the_records_past_the_first_ones() {
        let mut slots = Slots::default();
        let names = Arc::default();
        (1..=5).for_each(|seq| slots.push(flow(seq, &names)));
        slots.truncate(4);
        assert_eq!(slots.drain_from(1).count(), 3);
        assert_eq!((seqs(&slots), Arc::strong_count(&names)), (vec![1], 2));
        assert_eq!(slots.drain_from(9).count(), 0);
    }
}
