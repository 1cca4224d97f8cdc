//! When to say that records are lost: when it begins, now and then while it goes on, and when it
//! has ended. The books and the time are arguments.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::entry::{Entry, Key};

/// Two lines about one entry are so far apart at least.
const GAP: Duration = Duration::from_secs(30);
/// Losses have ended when there was none for so long.
const QUIET: Duration = Duration::from_secs(10);

/// Follows the losses of a run.
#[derive(Debug, Default)]
pub(super) struct Watch(BTreeMap<Key, Episodes>);

/// The losses of one entry, which begin and end, and may begin again.
#[derive(Debug, Default)]
struct Episodes {
    /// Records that were lost so far.
    total: u64,
    /// When that last grew.
    grew: Option<Instant>,
    /// When the episode that has not ended began.
    since: Option<Instant>,
    /// The last line, and the total that it gave.
    said: Option<(Instant, u64)>,
    /// Whether the episode was said to have begun.
    is_known: bool,
}

/// Something to be said.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) phase: Phase,
    pub(super) entry: Entry,
    /// Lost since the last line.
    pub(super) records: u64,
    /// Lost since the start of the process.
    pub(super) total: u64,
    /// Time since the losses began.
    pub(super) lasted: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Begins,
    GoesOn,
    Ended,
}

impl Watch {
    /// Takes the books as they stand at `now`, with totals since the start, and yields what is to
    /// be said.
    pub(super) fn observe(&mut self, now: Instant, entries: &[(Entry, u64)]) -> Vec<Line> {
        let lines = entries.iter().filter_map(|(entry, total)| {
            let episodes = self.0.entry(entry.key()).or_default();
            episodes.grow(now, *total);
            let (phase, records, lasted) = episodes.line(now)?;
            Some(Line {
                phase,
                entry: entry.clone(),
                records,
                total: *total,
                lasted,
            })
        });
        lines.collect()
    }
}

impl Episodes {
    fn grow(&mut self, now: Instant, total: u64) {
        if total > self.total {
            self.total = total;
            self.grew = Some(now);
            self.since.get_or_insert(now);
        }
    }

    /// What is to be said now: phase, records since the last line, and how long the episode has
    /// lasted.
    fn line(&mut self, now: Instant) -> Option<(Phase, u64, Duration)> {
        let since = self.since?;
        if self
            .said
            .is_some_and(|(said, _)| now.duration_since(said) < GAP)
        {
            return None;
        }
        let records = self.total - self.said.map_or(0, |(_, total)| total);
        let is_quiet = self
            .grew
            .is_none_or(|grew| now.duration_since(grew) >= QUIET);
        let phase = match (is_quiet, records, self.is_known) {
            (true, _, _) => Phase::Ended,
            (false, 0, _) => return None,
            (false, _, true) => Phase::GoesOn,
            (false, _, false) => Phase::Begins,
        };
        self.said = Some((now, self.total));
        self.is_known = phase != Phase::Ended;
        if phase == Phase::Ended {
            self.since = None;
        }
        Some((phase, records, now.duration_since(since)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Entry, Phase, Watch};

    fn full(stage: &str) -> Entry {
        Entry::Dropped {
            pipeline: "flows".to_owned(),
            stage: stage.to_owned(),
            reason: "queue_full",
        }
    }

    /// What is said at which second, where `total` gives what was lost up to each: second, phase,
    /// records, total and for how long.
    fn said(seconds: u64, total: impl Fn(u64) -> u64) -> Vec<(u64, Phase, u64, u64, u64)> {
        let (start, mut watch) = (Instant::now(), Watch::default());
        let at = |second: u64, watch: &mut Watch| {
            let lines = watch.observe(
                start + Duration::from_secs(second),
                &[(full("exporters.e"), total(second))],
            );
            lines
                .into_iter()
                .map(|line| {
                    (
                        second,
                        line.phase,
                        line.records,
                        line.total,
                        line.lasted.as_secs(),
                    )
                })
                .collect::<Vec<_>>()
        };
        (0..seconds)
            .flat_map(|second| at(second, &mut watch))
            .collect()
    }

    #[test]
    fn nothing_is_said_while_nothing_is_lost() {
        assert_eq!(said(200, |_| 0), []);
    }

    #[test]
    fn losses_are_said_when_they_begin_summed_up_while_they_go_on_and_when_they_have_ended() {
        let lines = said(200, |second| second.clamp(10, 80) * 10 - 100);
        let expected = [
            (11, Phase::Begins, 10, 10, 0),
            (41, Phase::GoesOn, 300, 310, 30),
            (71, Phase::GoesOn, 300, 610, 60),
            (101, Phase::Ended, 90, 700, 90),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_single_loss_begins_and_ends() {
        assert_eq!(
            said(200, |second| if second < 5 { 0 } else { 7 }),
            [(5, Phase::Begins, 7, 7, 0), (35, Phase::Ended, 0, 7, 30)]
        );
    }

    #[test]
    fn losses_that_begin_again_and_again_are_said_as_often_as_those_that_go_on() {
        let lines = said(600, |second| second / 15 + 1);
        assert!(lines.len() <= 21, "{lines:?}");
        assert!(
            lines.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 30),
            "{lines:?}"
        );
        let records: u64 = lines.iter().map(|line| line.2).sum();
        assert_eq!(
            records,
            lines.last().unwrap().3,
            "every record is in one line"
        );
    }

    #[test]
    fn a_later_episode_is_one_of_its_own() {
        let lines = said(400, |second| if second < 100 { 3 } else { 8 });
        let expected = [
            (0, Phase::Begins, 3, 3, 0),
            (30, Phase::Ended, 0, 3, 30),
            (100, Phase::Begins, 5, 8, 0),
            (130, Phase::Ended, 0, 8, 30),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn every_entry_is_followed_on_its_own_and_one_that_has_gone_is_forgotten_about() {
        let (now, mut watch) = (Instant::now(), Watch::default());
        let first = watch.observe(
            now,
            &[
                (full("exporters.a"), 1),
                (full("exporters.b"), 2),
                (
                    Entry::Upstream {
                        source: "perf_ring",
                    },
                    512,
                ),
            ],
        );
        let counts: Vec<_> = first
            .iter()
            .map(|line| (line.phase, line.records))
            .collect();
        assert_eq!(
            counts,
            [(Phase::Begins, 1), (Phase::Begins, 2), (Phase::Begins, 512)]
        );
        let later = now + Duration::from_secs(31);
        let second = watch.observe(later, &[(full("exporters.b"), 5), (full("exporters.c"), 1)]);
        let counts: Vec<_> = second
            .iter()
            .map(|line| (line.phase, line.records, line.total))
            .collect();
        assert_eq!(counts, [(Phase::GoesOn, 3, 5), (Phase::Begins, 1, 1)]);
        assert!(watch.observe(later, &[]).is_empty());
    }
}
