//! How long to let messages gather before a read.
//!
//! Cilium writes each message by itself, and waking up for each costs both sides more than the
//! message does. A pause lets some gather; it must end long before the socket is full, which
//! happens at about 280 messages of 170 bytes or 40 of 4 KiB. At low rates there is none.

use std::time::Duration;

/// What a pause is to gather.
const AIM_FRAMES: f64 = 128.0;
const AIM_BYTES: f64 = 32.0 * 1024.0;
/// Longer pauses would fill the socket in a burst: a pause is that long only where it gathers half
/// of what the socket holds, or less. Behind a full socket, the agent has a queue for a thousand
/// messages or more.
pub(super) const LONGEST: Duration = Duration::from_micros(2500);
/// Shorter ones are not worth a system call, nor are those that gather less than [`LEAST_FRAMES`].
const SHORTEST: Duration = Duration::from_micros(50);
const LEAST_FRAMES: f64 = 2.0;
/// How quickly the estimates of the rates follow.
const MEMORY_SECONDS: f64 = 0.002;

/// The peer's rates, as reads show them.
#[derive(Debug, Default)]
pub(super) struct Pace {
    frames: f64,
    bytes: f64,
}

impl Pace {
    /// The pause before the next read, after one that brought `frames` frames and `bytes` bytes
    /// into room for `room`, `cycle` after the read before it.
    pub(super) fn after(
        &mut self,
        frames: u64,
        bytes: usize,
        room: usize,
        cycle: Duration,
    ) -> Duration {
        let seconds = cycle.as_secs_f64().max(1e-6);
        let weight = seconds / (seconds + MEMORY_SECONDS);
        self.frames += weight * (frames as f64 / seconds - self.frames);
        self.bytes += weight * (bytes as f64 / seconds - self.bytes);
        let aim = self.aim();
        if aim < SHORTEST.as_secs_f64()
            || self.few_come()
            || bytes >= room
            || gathered(frames, bytes)
        {
            return Duration::ZERO;
        }
        Duration::from_secs_f64(aim)
    }

    /// Whether what comes is so little that it is not worth waiting for more.
    pub(super) fn few_come(&self) -> bool {
        self.aim() * self.frames < LEAST_FRAMES
    }

    /// Seconds in which as much comes as a pause is to gather.
    fn aim(&self) -> f64 {
        (AIM_FRAMES / self.frames)
            .min(AIM_BYTES / self.bytes)
            .min(LONGEST.as_secs_f64())
    }
}

/// Whether a read brought so much more than a pause aims at that the socket may be full, and the
/// peer wait: as long as it does, its rate is what the pauses make it.
fn gathered(frames: u64, bytes: usize) -> bool {
    frames as f64 > 1.5 * AIM_FRAMES || bytes as f64 > 1.25 * AIM_BYTES
}

#[cfg(test)]
mod tests {
    use super::{Duration, LONGEST, Pace};

    /// The pause that a steady peer leads to, its messages read as they come.
    fn pause(frames_per_second: f64, size: usize, frames_per_read: u64) -> Duration {
        let mut pace = Pace::default();
        let cycle = Duration::from_secs_f64(frames_per_read as f64 / frames_per_second);
        let bytes = size * usize::try_from(frames_per_read).unwrap();
        (0..20_000).fold(Duration::ZERO, |_, _| {
            pace.after(frames_per_read, bytes, 1 << 20, cycle)
        })
    }

    #[test]
    fn pauses_are_for_fast_peers_with_small_messages() {
        let micros = Duration::from_micros;
        let cases = [
            (100.0, 200, 1, micros(0)..=micros(0)),
            (700.0, 200, 1, micros(0)..=micros(0)),
            (8_000.0, 200, 1, micros(2500)..=micros(2500)),
            (50_000.0, 200, 1, micros(2500)..=micros(2500)),
            (100_000.0, 200, 1, micros(1275)..=micros(1285)),
            (350_000.0, 171, 4, micros(360)..=micros(370)),
            (350_000.0, 171, 70, micros(360)..=micros(370)),
            (350_000.0, 171, 200, micros(0)..=micros(0)),
            (50_000.0, 800, 60, micros(0)..=micros(0)),
            (100_000.0, 4096, 4, micros(75)..=micros(85)),
            (5_000_000.0, 171, 100, micros(0)..=micros(0)),
        ];
        for (rate, size, frames, expected) in cases {
            let pause = pause(rate, size, frames);
            assert!(
                expected.contains(&pause),
                "{rate}/s of {size} bytes, {frames} a read: {pause:?}"
            );
        }
    }

    #[test]
    fn what_may_not_have_been_all_is_followed_at_once() {
        let mut pace = Pace::default();
        let mut after =
            |room| (0..1000).fold(Duration::ZERO, |_, _| pace.after(60, 12_000, room, LONGEST));
        assert_eq!(
            (after(12_001), after(12_000), after(12_001)),
            (LONGEST, Duration::ZERO, LONGEST)
        );
    }

    #[test]
    fn the_first_message_after_a_burst_does_not_wait_for_another() {
        let mut pace = Pace::default();
        for _ in 0..1000 {
            pace.after(4, 684, 1 << 16, Duration::from_micros(12));
        }
        assert!(!pace.few_come());
        assert_eq!(
            pace.after(1, 171, 1 << 16, Duration::from_secs(1)),
            Duration::ZERO
        );
        assert!(pace.few_come());
    }
}
