//! Timestamps, and how they relate to the packets.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Nanoseconds since the Unix epoch, UTC; 0 if unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The current wall-clock time. Called by receivers and the runner; processors get the time as
    /// an argument.
    #[must_use]
    pub fn now() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self(u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX))
    }

    /// The duration since `earlier`; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// Whether the time is known.
    #[must_use]
    pub fn is_known(self) -> bool {
        self.0 != 0
    }
}

/// What the timestamps of records refer to, which determines what the difference of two means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeSource {
    /// Times that are unrelated to the packets, such as when a recording was read.
    #[default]
    Unrelated,
    /// When records were received, which is after their packets and quantized by the reads.
    Receipt {
        /// The longest time between two reads.
        step: Duration,
    },
    /// When the packets passed, by the clock of the host that captured them.
    Packets,
}

impl TimeSource {
    /// Returns the time between two records and its maximum error. `None` if it is not known: the
    /// timestamps are unrelated to the packets, the records are in the wrong order, or they are
    /// closer to each other than the error.
    #[must_use]
    pub fn between(self, earlier: Timestamp, later: Timestamp) -> Option<(Duration, Duration)> {
        let error = match self {
            Self::Unrelated => return None,
            Self::Receipt { step } => step,
            Self::Packets => Duration::ZERO,
        };
        let time = later.since(earlier);
        let is_known = earlier.is_known() && later > earlier && time > error;
        is_known.then_some((time, error))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)),
        )
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)),
        )
    }
}
