//! Random operations, compared with a model.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use super::{DiskLog, IS_FULL, Next, Position, open, payload};

#[derive(Clone, Copy, Debug)]
enum Operation {
    Append(usize),
    /// Appends while the disk is full.
    AppendToFull(usize),
    /// Acknowledges one of the held entries.
    Acknowledge(usize),
    /// Releases the oldest entry that was appended and not released.
    Release,
    Next,
    Restart,
}

/// What a log should contain.
struct Model {
    /// Entries that were appended, and are neither acknowledged nor released.
    appended: VecDeque<Position>,
    /// Entries that were read or taken for processing.
    in_flight: Vec<Position>,
    /// Entries to be read, with the lengths of their payloads.
    waiting: BTreeMap<Position, usize>,
    lens: BTreeMap<u64, usize>,
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => (0_usize..6000).prop_map(Operation::Append),
        1 => (0_usize..6000).prop_map(Operation::AppendToFull),
        4 => (0_usize..8).prop_map(Operation::Acknowledge),
        2 => Just(Operation::Release),
        3 => Just(Operation::Next),
        1 => Just(Operation::Restart),
    ]
}

impl Model {
    fn append(&mut self, log: &mut DiskLog, len: usize, is_full: bool) {
        let payload = payload(log.next_seq(), len);
        IS_FULL.set(is_full);
        let appended = log.append([1, 2, 3], 1, &payload);
        IS_FULL.set(false);
        for segment in appended.evicted {
            self.appended.retain(|at| at.segment != segment);
            self.in_flight.retain(|at| at.segment != segment);
            self.waiting.retain(|at, _| at.segment != segment);
        }
        if let Ok(at) = appended.at {
            assert!(!is_full);
            self.appended.push_back(at);
            self.lens.insert(at.seq, len);
        }
    }

    fn next(&mut self, log: &mut DiskLog) {
        let expected = self.waiting.pop_first();
        let read = log.read_next();
        let Some((at, len)) = expected else {
            return assert_eq!(read, None);
        };
        let Some(Next::Entry(entry)) = read else {
            panic!("{read:?} in place of {at:?}")
        };
        assert_eq!((entry.at, entry.payload), (at, payload(at.seq, len)));
        self.in_flight.push(at);
    }

    fn acknowledge(&mut self, log: &mut DiskLog, index: usize) {
        let at = match self.in_flight.is_empty() {
            true => self.appended.pop_front(),
            false => Some(self.in_flight.remove(index % self.in_flight.len())),
        };
        if let Some(at) = at {
            log.acknowledge(at).unwrap();
        }
    }

    fn release(&mut self, log: &mut DiskLog) {
        if let Some(at) = self.appended.pop_front() {
            log.release(at);
            self.waiting.insert(at, self.lens[&at.seq]);
        }
    }

    fn restart(&mut self) {
        let held = self.appended.drain(..).chain(self.in_flight.drain(..));
        let lens = &self.lens;
        self.waiting.extend(held.map(|at| (at, lens[&at.seq])));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_log_returns_what_its_model_does(operations in prop::collection::vec(operation(), 1..120)) {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path());
        let mut model = Model {
            appended: VecDeque::new(),
            in_flight: Vec::new(),
            waiting: BTreeMap::new(),
            lens: BTreeMap::new(),
        };
        for operation in operations {
            match operation {
                Operation::Append(len) => model.append(&mut log, len, false),
                Operation::AppendToFull(len) => model.append(&mut log, len, true),
                Operation::Acknowledge(index) => model.acknowledge(&mut log, index),
                Operation::Release => model.release(&mut log),
                Operation::Next => model.next(&mut log),
                Operation::Restart => {
                    drop(log);
                    let (reopened, recovery) = open(folder.path());
                    log = reopened;
                    model.restart();
                    let entries: u64 = recovery.segments.iter().map(|one| one.entries).sum();
                    prop_assert_eq!((entries, recovery.damaged), (model.waiting.len() as u64, 0));
                }
            }
            prop_assert_eq!(log.waiting(), model.waiting.len() as u64);
            prop_assert!(log.bytes() <= 64 << 10, "{} bytes", log.bytes());
        }
    }
}
