//! Points in time, as the data plane carries them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Nanoseconds since the Unix epoch, UTC. 0 stands for "not known".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The wall clock now. Receivers and the runner call this; processors are told the time.
    #[must_use]
    pub fn now() -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self(u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX))
    }

    /// How long after `earlier` this is; zero when it is not after it.
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

/// Which moments the times of records are, and so what the difference of two of them says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeSource {
    /// Moments that have nothing to do with when packets passed, such as when a recording was read.
    #[default]
    Unrelated,
    /// When records were received: after the packets that they are about, and in the steps in which
    /// they are read.
    Receipt {
        /// The longest of these steps.
        step: Duration,
    },
    /// When the packets passed, by the clock of who captured them.
    Packets,
}

impl TimeSource {
    /// The time between two records, and how far it may be off because of how the times were taken;
    /// `None` where that says nothing: the clock is unrelated to the packets, the records are in
    /// the wrong order, or they were received so close to each other that the steps of receiving
    /// them are all there is to the difference.
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

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)),
        )
    }
}
