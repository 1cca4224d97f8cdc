//! Removes what is kept for a limited time.

use std::time::Duration;

use tidegate_model::Timestamp;

use crate::table::NameTable;

/// How long addresses of earlier connections are used after the agent has restarted, unless they are
/// announced or listed again.
const MAX_AGE_AFTER_RESTART: Duration = Duration::from_secs(60);

impl NameTable {
    /// When [`Self::expire`] has something to do.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        [
            self.tails.deadline(),
            self.tombstones.deadline(),
            self.dns.deadline(),
            self.sweep_deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Removes what has expired.
    pub(crate) fn expire(&mut self, now: Timestamp) {
        while let Some(deleted) = self.tails.next(Some(now)) {
            self.remove_deleted(deleted);
        }
        self.tombstones.expire(now);
        let Self { dns, versions, .. } = self;
        dns.expire(now, |address| versions.address_changed(address));
        if self
            .sweep_deadline()
            .is_some_and(|deadline| deadline <= now)
        {
            self.connection.is_swept = true;
            self.sweep_addresses(self.connection.since);
        }
    }

    /// When addresses of earlier connections are removed. That is done only if the agent has started
    /// again, so that it announces all addresses, and if its API feeds the table, so that they can be
    /// had again in any case.
    fn sweep_deadline(&self) -> Option<Timestamp> {
        let connection = &self.connection;
        let is_listed = self.lists.completed_addresses().is_some();
        let is_due = connection.has_started && !connection.is_swept && is_listed;
        is_due.then(|| connection.since + MAX_AGE_AFTER_RESTART)
    }
}
