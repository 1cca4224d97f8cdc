//! What was deleted, for lists that were requested before.

use std::collections::VecDeque;
use std::time::Duration;

use hashbrown::HashMap;
use tidegate_model::Timestamp;

use crate::prefix::Prefix;
use crate::times::set_back;

/// The longest time between the request of a list and its end.
const LIFETIME: Duration = Duration::from_secs(120);
/// The largest number of tombstones. Beyond it, the oldest are removed.
const MAX: usize = 65_536;

/// What was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum DeletedKey {
    /// An address or prefix.
    Prefix(Prefix),
    /// An endpoint.
    Endpoint(u64),
}

/// When things were deleted.
#[derive(Debug, Default)]
pub(crate) struct Tombstones {
    times: HashMap<DeletedKey, Timestamp>,
    /// In the order of the deletions; some of them may have been announced again.
    order: VecDeque<(Timestamp, DeletedKey)>,
}

impl Tombstones {
    /// Notes a deletion.
    pub(crate) fn add(&mut self, key: DeletedKey, time: Timestamp) {
        self.times.insert(key, time);
        self.order.push_back((time, key));
        while self.order.len() > MAX {
            self.remove_oldest();
        }
    }

    /// Notes that something exists again.
    pub(crate) fn remove(&mut self, key: DeletedKey) {
        self.times.remove(&key);
    }

    /// Whether something was deleted after a list was requested.
    pub(crate) fn is_deleted_since(&self, key: DeletedKey, asked: Timestamp) -> bool {
        self.times.get(&key).is_some_and(|time| *time > asked)
    }

    /// When the oldest tombstone is removed.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        self.order.front().map(|(time, _)| *time + LIFETIME)
    }

    /// Removes tombstones that no list needs any more.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        while self.deadline().is_some_and(|deadline| deadline <= now) {
            self.remove_oldest();
        }
    }

    pub(crate) fn set_back(&mut self, by: Duration) {
        let times = self.order.iter_mut().map(|(time, _)| time);
        set_back(times.chain(self.times.values_mut()), by);
    }

    fn remove_oldest(&mut self) {
        let Some((time, key)) = self.order.pop_front() else {
            return;
        };
        if self.times.get(&key) == Some(&time) {
            self.times.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_is_remembered_for_two_minutes_or_until_it_exists_again() {
        let key = DeletedKey::Endpoint(7);
        let mut tombstones = Tombstones::default();
        tombstones.add(key, Timestamp(10));
        assert!(tombstones.is_deleted_since(key, Timestamp(9)));
        assert!(!tombstones.is_deleted_since(key, Timestamp(10)));
        tombstones.remove(key);
        assert!(!tombstones.is_deleted_since(key, Timestamp(9)));
        tombstones.add(key, Timestamp(20));
        tombstones.expire(Timestamp(10) + LIFETIME);
        assert!(tombstones.is_deleted_since(key, Timestamp(19)));
        tombstones.expire(Timestamp(20) + LIFETIME);
        assert!(!tombstones.is_deleted_since(key, Timestamp(19)));
        assert_eq!(tombstones.deadline(), None);
    }

    #[test]
    fn the_number_of_tombstones_is_limited() {
        let mut tombstones = Tombstones::default();
        for id in 0..=MAX as u64 {
            tombstones.add(DeletedKey::Endpoint(id), Timestamp(id + 1));
        }
        assert_eq!(tombstones.times.len(), MAX);
        assert!(!tombstones.is_deleted_since(DeletedKey::Endpoint(0), Timestamp(0)));
    }
}
