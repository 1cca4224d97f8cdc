//! The time in the name of a rotated file.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The length of a stamp as text.
pub(super) const STAMP_LEN: usize = "2006-01-02T15-04-05.000".len();

/// A time in milliseconds since the Unix epoch. Its text is UTC, as lumberjack writes it, which
/// Hubble's exporter rotates with; so texts sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp(i64);

impl Stamp {
    /// The current time, or the first one after `last` if that is later: a clock that was set back
    /// does not change the order of the files.
    pub(super) fn after(last: Option<Self>, now: SystemTime) -> Self {
        let now = Self::of(now);
        last.map_or(now, |last| now.max(last.next()))
    }

    /// The stamp of a time.
    pub(super) fn of(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// The time of `age` before `now`.
    pub(super) fn before(now: SystemTime, age: Duration) -> Self {
        Self::of(now.checked_sub(age).unwrap_or(UNIX_EPOCH))
    }

    /// The next millisecond.
    pub(super) fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Reads a text of [`STAMP_LEN`] bytes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let number = |from: usize, to: usize| -> Option<i16> {
            let digits = text.get(from..to)?;
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|_| is_number)
        };
        let small = |at: usize| i8::try_from(number(at, at + 2)?).ok();
        let time = DateTime::new(
            number(0, 4)?,
            small(5)?,
            small(8)?,
            small(11)?,
            small(14)?,
            small(17)?,
            i32::from(number(20, 23)?) * 1_000_000,
        )
        .ok()?;
        let stamp = Self(TimeZone::UTC.to_timestamp(time).ok()?.as_millisecond());
        (stamp.to_string() == text).then_some(stamp)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::MAX);
        let time = TimeZone::UTC.to_datetime(time);
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}-{:02}-{:02}.{:03}",
            time.year(),
            time.month(),
            time.day(),
            time.hour(),
            time.minute(),
            time.second(),
            time.millisecond()
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::Stamp;

    #[test]
    fn a_stamp_is_the_utc_time_that_lumberjack_writes() {
        let time = UNIX_EPOCH + Duration::from_millis(1_772_359_200_123);
        let stamp = Stamp::of(time);
        assert_eq!(stamp.to_string(), "2026-03-01T10-00-00.123");
        assert_eq!(Stamp::parse("2026-03-01T10-00-00.123"), Some(stamp));
        for text in [
            "2026-03-01T10-00-00",
            "2026-02-30T10-00-00.123",
            "2026-03-01 10-00-00.123",
            "2026-03-01T10:00:00.123",
            "+026-03-01T10-00-00.123",
            "2026-03-01T10-00-00.1234",
            "",
        ] {
            assert_eq!(Stamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn stamps_increase_when_the_clock_is_set_back() {
        let now = UNIX_EPOCH + Duration::from_millis(5_000);
        let cases = [
            (None, 5_000),
            (Some(4_000), 5_000),
            (Some(5_000), 5_001),
            (Some(9_000), 9_001),
        ];
        for (last, expected) in cases {
            assert_eq!(
                Stamp::after(last.map(Stamp), now),
                Stamp(expected),
                "{last:?}"
            );
        }
    }
}
