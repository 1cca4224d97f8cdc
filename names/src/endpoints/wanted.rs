//! Endpoints that were announced, and of which no list has all so far: announcements have neither the
//! network interface nor the workload, and the agent itself learns them step by step.

use std::collections::BTreeSet;
use std::time::Duration;

use hashbrown::HashMap;
use tidegate_model::Timestamp;

use crate::times::set_back;

/// The pause after the first request, which doubles with each.
const PAUSE: Duration = Duration::from_secs(5);
/// How often an endpoint is asked for. After that, only a new announcement has it asked for again.
const MAX_REQUESTS: u32 = 5;
/// The longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// The largest number of endpoints. A node has some hundreds of pods at most.
const MAX: usize = 1024;

/// The endpoints, with when to ask for them.
#[derive(Debug, Default)]
pub(crate) struct WantedEndpoints {
    wanted: HashMap<u16, Wanted>,
    /// When those that are waiting are to be asked for.
    due: BTreeSet<(Timestamp, u16)>,
}

#[derive(Debug)]
struct Wanted {
    requests: u32,
    /// Before this time, it is not asked for.
    next: Timestamp,
    is_waiting: bool,
}

impl WantedEndpoints {
    /// Notes that an endpoint was announced of which no list has all.
    pub(crate) fn want(&mut self, id: u16, now: Timestamp) {
        if self.wanted.len() >= MAX && !self.wanted.contains_key(&id) {
            self.wanted.retain(|_, wanted| wanted.is_waiting);
        }
        if self.wanted.len() >= MAX && !self.wanted.contains_key(&id) {
            return;
        }
        let wanted = self.wanted.entry(id).or_insert(Wanted {
            requests: 0,
            next: now,
            is_waiting: false,
        });
        if !wanted.is_waiting && wanted.next <= now {
            wanted.is_waiting = true;
            wanted.next = now;
            self.due.insert((now, id));
        }
    }

    pub(crate) fn set_back(&mut self, by: Duration) {
        set_back(self.wanted.values_mut().map(|wanted| &mut wanted.next), by);
        let due = std::mem::take(&mut self.due).into_iter();
        self.due = due.map(|(time, id)| (time - by, id)).collect();
    }

    /// Removes an endpoint that a list has, or that was deleted.
    pub(crate) fn remove(&mut self, id: u16) {
        if let Some(wanted) = self.wanted.remove(&id) {
            self.due.remove(&(wanted.next, id));
        }
    }

    /// The next endpoint to ask for.
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<u16> {
        if self.deadline()? > now {
            return None;
        }
        let (_, id) = self.due.pop_first()?;
        let wanted = self.wanted.get_mut(&id)?;
        wanted.next = now + PAUSE.saturating_mul(1 << wanted.requests).min(MAX_PAUSE);
        wanted.requests = MAX_REQUESTS.min(wanted.requests + 1);
        wanted.is_waiting = wanted.requests < MAX_REQUESTS;
        if wanted.is_waiting {
            self.due.insert((wanted.next, id));
        }
        Some(id)
    }

    /// When the next endpoint is to be asked for.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        self.due.first().map(|(time, _)| *time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: u64) -> Timestamp {
        Timestamp(second * 1_000_000_000)
    }

    /// The seconds up to `until` at which an endpoint is asked for.
    fn asked(wanted: &mut WantedEndpoints, seconds: std::ops::Range<u64>) -> Vec<(u64, u16)> {
        let at = |at| std::iter::from_fn(move || Some(at));
        seconds
            .flat_map(|now| {
                at(now)
                    .map_while(|now| Some((now, wanted.next(second(now))?)))
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    #[test]
    fn an_endpoint_is_asked_for_five_times_and_then_once_for_each_announcement() {
        let mut wanted = WantedEndpoints::default();
        wanted.want(7, second(10));
        wanted.want(7, second(10));
        assert_eq!(wanted.deadline(), Some(second(10)));
        let times: Vec<_> = [10, 15, 25, 45, 85].map(|at| (at, 7)).into();
        assert_eq!(asked(&mut wanted, 10..1000), times);
        wanted.want(7, second(1000));
        wanted.want(7, second(1001));
        assert_eq!(asked(&mut wanted, 1000..2000), [(1000, 7)]);
        wanted.want(7, second(1059));
        assert_eq!(wanted.deadline(), None, "within a minute");
        wanted.want(7, second(1060));
        assert_eq!(wanted.deadline(), Some(second(1060)));
    }

    #[test]
    fn what_is_listed_or_deleted_is_not_asked_for_again() {
        let mut wanted = WantedEndpoints::default();
        wanted.want(7, second(1));
        wanted.want(8, second(1));
        wanted.remove(7);
        assert_eq!(asked(&mut wanted, 1..5), [(1, 8)]);
        wanted.remove(8);
        assert_eq!(wanted.deadline(), None);
        assert!(wanted.wanted.is_empty() && wanted.due.is_empty());
    }

    #[test]
    fn the_number_of_endpoints_is_limited() {
        let mut wanted = WantedEndpoints::default();
        for id in 0..=MAX {
            wanted.want(u16::try_from(id).unwrap(), second(1));
        }
        assert_eq!(asked(&mut wanted, 1..2).len(), MAX);
        asked(&mut wanted, 2..1000);
        wanted.want(u16::MAX, second(1000));
        assert_eq!(
            wanted.wanted.len(),
            1,
            "in place of those asked for in vain"
        );
    }
}
