//! The pauses between attempts to connect: exponential backoff with full jitter, so that the
//! clients of a restarted agent do not reconnect at the same time. While nothing listens on the
//! socket, an attempt costs a system call and reaches no one, so that the pauses stay short: what a
//! restarted agent sends before the connection is lost.

use std::io::{Error, ErrorKind};
use std::time::Duration;

use super::Reconnect;

/// The longest pause while nothing listens on the socket.
const MAX_WHILE_ABSENT: Duration = Duration::from_millis(250);

/// The limit of the next pause, which doubles with every pause until it is reset.
#[derive(Debug)]
pub(super) struct Backoff {
    bounds: Reconnect,
    ceiling: Duration,
}

impl Backoff {
    pub(super) fn new(bounds: Reconnect) -> Self {
        Self {
            bounds,
            ceiling: bounds.initial.get(),
        }
    }

    /// The next pause. `jitter` is in 0..1.
    pub(super) fn next(&mut self, jitter: f64) -> Duration {
        let pause = self.ceiling.mul_f64(jitter.clamp(0.0, 1.0));
        self.ceiling = self.ceiling.saturating_mul(2).min(self.bounds.max.0);
        pause
    }

    /// The pause after an attempt that failed. Does not affect the pauses between connections if
    /// nothing listens on the socket.
    pub(super) fn after_failure(&mut self, error: &Error, jitter: f64) -> Duration {
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
                MAX_WHILE_ABSENT.min(self.bounds.max.0)
            }
            _ => self.next(jitter),
        }
    }

    /// Begins again with the initial pause, after a connection has delivered frames.
    pub(super) fn reset(&mut self) {
        self.ceiling = self.bounds.initial.get();
    }
}

#[cfg(test)]
mod tests {
    use super::{Backoff, Duration, Error, ErrorKind, Reconnect};
    use tidegate_runtime::config::{HumanDuration, NonZeroDuration};

    fn pauses(backoff: &mut Backoff, jitter: f64) -> Vec<u128> {
        (0..5).map(|_| backoff.next(jitter).as_millis()).collect()
    }

    #[test]
    fn pauses_double_up_to_the_maximum_until_a_reset() {
        let mut backoff = Backoff::new(Reconnect {
            initial: NonZeroDuration::from_millis(100),
            max: HumanDuration(Duration::from_millis(500)),
        });
        assert_eq!(pauses(&mut backoff, 1.0), [100, 200, 400, 500, 500]);
        backoff.reset();
        assert_eq!(pauses(&mut backoff, 0.5), [50, 100, 200, 250, 250]);
    }

    #[test]
    fn pauses_stay_short_while_nothing_listens_and_double_after_other_errors() {
        for (kind, max, expected) in [
            (ErrorKind::NotFound, 30_000, [250, 250, 250]),
            (ErrorKind::ConnectionRefused, 30_000, [250, 250, 250]),
            (ErrorKind::ConnectionRefused, 150, [150, 150, 150]),
            (ErrorKind::PermissionDenied, 30_000, [100, 200, 400]),
        ] {
            let mut backoff = Backoff::new(Reconnect {
                initial: NonZeroDuration::from_millis(100),
                max: HumanDuration(Duration::from_millis(max)),
            });
            let error = Error::from(kind);
            let pauses = [(); 3].map(|()| backoff.after_failure(&error, 1.0).as_millis());
            assert_eq!(pauses, expected, "{kind:?}, {max}");
        }
    }
}
