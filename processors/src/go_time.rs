//! Go's `time.Parse(time.RFC3339Nano, text)` followed by `timestamppb`'s check, with which Hubble
//! reads timestamps.
//!
//! It takes an hour of one digit, a comma before the fraction and a zone of up to 24:60, and
//! neither a second 60 nor small letters; years are 1 to 9999.

use jiff::SignedDuration;

/// The first and the last second that can be said.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// The time since the Unix epoch; `None` where Go has an error.
pub(crate) fn parse(text: &[u8]) -> Option<SignedDuration> {
    let mut rest = Rest(text);
    let year = rest.number::<4>()?;
    let month = rest.literal(b'-')?.number::<2>()?;
    let day = rest.literal(b'-')?.number::<2>()?;
    let hour = rest.literal(b'T')?.hour()?;
    let minute = rest.literal(b':')?.number::<2>()?;
    let second = rest.literal(b':')?.number::<2>()?;
    let nanosecond = rest.nanosecond()?;
    let offset = rest.offset()?;
    if hour > 23 || minute > 59 || second > 59 || !rest.0.is_empty() {
        return None;
    }
    let minutes =
        (days(year, month, day)? * 24 + i64::from(hour)) * 60 + i64::from(minute) - offset;
    let seconds = minutes * 60 + i64::from(second);
    SECONDS
        .contains(&seconds)
        .then(|| SignedDuration::new(seconds, nanosecond))
}

/// Days since the Unix epoch of a day that there is, in a year without a sign.
fn days(year: i32, month: i32, day: i32) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    // Years that begin with March have their leap day at the end, and months before it of which
    // five have 153 days.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(i64::from(365 * year + leap_days + (153 * month + 2) / 5 + day - 1) - 719_468)
}

struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    #[inline(always)]
    fn literal(&mut self, byte: u8) -> Option<&mut Self> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(self)
    }

    /// Exactly so many digits.
    #[inline(always)]
    fn number<const DIGITS: usize>(&mut self) -> Option<i32> {
        let (number, rest) = self.0.split_first_chunk::<DIGITS>()?;
        self.0 = rest;
        let (mut sum, mut are_digits) = (0, true);
        for digit in number.map(|digit| digit.wrapping_sub(b'0')) {
            sum = sum * 10 + i32::from(digit);
            are_digits &= digit < 10;
        }
        are_digits.then_some(sum)
    }

    fn hour(&mut self) -> Option<i32> {
        match self.0 {
            [_, b'0'..=b'9', ..] => self.number::<2>(),
            _ => self.number::<1>(),
        }
    }

    /// A fraction, cut after nine digits; 0 without one.
    fn nanosecond(&mut self) -> Option<i32> {
        let [b'.' | b',', fraction @ ..] = self.0 else {
            return Some(0);
        };
        let (mut rest, mut sum, mut worth) = (fraction, 0, 100_000_000_u32);
        while let [digit @ b'0'..=b'9', behind @ ..] = rest {
            sum += u32::from(digit - b'0') * worth;
            (rest, worth) = (behind, worth / 10);
        }
        self.0 = rest;
        (rest.len() < fraction.len()).then_some(sum.cast_signed())
    }

    /// Minutes east of UTC.
    fn offset(&mut self) -> Option<i64> {
        let (&sign, rest) = self.0.split_first()?;
        self.0 = rest;
        if sign == b'Z' {
            return Some(0);
        }
        let hours = self.number::<2>().filter(|hours| *hours <= 24)?;
        let minutes = self
            .literal(b':')?
            .number::<2>()
            .filter(|minutes| *minutes <= 60)?;
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
    use super::{days, parse};
    use jiff::civil::{Date, date};

    const TEN: i128 = 1_772_359_200_000_000_000;

    #[test]
    fn a_time_is_what_go_reads() {
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
            assert_eq!(
                parse(text.as_bytes()).map(|time| time.as_nanos()),
                Some(expected),
                "{text}"
            );
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
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn every_day_is_where_the_calendar_has_it() {
        let years = (0..=9999).step_by(11).chain([1900, 2000, 2023, 2024, 2100]);
        let dates = years.flat_map(|year| (0..=13).map(move |month| (year, month)));
        for (year, month) in dates {
            for day in [0, 1, 28, 29, 30, 31, 32] {
                let known = Date::new(year, month, day).ok();
                let known = known.map(|day| day.since(date(1970, 1, 1)).unwrap().get_days().into());
                assert_eq!(
                    days(year.into(), month.into(), day.into()),
                    known,
                    "{year}-{month}-{day}"
                );
            }
        }
    }
}
