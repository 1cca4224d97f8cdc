//! What an endpoint has shown about the size of requests that it accepts. Pure: time is an argument.
//!
//! A limit is learnt from refusals only. It doubles with each hour that passes without another
//! refusal, so that requests become larger again after the endpoint was reconfigured, at the cost of
//! a refused request that is sent again in parts.

use std::time::Duration;

use tokio::time::Instant;

/// No limit below this is assumed, so that a backend that calls everything too large does not get
/// a request for each record.
const MIN_LIMIT: usize = 4 << 10;

/// How long a limit lasts before it doubles.
const LASTS: Duration = Duration::from_secs(3600);

/// The size of requests that an endpoint accepts, in bytes before compression.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SizeLimit(Option<Learnt>);

#[derive(Clone, Copy, Debug)]
struct Learnt {
    bytes: usize,
    at: Instant,
}

impl SizeLimit {
    /// Records that a request of `bytes` was refused for its size; `stated` is the limit in the
    /// refusal, if it has one. Returns the new limit, if it is another one.
    pub(crate) fn refused(
        &mut self,
        bytes: usize,
        stated: Option<usize>,
        now: Instant,
    ) -> Option<usize> {
        let before = self.bytes(now);
        let stated = stated.filter(|stated| *stated < bytes);
        let learnt = stated.unwrap_or(bytes / 2).max(MIN_LIMIT);
        let learnt = before.map_or(learnt, |before| before.min(learnt));
        self.0 = Some(Learnt {
            bytes: learnt,
            at: now,
        });
        (before != Some(learnt)).then_some(learnt)
    }

    /// The limit; `None` if there is none.
    pub(crate) fn bytes(&self, now: Instant) -> Option<usize> {
        let Learnt { bytes, at } = self.0?;
        let doublings = now.duration_since(at).as_secs() / LASTS.as_secs();
        let factor = u32::try_from(doublings)
            .ok()
            .and_then(|n| 1_usize.checked_shl(n));
        bytes.checked_mul(factor?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_half_of_what_was_refused_or_what_the_refusal_states() {
        let now = Instant::now();
        let mut limit = SizeLimit::default();
        assert_eq!(limit.bytes(now), None);
        assert_eq!(limit.refused(1 << 20, None, now), Some(1 << 19));
        assert_eq!(limit.refused(1 << 19, None, now), Some(1 << 18));
        assert_eq!(limit.refused(1 << 20, None, now), None, "it is known");
        assert_eq!(limit.bytes(now), Some(1 << 18));
        assert_eq!(limit.refused(1 << 18, Some(100_000), now), Some(100_000));
        let mut limit = SizeLimit::default();
        let stated = Some(2 << 20);
        assert_eq!(limit.refused(1 << 20, stated, now), Some(1 << 19));
        assert_eq!(limit.refused(1000, Some(1), now), Some(MIN_LIMIT));
    }

    #[test]
    fn a_limit_doubles_with_each_hour_without_a_refusal() {
        let start = Instant::now();
        let mut limit = SizeLimit::default();
        limit.refused(20_000, None, start);
        for (hours, expected) in [(0, Some(10_000)), (1, Some(20_000)), (3, Some(80_000))] {
            let now = start + LASTS * hours;
            assert_eq!(limit.bytes(now), expected, "{hours}");
        }
        assert_eq!(limit.bytes(start + LASTS * 70), None);
        let later = start + LASTS;
        assert_eq!(limit.refused(20_000, None, later), Some(10_000));
    }
}
