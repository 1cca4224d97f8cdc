//! Parses timestamps as Hubble does: with Go's `time.Parse(time.RFC3339Nano, text)` and the range
//! check of `timestamppb`.
//!
//! Go accepts an hour of one digit, a comma before the fraction, a fraction of any length, and a
//! zone of up to 24:60; it rejects the second 60 and lower-case letters. Years are 1 to 9999.

use jiff::SignedDuration;
use jiff::civil::DateTime;

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// The first and the last second of the years 1 to 9999.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// Returns the time since the Unix epoch; `None` where Go returns an error.
pub(crate) fn parse(text: &[u8]) -> Option<SignedDuration> {
    let mut text = TimestampText(text);
    let year = text.number::<4>()?;
    let month = text.literal(b'-')?.two_digits()?;
    let day = text.literal(b'-')?.two_digits()?;
    let hour = text.literal(b'T')?.hour()?;
    let minute = text.literal(b':')?.two_digits()?;
    let second = text.literal(b':')?.two_digits()?;
    let nanosecond = text.nanosecond()?;
    let offset = text.offset()?;
    if !text.0.is_empty() {
        return None;
    }
    let local = DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    let seconds = local.duration_since(EPOCH).as_secs() - offset;
    SECONDS
        .contains(&seconds)
        .then(|| SignedDuration::new(seconds, nanosecond))
}

/// The rest of the text.
struct TimestampText<'a>(&'a [u8]);

impl TimestampText<'_> {
    #[inline(always)]
    fn literal(&mut self, byte: u8) -> Option<&mut Self> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(self)
    }

    /// Parses a number of exactly `DIGITS` digits.
    #[inline(always)]
    fn number<const DIGITS: usize>(&mut self) -> Option<i16> {
        let (digits, rest) = self.0.split_first_chunk::<DIGITS>()?;
        self.0 = rest;
        digits.iter().try_fold(0, |number, byte| match byte {
            b'0'..=b'9' => Some(number * 10 + i16::from(byte - b'0')),
            _ => None,
        })
    }

    #[inline(always)]
    fn two_digits(&mut self) -> Option<i8> {
        i8::try_from(self.number::<2>()?).ok()
    }

    /// Parses an hour of one or two digits.
    fn hour(&mut self) -> Option<i8> {
        match self.0 {
            [_, b'0'..=b'9', ..] => self.two_digits(),
            _ => i8::try_from(self.number::<1>()?).ok(),
        }
    }

    /// Parses an optional fraction of a second, and truncates it to nanoseconds.
    fn nanosecond(&mut self) -> Option<i32> {
        let [b'.' | b',', fraction @ ..] = self.0 else {
            return Some(0);
        };
        self.0 = fraction;
        let mut nanosecond = 0;
        let mut unit = 100_000_000;
        while let [digit @ b'0'..=b'9', rest @ ..] = self.0 {
            nanosecond += i32::from(digit - b'0') * unit;
            unit /= 10;
            self.0 = rest;
        }
        (self.0.len() < fraction.len()).then_some(nanosecond)
    }

    /// Parses a zone, and returns its offset in seconds east of UTC.
    fn offset(&mut self) -> Option<i64> {
        let (&sign, rest) = self.0.split_first()?;
        self.0 = rest;
        if sign == b'Z' {
            return Some(0);
        }
        let hours = self.two_digits().filter(|hours| *hours <= 24)?;
        let minutes = self.literal(b':')?.two_digits()?;
        let offset = (i64::from(hours) * 60 + i64::from(minutes)) * 60;
        match sign {
            _ if minutes > 60 => None,
            b'+' => Some(offset),
            b'-' => Some(-offset),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    const TEN: i128 = 1_772_359_200_000_000_000;

    #[test]
    fn a_timestamp_that_go_accepts_is_parsed() {
        for (text, expected) in [
            ("2026-03-01T10:00:00Z", TEN),
            (
                "2026-03-01T10:00:00.5+05:30",
                TEN + 500_000_000 - 19_800_000_000_000,
            ),
            ("2026-03-01T10:00:00-00:00", TEN),
            ("2026-03-01T09:00:00-01:00", TEN),
            ("2026-03-01T1:00:00Z", TEN - 9 * 3_600_000_000_000),
            ("2026-03-01T10:00:00,25Z", TEN + 250_000_000),
            ("2026-03-01T10:00:00.1234567891Z", TEN + 123_456_789),
            ("2026-03-01T10:00:00+24:60", TEN - 25 * 3_600_000_000_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000_000_000),
            ("1969-12-31T23:59:59.9Z", -100_000_000),
            (
                "9999-12-31T23:59:59.999999999Z",
                253_402_300_799_999_999_999,
            ),
        ] {
            let nanoseconds = parse(text.as_bytes()).map(|time| time.as_nanos());
            assert_eq!(nanoseconds, Some(expected), "{text}");
        }
    }

    #[test]
    fn a_timestamp_that_go_rejects_is_not_parsed() {
        for text in [
            "",
            "yesterday",
            "2026-03-01T10:00:00",
            "2026-03-01T10:00:00.Z",
            "2026-02-30T10:00:00Z",
            "2026-3-01T10:00:00Z",
            "2023-02-29T10:00:00Z",
            "2026-00-01T10:00:00Z",
            "2026-13-01T10:00:00Z",
            "2026-03-00T10:00:00Z",
            "2026-03-01T10:60:00Z",
            "2026-03-01T10:00:00+00:61",
            "2026-03-01T24:00:00Z",
            "2026-03-01T10:00:60Z",
            "2026-03-01T10:00Z",
            "2026-03-01t10:00:00z",
            "2026-03-01 10:00:00Z",
            "2026-03-01T10:00:00Z ",
            "2026-03-01T10:00:00Z[UTC]",
            "2026-03-01T10:00:00+0100",
            "2026-03-01T10:00:00+01",
            "2026-03-01T10:00:00+25:00",
            "2026-03-01T10:00:00 01:00",
            "0000-12-31T23:59:59Z",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "10000-01-01T00:00:00Z",
            "-001-01-01T00:00:00Z",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
