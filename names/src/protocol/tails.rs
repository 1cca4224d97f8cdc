//! Deleted pods and endpoints whose names are still used for a short time: the last packets of their
//! connections follow the deletion.

use std::collections::VecDeque;
use std::time::Duration;

use tidegate_model::Timestamp;
use tidegate_model::flow::Address;

use crate::times::set_back;

/// What was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deleted {
    Address(Address),
    Endpoint(u64),
}

/// What is to be removed, in the order of the deletions.
#[derive(Debug, Default)]
pub(crate) struct Tails(VecDeque<(Timestamp, Deleted)>);

impl Tails {
    /// Adds what is to be removed at `deadline`.
    pub(crate) fn add(&mut self, deadline: Timestamp, deleted: Deleted) {
        self.0.push_back((deadline, deleted));
    }

    /// When the next one is to be removed.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        self.0.front().map(|(deadline, _)| *deadline)
    }

    pub(crate) fn set_back(&mut self, by: Duration) {
        set_back(self.0.iter_mut().map(|(deadline, _)| deadline), by);
    }

    /// The next one that is to be removed at `now`; at any time, if `now` is `None`.
    pub(crate) fn next(&mut self, now: Option<Timestamp>) -> Option<Deleted> {
        let deadline = self.deadline()?;
        if now.is_some_and(|now| deadline > now) {
            return None;
        }
        self.0.pop_front().map(|(_, deleted)| deleted)
    }
}
