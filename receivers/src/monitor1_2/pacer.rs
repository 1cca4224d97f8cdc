//! How long to let messages accumulate before a read.
//!
//! Cilium writes each message separately, and waking up for each of them costs both sides more than
//! the message itself. A pause lets several accumulate. It must end well before the socket is full,
//! which happens at about 280 messages of 170 bytes, or 40 of 4 KiB. At low rates there is no
//! pause.

use std::time::Duration;

/// The amount of data that a pause lets accumulate.
const TARGET_FRAMES: f64 = 128.0;
const TARGET_BYTES: f64 = 32.0 * 1024.0;
/// The longest pause, which limits how much a burst adds during it: a pause is this long only where
/// the rate fills at most half of the socket in that time. When the socket is full, the agent
/// queues another thousand messages or more.
pub(super) const MAX_PAUSE: Duration = Duration::from_micros(2500);
/// A shorter pause is not worth a system call.
const MIN_PAUSE: Duration = Duration::from_micros(50);
/// A pause in which fewer frames would arrive is not worth it either.
const MIN_FRAMES: f64 = 2.0;
/// The time constant of the rate estimates, in seconds.
const SMOOTHING_SECONDS: f64 = 0.002;

/// Estimates the peer's rates from reads, and computes pauses from them.
#[derive(Debug, Default)]
pub(super) struct ReadPacer {
    frames_per_second: f64,
    bytes_per_second: f64,
}

impl ReadPacer {
    /// The pause after a read that returned `frames` frames in `bytes` bytes, into `room` bytes of
    /// space, `cycle` after the previous read.
    pub(super) fn pause_after(
        &mut self,
        frames: u64,
        bytes: usize,
        room: usize,
        cycle: Duration,
    ) -> Duration {
        let seconds = cycle.as_secs_f64().max(1e-6);
        let weight = seconds / (seconds + SMOOTHING_SECONDS);
        self.frames_per_second += weight * (frames as f64 / seconds - self.frames_per_second);
        self.bytes_per_second += weight * (bytes as f64 / seconds - self.bytes_per_second);
        let target = self.target_seconds();
        if target < MIN_PAUSE.as_secs_f64()
            || self.is_idle()
            || bytes >= room
            || is_catching_up(frames, bytes)
        {
            return Duration::ZERO;
        }
        Duration::from_secs_f64(target)
    }

    /// Whether the rate is too low for a pause to let several frames accumulate.
    pub(super) fn is_idle(&self) -> bool {
        self.target_seconds() * self.frames_per_second < MIN_FRAMES
    }

    /// The time in which the target amount of data arrives, limited to the longest pause.
    fn target_seconds(&self) -> f64 {
        (TARGET_FRAMES / self.frames_per_second)
            .min(TARGET_BYTES / self.bytes_per_second)
            .min(MAX_PAUSE.as_secs_f64())
    }
}

/// Whether a read returned so much more than the target that the socket may be full. The peer then
/// waits for the reader, and its rate is the one that the pauses allow.
fn is_catching_up(frames: u64, bytes: usize) -> bool {
    frames as f64 > 1.5 * TARGET_FRAMES || bytes as f64 > 1.25 * TARGET_BYTES
}

#[cfg(test)]
mod tests {
    use super::{Duration, MAX_PAUSE, ReadPacer};

    /// The pause for a peer with a constant rate, after many reads.
    fn pause(frames_per_second: f64, size: usize, frames_per_read: u64) -> Duration {
        let mut pacer = ReadPacer::default();
        let cycle = Duration::from_secs_f64(frames_per_read as f64 / frames_per_second);
        let bytes = size * usize::try_from(frames_per_read).unwrap();
        (0..20_000).fold(Duration::ZERO, |_, _| {
            pacer.pause_after(frames_per_read, bytes, 1 << 20, cycle)
        })
    }

    #[test]
    fn fast_peers_with_small_messages_get_a_pause() {
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
    fn a_read_that_filled_its_space_is_followed_by_another_at_once() {
        let mut pacer = ReadPacer::default();
        let mut pause_with = |room| {
            (0..1000).fold(Duration::ZERO, |_, _| {
                pacer.pause_after(60, 12_000, room, MAX_PAUSE)
            })
        };
        assert_eq!(
            (pause_with(12_001), pause_with(12_000), pause_with(12_001)),
            (MAX_PAUSE, Duration::ZERO, MAX_PAUSE)
        );
    }

    #[test]
    fn the_first_message_after_a_burst_is_not_delayed() {
        let mut pacer = ReadPacer::default();
        for _ in 0..1000 {
            pacer.pause_after(4, 684, 1 << 16, Duration::from_micros(12));
        }
        assert!(!pacer.is_idle());
        assert_eq!(
            pacer.pause_after(1, 171, 1 << 16, Duration::from_secs(1)),
            Duration::ZERO
        );
        assert!(pacer.is_idle());
    }
}
