//! The times of frames: those of the reads that returned them, made strictly increasing.

use std::time::Duration;

use tidegate_model::Timestamp;

/// If the wall clock is further behind the previous frame than this, it was set back, and frames
/// follow it. Increments of one nanosecond for each frame never add up to as much.
const SET_BACK: Duration = Duration::from_secs(1);

/// Assigns strictly increasing times to frames, at or after the time of their read.
#[derive(Debug, Default)]
pub(super) struct FrameClock {
    /// The time of the next frame.
    next: Timestamp,
}

impl FrameClock {
    /// Sets the time of the read that returned the next frames. If it is not after the previous
    /// frame, times continue to increase from there, unless the wall clock was set back.
    pub(super) fn set(&mut self, read: Timestamp) {
        if read > self.next || self.next.since(read) > SET_BACK {
            self.next = read;
        }
    }

    /// The time of one frame.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Timestamp {
        let time = self.next;
        self.next = Timestamp(time.0.saturating_add(1));
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times of `frames` frames of one read.
    fn times(clock: &mut FrameClock, read: u64, frames: usize) -> Vec<u64> {
        clock.set(Timestamp(read));
        (0..frames).map(|_| clock.next().0).collect()
    }

    #[test]
    fn times_increase_within_a_read_and_between_reads_at_the_same_time() {
        let mut clock = FrameClock::default();
        assert_eq!(times(&mut clock, 100, 3), [100, 101, 102]);
        assert_eq!(
            times(&mut clock, 100, 2),
            [103, 104],
            "the wall clock has not advanced"
        );
        assert_eq!(
            times(&mut clock, 99, 1),
            [105],
            "the wall clock was set back slightly"
        );
        assert_eq!(times(&mut clock, 106, 1), [106]);
        assert_eq!(times(&mut clock, 1_000, 2), [1_000, 1_001]);
    }

    #[test]
    fn frames_follow_a_wall_clock_that_is_set_back() {
        let mut clock = FrameClock::default();
        let second = 1_000_000_000;
        assert_eq!(
            times(&mut clock, 10 * second, 2),
            [10 * second, 10 * second + 1]
        );
        assert_eq!(
            times(&mut clock, 9 * second + 2, 1),
            [10 * second + 2],
            "one second is tolerated"
        );
        assert_eq!(
            times(&mut clock, 9 * second, 2),
            [9 * second, 9 * second + 1]
        );
    }
}
