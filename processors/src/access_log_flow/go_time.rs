//! Go's `time.Parse(time.RFC3339Nano, text)` followed by `timestamppb`'s check, with which Hubble reads timestamps.
//!
//! It takes an hour of one digit, a comma before the fraction and a zone of up to 24:60, and neither a second 60 nor
//! small letters; years are 1 to 9999.

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};

/// The time since the Unix epoch; `None` where Go has an error.
pub(crate) fn parse(text: &str) -> Option<SignedDuration> {
    let mut rest = Rest(text.as_bytes());
    let year = rest.number(4)?;
    let month = rest.literal(b'-')?.number(2)?;
    let day = rest.literal(b'-')?.number(2)?;
    let hour = rest.literal(b'T')?.hour()?;
    let minute = rest.literal(b':')?.number(2)?;
    let second = rest.literal(b':')?.number(2)?;
    let nanosecond = rest.nanosecond()?;
    let offset = rest.offset()?;
    let [month, day, hour, minute, second] = [month, day, hour, minute, second].map(|part| i8::try_from(part).ok());
    let local = DateTime::new(i16::try_from(year).ok()?, month?, day?, hour?, minute?, second?, nanosecond).ok()?;
    let time = since_epoch(local) - SignedDuration::from_mins(offset);
    let first = since_epoch(date(1, 1, 1).at(0, 0, 0, 0));
    let last = since_epoch(date(9999, 12, 31).at(23, 59, 59, 999_999_999));
    (rest.0.is_empty() && first <= time && time <= last).then_some(time)
}

fn since_epoch(time: DateTime) -> SignedDuration {
    time.duration_since(date(1970, 1, 1).at(0, 0, 0, 0))
}

struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn literal(&mut self, byte: u8) -> Option<&mut Self> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(self)
    }

    /// Exactly so many digits.
    fn number(&mut self, digits: usize) -> Option<i32> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number.iter().try_fold(0, |sum, &digit| digit.is_ascii_digit().then(|| sum * 10 + i32::from(digit - b'0')))
    }

    fn hour(&mut self) -> Option<i32> {
        let digits = self.0.iter().take(2).take_while(|byte| byte.is_ascii_digit()).count();
        self.number(digits.max(1))
    }

    /// A fraction, cut after nine digits; 0 without one.
    fn nanosecond(&mut self) -> Option<i32> {
        let [b'.' | b',', fraction @ ..] = self.0 else { return Some(0) };
        let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (fraction, rest) = fraction.split_at(digits);
        self.0 = rest;
        let padded = fraction.iter().copied().chain(std::iter::repeat(b'0'));
        (digits > 0).then(|| padded.take(9).fold(0, |sum, digit| sum * 10 + i32::from(digit - b'0')))
    }

    /// Minutes east of UTC.
    fn offset(&mut self) -> Option<i64> {
        let (&sign, rest) = self.0.split_first()?;
        self.0 = rest;
        if sign == b'Z' {
            return Some(0);
        }
        let hours = self.number(2).filter(|hours| *hours <= 24)?;
        let minutes = self.literal(b':')?.number(2).filter(|minutes| *minutes <= 60)?;
        let offset = i64::from(hours * 60 + minutes);
        match sign {
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
    fn a_time_is_what_go_reads() {
        for (text, expected) in [
            ("2026-03-01T10:00:00Z", TEN),
            ("2026-03-01T10:00:00.5+05:30", TEN + 500_000_000 - 19_800_000_000_000),
            ("2026-03-01T10:00:00-00:00", TEN),
            ("2026-03-01T09:00:00-01:00", TEN),
            ("2026-03-01T1:00:00Z", TEN - 9 * 3_600_000_000_000),
            ("2026-03-01T10:00:00,25Z", TEN + 250_000_000),
            ("2026-03-01T10:00:00.1234567891Z", TEN + 123_456_789),
            ("2026-03-01T10:00:00+24:60", TEN - 25 * 3_600_000_000_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000_000_000),
            ("1969-12-31T23:59:59.9Z", -100_000_000),
            ("9999-12-31T23:59:59.999999999Z", 253_402_300_799_999_999_999),
        ] {
            assert_eq!(parse(text).map(|time| time.as_nanos()), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_go_refuses_is_no_time() {
        for text in [
            "",
            "yesterday",
            "2026-03-01T10:00:00",
            "2026-03-01T10:00:00.Z",
            "2026-02-30T10:00:00Z",
            "2026-3-01T10:00:00Z",
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
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
