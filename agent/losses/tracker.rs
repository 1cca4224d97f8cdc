//! Decides when to log that records are lost: when losses start, at intervals while they continue,
//! and when they have ended. The ledger and the time are arguments.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::site::{LossSite, SiteKey};

/// Least time between two events of a site.
const MIN_INTERVAL: Duration = Duration::from_secs(30);
/// Losses have ended after this time without one.
const QUIET_PERIOD: Duration = Duration::from_secs(10);

/// Follows the losses of a run.
#[derive(Debug, Default)]
pub(super) struct LossTracker {
    sites: BTreeMap<SiteKey, SiteHistory>,
}

/// The losses of one site. An episode starts with the first loss and ends after
/// [`QUIET_PERIOD`]; a site may have several.
#[derive(Debug, Default)]
struct SiteHistory {
    /// Records lost since the start of the process.
    total: u64,
    /// When `total` last grew.
    last_growth: Option<Instant>,
    /// Start of the current episode.
    episode_start: Option<Instant>,
    /// When the last event was, and its total.
    last_event: Option<(Instant, u64)>,
    /// Whether the start of the current episode has had its event.
    is_announced: bool,
}

/// A change to log.
#[derive(Debug)]
pub(super) struct LossEvent {
    pub(super) phase: Phase,
    pub(super) site: LossSite,
    /// Records lost since the last event of the site.
    pub(super) records: u64,
    /// Records lost since the start of the process.
    pub(super) total: u64,
    /// Time since the start of the episode.
    pub(super) duration: Duration,
}

/// The phase of an episode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Started,
    Continues,
    Ended,
}

impl LossTracker {
    /// Takes the losses at `now`, as totals since the start of the process, and returns the changes
    /// to log.
    pub(super) fn observe(&mut self, now: Instant, losses: &[(LossSite, u64)]) -> Vec<LossEvent> {
        let events = losses.iter().filter_map(|(site, total)| {
            let history = self.sites.entry(site.key()).or_default();
            history.update(now, *total);
            history.event(now, site)
        });
        events.collect()
    }
}

impl SiteHistory {
    fn update(&mut self, now: Instant, total: u64) {
        if total > self.total {
            self.total = total;
            self.last_growth = Some(now);
            self.episode_start.get_or_insert(now);
        }
    }

    /// The event that is due at `now`, if any.
    fn event(&mut self, now: Instant, site: &LossSite) -> Option<LossEvent> {
        let start = self.episode_start?;
        if self
            .last_event
            .is_some_and(|(time, _)| now.duration_since(time) < MIN_INTERVAL)
        {
            return None;
        }
        let records = self.total - self.last_event.map_or(0, |(_, total)| total);
        let is_quiet = self
            .last_growth
            .is_none_or(|time| now.duration_since(time) >= QUIET_PERIOD);
        let phase = match (is_quiet, records, self.is_announced) {
            (true, _, _) => Phase::Ended,
            (false, 0, _) => return None,
            (false, _, true) => Phase::Continues,
            (false, _, false) => Phase::Started,
        };
        self.last_event = Some((now, self.total));
        self.is_announced = phase != Phase::Ended;
        if phase == Phase::Ended {
            self.episode_start = None;
        }
        Some(LossEvent {
            phase,
            site: site.clone(),
            records,
            total: self.total,
            duration: now.duration_since(start),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{LossEvent, LossSite, LossTracker, Phase};

    fn queue_full(stage: &str) -> LossSite {
        LossSite::Dropped {
            pipeline: "flows".to_owned(),
            stage: stage.parse().unwrap(),
            reason: "queue_full",
        }
    }

    /// The events of a run in which `total` records are lost up to each second: second, phase,
    /// records, total and duration.
    fn events(seconds: u64, total: impl Fn(u64) -> u64) -> Vec<(u64, Phase, u64, u64, u64)> {
        let start = Instant::now();
        let mut tracker = LossTracker::default();
        let at = |second: u64, tracker: &mut LossTracker| {
            let events = tracker.observe(
                start + Duration::from_secs(second),
                &[(queue_full("exporters.e"), total(second))],
            );
            events
                .into_iter()
                .map(|event| {
                    (
                        second,
                        event.phase,
                        event.records,
                        event.total,
                        event.duration.as_secs(),
                    )
                })
                .collect::<Vec<_>>()
        };
        (0..seconds)
            .flat_map(|second| at(second, &mut tracker))
            .collect()
    }

    #[test]
    fn there_is_no_event_without_a_loss() {
        assert_eq!(events(200, |_| 0), []);
    }

    #[test]
    fn losses_have_events_at_their_start_every_thirty_seconds_and_at_their_end() {
        let events = events(200, |second| second.clamp(10, 80) * 10 - 100);
        let expected = [
            (11, Phase::Started, 10, 10, 0),
            (41, Phase::Continues, 300, 310, 30),
            (71, Phase::Continues, 300, 610, 60),
            (101, Phase::Ended, 90, 700, 90),
        ];
        assert_eq!(events, expected);
    }

    #[test]
    fn a_single_loss_starts_and_ends_an_episode() {
        assert_eq!(
            events(200, |second| if second < 5 { 0 } else { 7 }),
            [(5, Phase::Started, 7, 7, 0), (35, Phase::Ended, 0, 7, 30)]
        );
    }

    #[test]
    fn intermittent_losses_have_no_more_events_than_continuous_ones() {
        let events = events(600, |second| second / 15 + 1);
        assert!(events.len() <= 21, "{events:?}");
        assert!(
            events.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 30),
            "{events:?}"
        );
        let records: u64 = events.iter().map(|event| event.2).sum();
        assert_eq!(
            records,
            events.last().unwrap().3,
            "every record is in exactly one event"
        );
    }

    #[test]
    fn a_later_loss_starts_another_episode() {
        let events = events(400, |second| if second < 100 { 3 } else { 8 });
        let expected = [
            (0, Phase::Started, 3, 3, 0),
            (30, Phase::Ended, 0, 3, 30),
            (100, Phase::Started, 5, 8, 0),
            (130, Phase::Ended, 0, 8, 30),
        ];
        assert_eq!(events, expected);
    }

    #[test]
    fn each_site_has_its_own_events_and_an_absent_site_has_none() {
        let now = Instant::now();
        let mut tracker = LossTracker::default();
        let mut observe = |seconds, losses: &[(LossSite, u64)]| {
            let events = tracker.observe(now + Duration::from_secs(seconds), losses);
            let counts = |event: &LossEvent| (event.phase, event.records, event.total);
            events.iter().map(counts).collect::<Vec<_>>()
        };
        let source = "perf_ring";
        let losses = [
            (queue_full("exporters.a"), 1),
            (queue_full("exporters.b"), 2),
            (LossSite::Upstream { source }, 512),
        ];
        let expected = [
            (Phase::Started, 1, 1),
            (Phase::Started, 2, 2),
            (Phase::Started, 512, 512),
        ];
        assert_eq!(observe(0, &losses), expected);
        let losses = [
            (queue_full("exporters.b"), 5),
            (queue_full("exporters.c"), 1),
        ];
        let expected = [(Phase::Continues, 3, 5), (Phase::Started, 1, 1)];
        assert_eq!(observe(31, &losses), expected);
        assert_eq!(observe(31, &[]), []);
    }
}
