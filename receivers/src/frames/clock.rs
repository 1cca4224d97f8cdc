//! The times of frames: those of the reads that they came in, made strictly rising.

use std::time::Duration;

use tidegate_model::Timestamp;

/// A wall clock that is further behind the last frame than this was set back, and is followed.
/// Frames run ahead of it by a nanosecond each at most, which never adds up to as much.
const SET_BACK: Duration = Duration::from_secs(1);

/// Gives each frame a time after the one before, at or after its read.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// The time of the next frame.
    next: Timestamp,
}

impl Clock {
    /// What comes next was read at this time. Times go on rising, unless the wall clock was set
    /// back.
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

    /// The times of so many frames of a read.
    fn times(clock: &mut Clock, read: u64, frames: usize) -> Vec<u64> {
        clock.set(Timestamp(read));
        (0..frames).map(|_| clock.next().0).collect()
    }

    #[test]
    fn frames_of_one_read_and_of_reads_at_one_time_rise() {
        let mut clock = Clock::default();
        assert_eq!(times(&mut clock, 100, 3), [100, 101, 102]);
        assert_eq!(
            times(&mut clock, 100, 2),
            [103, 104],
            "the wall clock stands still"
        );
        assert_eq!(times(&mut clock, 99, 1), [105], "it goes back a little");
        assert_eq!(times(&mut clock, 106, 1), [106]);
        assert_eq!(times(&mut clock, 1_000, 2), [1_000, 1_001]);
    }

    #[test]
    fn a_wall_clock_that_is_set_back_is_followed() {
        let mut clock = Clock::default();
        let second = 1_000_000_000;
        assert_eq!(
            times(&mut clock, 10 * second, 2),
            [10 * second, 10 * second + 1]
        );
        assert_eq!(
            times(&mut clock, 9 * second + 2, 1),
            [10 * second + 2],
            "a second is waited for"
        );
        assert_eq!(
            times(&mut clock, 9 * second, 2),
            [9 * second, 9 * second + 1]
        );
    }
}
