//! When series end: a minute after their pod was deleted, or when they have not changed for a while.

use std::time::Duration;

use hashbrown::HashSet;
use tidegate_model::Timestamp;
use tidegate_model::record::AgentEvent;

use super::deletions::Deletions;
use super::metric_list::MetricList;

/// The shortest time between two searches for idle series.
const SEARCH: Duration = Duration::from_secs(1);
/// The number of removed series from which it is worth looking for texts that no series has.
const UNUSED: usize = 1024;

/// Removes series that end.
#[derive(Debug, Default)]
pub(super) struct SeriesEnds {
    deletions: Deletions,
    /// As [`super::Config::expire_after`].
    expire_after: Option<Duration>,
    /// When idle series were last searched for.
    searched: Timestamp,
    /// Series that were removed since unused texts were.
    removed: usize,
    now: Timestamp,
}

impl SeriesEnds {
    pub(super) fn new(expire_after: Option<Duration>) -> Self {
        Self {
            expire_after,
            ..Self::default()
        }
    }

    /// Continues with the announcements that another has seen.
    pub(super) fn take_over(&mut self, old: &mut Self) {
        self.deletions = std::mem::take(&mut old.deletions);
        self.removed = old.removed;
        self.now = old.now;
    }

    /// Follows an announcement.
    pub(super) fn observe(&mut self, event: &AgentEvent) {
        let now = if self.now.is_known() {
            self.now
        } else {
            event.time
        };
        self.deletions.observe(event, now);
    }

    /// Removes the series that end now.
    pub(super) fn remove_due(&mut self, list: &mut MetricList, now: Timestamp) {
        self.now = now;
        self.removed += self.remove_deleted(list, now) + self.remove_idle(list, now);
        let live: usize = list.tables().map(|table| table.len()).sum();
        if self.removed >= UNUSED.max(live / 2) {
            self.removed = 0;
            remove_unused(list);
        }
    }

    fn remove_deleted(&mut self, list: &mut MetricList, now: Timestamp) -> usize {
        let pods = self.deletions.take_due(now);
        if pods.is_empty() {
            return 0;
        }
        let mut removed = 0;
        let MetricList { metrics, contexts } = list;
        for (index, context) in contexts.iter().enumerate() {
            let Some(symbols) = context.symbols_of(pods.iter().map(|pod| &**pod)) else {
                continue;
            };
            for listed in metrics.iter_mut().filter(|listed| listed.context == index) {
                for table in listed.metric.tables() {
                    removed += table.remove_contexts(&|number| context.is_of(number, &symbols));
                }
            }
        }
        removed
    }

    fn remove_idle(&mut self, list: &mut MetricList, now: Timestamp) -> usize {
        let Some(idle) = self.expire_after else {
            return 0;
        };
        if now.since(self.searched) < SEARCH && now >= self.searched {
            return 0;
        }
        self.searched = now;
        let tables = list.tables();
        tables.map(|table| table.remove_idle(now, idle)).sum()
    }
}

/// Removes texts that no series has any more.
fn remove_unused(list: &mut MetricList) {
    let MetricList { metrics, contexts } = list;
    for (index, context) in contexts.iter_mut().enumerate() {
        let mut used = HashSet::new();
        for listed in metrics.iter_mut().filter(|listed| listed.context == index) {
            for table in listed.metric.tables() {
                table.for_each_context(&mut |number| {
                    used.insert(number);
                });
            }
        }
        context.remove_unused(&used);
    }
    for listed in metrics {
        listed.metric.symbols().remove_unused();
    }
}
