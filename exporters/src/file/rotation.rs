//! When the file is rotated, and how many rotated files are kept.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::compression::Compression;

/// The delay before a rotation that failed is tried again.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// When the file is rotated, and how many rotated files are kept.
#[derive(Clone, Debug)]
pub(super) struct Rotation {
    /// The largest size of the file, except that a longer line has a file of its own.
    pub(super) max_size: u64,
    /// The file is rotated at multiples of this since the Unix epoch, so that `1d` means midnight
    /// UTC.
    pub(super) interval: Option<Duration>,
    /// The number of rotated files that are kept.
    pub(super) keep: usize,
    /// The age from which rotated files are removed.
    pub(super) max_age: Option<Duration>,
    pub(super) compression: Compression,
    /// When a rotation may be tried after one that failed.
    pub(super) retry_at: Option<Instant>,
}

impl Rotation {
    /// The number of bytes that a file of this size has room for.
    pub(super) fn room(&self, size: u64) -> u64 {
        self.max_size.saturating_sub(size)
    }

    /// Whether the interval is over in which the file began; `None` for an empty file.
    pub(super) fn is_over(&self, began: Option<SystemTime>, now: SystemTime) -> bool {
        let (Some(interval), Some(began)) = (self.interval, began) else {
            return false;
        };
        let number = |time: SystemTime| {
            let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
            since.as_nanos() / interval.as_nanos().max(1)
        };
        number(now) > number(began)
    }

    /// Whether the last attempt succeeded, or was long enough ago.
    pub(super) fn may_try(&self) -> bool {
        self.retry_at.is_none_or(|at| Instant::now() >= at)
    }

    /// Enters the outcome of an attempt.
    pub(super) fn tried(&mut self, succeeded: bool) {
        self.retry_at = (!succeeded).then(|| Instant::now() + RETRY_DELAY);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::{Compression, Rotation};

    #[test]
    fn a_file_is_rotated_at_the_next_multiple_of_the_interval() {
        let rotation = |interval: Option<u64>| Rotation {
            max_size: 100,
            interval: interval.map(Duration::from_secs),
            keep: 0,
            max_age: None,
            compression: Compression::None,
            retry_at: None,
        };
        let cases = [
            (Some(3600), Some(7199), 7200, true),
            (Some(3600), Some(7200), 10_799, false),
            (Some(3600), Some(7200), 10_800, true),
            (Some(3600), Some(7200), 3600, false),
            (Some(3600), None, 10_800, false),
            (None, Some(0), 10_800, false),
        ];
        for (interval, began, now, expected) in cases {
            let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(
                rotation(interval).is_over(began.map(at), at(now)),
                expected,
                "{interval:?} {began:?} {now}"
            );
        }
        assert_eq!((rotation(None).room(40), rotation(None).room(101)), (60, 0));
    }
}
