//! Control groups of flows that are no listed pod's: those of pods that have just started, and those of
//! the node's own processes.

use std::time::Duration;

use hashbrown::HashMap;
use tidegate_model::Timestamp;

/// The pause after the first request, which doubles with each.
const PAUSE: Duration = Duration::from_secs(5);
/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// A control group that a list of this time after its first flow does not have is no pod's: Kubernetes
/// reports containers some seconds after they have started.
const SETTLED: Duration = Duration::from_secs(60);
/// The largest number of control groups that are remembered.
const MAX: usize = 1024;
/// How long a control group is remembered if there are too many.
const MAX_AGE: Duration = Duration::from_secs(600);

/// The control groups, and whether the list of all is to be asked for.
#[derive(Debug, Default)]
pub(super) struct WantedCgroups {
    unknown: HashMap<u64, UnknownCgroup>,
    is_wanted: bool,
}

#[derive(Debug)]
struct UnknownCgroup {
    since: Timestamp,
    /// Before this time, the list is not asked for again.
    next: Timestamp,
    pause: Duration,
}

impl WantedCgroups {
    /// Notes that a flow has a control group that is no listed pod's. `listed` is when the last
    /// complete list was requested.
    pub(super) fn want(&mut self, cgroup: u64, listed: Option<Timestamp>, now: Timestamp) {
        if self.unknown.len() >= MAX && !self.unknown.contains_key(&cgroup) {
            self.unknown.retain(|_, one| now.since(one.since) < MAX_AGE);
            if self.unknown.len() >= MAX {
                return;
            }
        }
        let unknown = self.unknown.entry(cgroup).or_insert(UnknownCgroup {
            since: now,
            next: now,
            pause: PAUSE,
        });
        let is_settled = listed.is_some_and(|listed| listed >= unknown.since + SETTLED);
        if !is_settled && unknown.next <= now {
            unknown.next = now + unknown.pause;
            unknown.pause = MAX_PAUSE.min(unknown.pause * 2);
            self.is_wanted = true;
        }
    }

    /// Whether the list is to be asked for, once.
    pub(super) fn take_wanted(&mut self) -> bool {
        std::mem::take(&mut self.is_wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: u64) -> Timestamp {
        Timestamp(second * 1_000_000_000)
    }

    /// The seconds at which flows of a control group have the list asked for.
    fn asked(wanted: &mut WantedCgroups, listed: impl Fn(u64) -> Option<u64>) -> Vec<u64> {
        let is_asked = |at: &u64| {
            wanted.want(17, listed(*at).map(second), second(*at));
            wanted.take_wanted()
        };
        (100..500).filter(is_asked).collect()
    }

    #[test]
    fn a_control_group_that_lists_do_not_have_for_a_minute_is_no_pods() {
        let mut wanted = WantedCgroups::default();
        let right_away = |at| Some(at);
        assert_eq!(asked(&mut wanted, right_away), [100, 105, 115, 135]);
        let mut wanted = WantedCgroups::default();
        let never_again = |_| Some(1);
        assert_eq!(
            asked(&mut wanted, never_again),
            [100, 105, 115, 135, 175, 235, 295, 355, 415, 475],
            "as long as the list cannot be read"
        );
    }

    #[test]
    fn the_number_of_control_groups_is_limited() {
        let mut wanted = WantedCgroups::default();
        for cgroup in 0..=MAX as u64 {
            wanted.want(cgroup, None, second(1));
        }
        assert_eq!(wanted.unknown.len(), MAX);
        wanted.want(5000, None, second(601));
        assert_eq!(wanted.unknown.len(), 1);
    }
}
