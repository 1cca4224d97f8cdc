//! A list of records whose places outlive them. A record begins as a frame of some fifty bytes in a
//! place that has room for a flow: it is written where it is to lie, since to move it there would
//! move the whole place.

use crate::record::{Frame, Record};

/// The list. Places behind its end are vacant, and hold nothing on the heap.
#[derive(Debug, Default)]
pub(super) struct Slots {
    places: Vec<Record>,
    len: usize,
    /// Which records are to leave, while others are asked about; kept for its memory.
    leaving: Vec<usize>,
}

impl Slots {
    /// An empty list that grows no further until it has so many records.
    pub(super) fn with_capacity(records: usize) -> Self {
        Self {
            places: Vec::with_capacity(records),
            ..Self::default()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Bytes of all places, vacant ones included.
    pub(super) fn memory(&self) -> usize {
        self.places.capacity() * size_of::<Record>() + self.leaving.capacity() * size_of::<usize>()
    }

    pub(super) fn records(&self) -> &[Record] {
        &self.places[..self.len]
    }

    pub(super) fn records_mut(&mut self) -> &mut [Record] {
        &mut self.places[..self.len]
    }

    pub(super) fn push(&mut self, record: Record) {
        match self.places.get_mut(self.len) {
            Some(place) => *place = record,
            None => self.places.push(record),
        }
        self.len += 1;
    }

    #[inline]
    pub(super) fn push_frame(&mut self, frame: Frame) {
        match self.places.get_mut(self.len) {
            Some(place) => place.overwrite(Record::Frame(frame)),
            None => self.places.push(Record::Frame(frame)),
        }
        self.len += 1;
    }

    /// Keeps the records that `keep` says, in order.
    #[inline]
    pub(super) fn retain_mut(&mut self, mut keep: impl FnMut(&mut Record) -> bool) {
        let Self {
            places,
            len,
            leaving,
        } = self;
        // A stage that panicked may have left some behind, and its batch's memory is used again.
        leaving.clear();
        for (at, record) in places[..*len].iter_mut().enumerate() {
            if !keep(record) {
                leaving.push(at);
            }
        }
        if !leaving.is_empty() {
            self.close_gaps();
        }
    }

    fn close_gaps(&mut self) {
        let leaving = std::mem::take(&mut self.leaving);
        let mut kept = leaving[0];
        // Behind each record that leaves, those up to the next one move up.
        for (i, gap) in leaving.iter().enumerate() {
            for at in gap + 1..leaving.get(i + 1).copied().unwrap_or(self.len) {
                self.places.swap(kept, at);
                kept += 1;
            }
        }
        self.leaving = leaving;
        self.truncate(kept);
    }

    pub(super) fn truncate(&mut self, len: usize) {
        if len < self.len {
            self.places[len..self.len]
                .iter_mut()
                .for_each(Record::clear);
            self.len = len;
        }
    }

    /// Takes out all records, in places of their own.
    pub(super) fn take_fitted(&mut self) -> Self {
        let mut places = Vec::with_capacity(self.len);
        places.extend(self.drain_from(0));
        Self {
            len: places.len(),
            places,
            ..Self::default()
        }
    }

    /// Takes out the records behind the first `len`.
    pub(super) fn drain_from(&mut self, len: usize) -> impl Iterator<Item = Record> {
        let start = len.min(self.len);
        let end = std::mem::replace(&mut self.len, start);
        self.places.drain(start..end)
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
    fn records_that_are_left_out_hold_nothing_and_the_others_keep_their_order() {
        let (mut slots, names) = (Slots::default(), Arc::default());
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
    fn a_panic_while_records_are_judged_takes_none_of_the_next_ones() {
        let (mut slots, names) = (Slots::default(), Arc::default());
        (1..=4).for_each(|seq| slots.push(flow(seq, &names)));
        let panics = |record: &mut Record| matches!(record, Record::Flow(flow) if flow.seq == 4 && panic!("a fault"));
        let judged =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| slots.retain_mut(panics)));
        assert!(judged.is_err());
        slots.truncate(0);
        (5..=9).for_each(|seq| slots.push(flow(seq, &names)));
        slots.retain_mut(|record| !matches!(record, Record::Flow(flow) if flow.seq == 8));
        assert_eq!(seqs(&slots), vec![5, 6, 7, 9]);
    }

    #[test]
    fn vacant_places_are_used_again() {
        let (mut slots, names) = (Slots::default(), Arc::default());
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
    fn what_is_drained_is_behind_the_others() {
        let (mut slots, names) = (Slots::default(), Arc::default());
        (1..=5).for_each(|seq| slots.push(flow(seq, &names)));
        slots.truncate(4);
        assert_eq!(slots.drain_from(1).count(), 3);
        assert_eq!((seqs(&slots), Arc::strong_count(&names)), (vec![1], 2));
        assert_eq!(slots.drain_from(9).count(), 0);
    }
}
