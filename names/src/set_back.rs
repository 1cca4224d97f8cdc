//! Follows a wall clock that is set back.
//!
//! Announcements and lists are put in order by their times. If the clock is set back by an hour, all
//! that the table has would be newer than what follows, and lists would be ignored for an hour. So its
//! times are set back, too, by as much: their order stays, and what follows is newer.

use std::time::Duration;

use tidegate_model::Timestamp;

use crate::table::NameTable;

impl NameTable {
    /// Notes a time that something in the table has.
    pub(crate) fn note_time(&mut self, time: Timestamp) {
        self.latest = self.latest.max(time);
    }

    /// Sets all times back so that all are before `now`. Does nothing if another pipeline has had it
    /// done.
    pub(crate) fn set_back(&mut self, now: Timestamp) {
        let by = self.latest.since(now);
        if by.is_zero() {
            return;
        }
        let by = by + Duration::from_nanos(1);
        self.latest = self.latest - by;
        self.addresses.set_back(by);
        self.prefixes.set_back(by);
        self.endpoints.set_back(by);
        self.wanted.set_back(by);
        self.identities.set_back(by);
        self.services.set_back(by);
        self.cgroups.set_back(by);
        self.dns.set_back(by);
        self.node.set_back(by);
        self.policies.set_back(by);
        self.workloads.set_back(by);
        self.lists.set_back(by);
        self.tombstones.set_back(by);
        self.tails.set_back(by);
        self.positions.set_back(by);
        self.connection.set_back(by);
    }
}
