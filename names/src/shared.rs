//! One table for all pipelines with the same component.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tidegate_model::Timestamp;
use tidegate_model::flow::{Address, IpVersion};
use tidegate_model::names::{Names, NamesList, NamesSource};
use tidegate_model::record::AgentEvent;

use crate::counts::Counts;
use crate::labels::IdentityLabels;
use crate::policies::{Applied, PolicyVerdict};
use crate::protocol::ReaderId;
use crate::reject_reason::RejectReason;
use crate::settings::Settings;
use crate::table::NameTable;
use crate::versions::Versions;

/// A table that several pipelines share. Flows are named from [views](crate::Views), so that the
/// table is locked only for names that are not in use yet, and for what changes it.
#[derive(Clone, Debug)]
pub struct SharedTable(Arc<Inner>);

struct Inner {
    table: RwLock<NameTable>,
    versions: Arc<Versions>,
    /// When something expires; 0 if nothing does.
    deadline: AtomicU64,
    /// When the next endpoint is to be asked for; `u64::MAX` if there is none.
    wanted_at: AtomicU64,
    readers: AtomicU64,
}

/// Without the table, whose debug output depends on the random keys of its hashes.
impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").finish_non_exhaustive()
    }
}

/// A pipeline's part in a table.
#[derive(Debug)]
pub struct TableWriter {
    table: SharedTable,
    reader: ReaderId,
}

impl SharedTable {
    /// Creates an empty table.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let versions = Arc::new(Versions::default());
        Self(Arc::new(Inner {
            table: RwLock::new(NameTable::new(settings, Arc::clone(&versions))),
            versions,
            deadline: AtomicU64::new(0),
            wanted_at: AtomicU64::new(u64::MAX),
            readers: AtomicU64::new(0),
        }))
    }

    /// Changes the settings. Entries beyond new limits are removed as others replace them.
    pub fn configure(&self, settings: Settings) {
        let mut table = self.write();
        table.settings = settings;
        table.labels.configure(settings.max_entries);
        table.versions.all_changed();
    }

    /// What a pipeline changes the table with.
    #[must_use]
    pub fn writer(&self) -> TableWriter {
        TableWriter {
            table: self.clone(),
            reader: ReaderId(self.0.readers.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// The numbers of entries.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts::of(&self.read())
    }

    /// Takes the number of entries that were removed to make room for others.
    #[must_use]
    pub fn take_evicted(&self) -> u64 {
        std::mem::take(&mut self.write().evicted)
    }

    /// The address of the pod of a control group; `None` if it is unknown.
    #[must_use]
    pub fn cgroup_address(&self, cgroup: u64, version: IpVersion) -> Option<Address> {
        self.read().cgroups.address(cgroup, version)
    }

    /// Whether the control groups of all pods are known.
    #[must_use]
    pub fn has_all_cgroups(&self) -> bool {
        self.read().cgroups.is_complete()
    }

    /// When the last complete list of control groups was requested.
    pub(crate) fn cgroups_listed(&self) -> Option<Timestamp> {
        let lists = &self.read().lists;
        lists.completed(NamesSource::CiliumApi, NamesList::Cgroups)
    }

    /// The next endpoint to ask the agent's API for: it was announced, and no list has all of it.
    #[inline]
    #[must_use]
    pub fn next_wanted_endpoint(&self, now: Timestamp) -> Option<u16> {
        if self.0.wanted_at.load(Ordering::Relaxed) > now.0 {
            return None;
        }
        self.change(|table| table.wanted.next(now))
    }

    /// What decided a policy verdict.
    #[must_use]
    pub fn applied_policies(&self, verdict: PolicyVerdict) -> Applied {
        self.read().policies.applied(verdict)
    }

    /// Whether the log texts of rules are older than the policy.
    #[must_use]
    pub fn has_old_rule_logs(&self) -> bool {
        self.read().policies.has_old_logs()
    }

    pub(crate) fn versions(&self) -> &Versions {
        &self.0.versions
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, NameTable> {
        // A panic while the table was changed would have ended the process's pipelines.
        self.0.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, NameTable> {
        self.0.table.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut NameTable) -> T) -> T {
        let mut table = self.write();
        let result = change(&mut table);
        let deadline = table.deadline().map_or(0, |deadline| deadline.0.max(1));
        self.0.deadline.store(deadline, Ordering::Relaxed);
        let wanted_at = table.wanted.deadline().map_or(u64::MAX, |time| time.0);
        self.0.wanted_at.store(wanted_at, Ordering::Relaxed);
        result
    }
}

impl TableWriter {
    /// The table.
    #[must_use]
    pub fn table(&self) -> &SharedTable {
        &self.table
    }

    /// Applies an announcement.
    ///
    /// # Errors
    /// The announcement is rejected. An entry that it would have replaced stays.
    pub fn apply(&self, event: &AgentEvent) -> Result<(), RejectReason> {
        self.table.change(|table| {
            if table
                .positions
                .is_repeated(self.reader, event.stream, event.time)
            {
                return Ok(());
            }
            table.note_time(event.time);
            table.expire(event.time);
            table.apply(event)
        })
    }

    /// Takes a portion of a list, or its end. Returns why entries were rejected.
    pub fn absorb(&self, names: Names) -> Vec<RejectReason> {
        self.table.change(|table| {
            table.note_time(names.asked);
            table.absorb(names)
        })
    }

    /// Removes what has expired. Returns whether something may have.
    #[inline]
    pub fn expire(&self, now: Timestamp) -> bool {
        let deadline = self.table.0.deadline.load(Ordering::Relaxed);
        let is_due = deadline != 0 && deadline <= now.0;
        if is_due {
            self.table.change(|table| table.expire(now));
        }
        is_due
    }

    /// Notes that the wall clock was set back to `now`.
    pub(crate) fn set_back(&self, now: Timestamp) {
        self.table.change(|table| table.set_back(now));
    }

    /// Learns the labels of an identity from a proxy's record.
    ///
    /// # Errors
    /// There are too many labels. Those that are known of the identity stay.
    pub(crate) fn learn(&self, identity: u32, labels: &IdentityLabels) -> Result<(), RejectReason> {
        let is_news = self.table.read().identities.is_news(identity, labels);
        if is_news {
            return self.table.change(|table| {
                if table.identities.learn_recorded(identity, labels)? {
                    table.versions.all_changed();
                }
                Ok(())
            });
        }
        Ok(())
    }

    /// Notes the identity of a proxy's record.
    pub(crate) fn observe(&self, identity: u32) {
        let table = self.table.read();
        if table.identities.observe(identity) {
            table.versions.all_changed();
        }
    }
}

impl Drop for TableWriter {
    fn drop(&mut self) {
        self.table.write().positions.remove(self.reader);
    }
}
