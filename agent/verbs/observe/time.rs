//! Times on the command line, as `hubble observe --since` takes them.

use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::Offset;
use tidegate_model::Timestamp;

/// Nanoseconds of each unit of a duration. Units whose names are the beginning of another's come
/// after it.
const UNITS: [(&str, f64); 8] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("μs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 6e10),
    ("h", 3.6e12),
];

/// Parses a time: a duration before `now`, such as `5m` or `1h30m`, of which a negative one is in the
/// future, or a date such as `2026-03-01`, `2026-03-01T10Z`, RFC 3339 or RFC 1123.
pub(super) fn parse(text: &str, now: Timestamp) -> Option<Timestamp> {
    match parse_duration(text) {
        Some(ago) => Some(before(now, ago)),
        None => parse_date(text),
    }
}

/// The time this many nanoseconds before `now`, within the range of times.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a conversion from a float saturates"
)]
fn before(now: Timestamp, nanos: f64) -> Timestamp {
    Timestamp(match nanos >= 0.0 {
        true => now.0.saturating_sub(nanos as u64),
        false => now.0.saturating_add(-nanos as u64),
    })
}

/// Parses a duration of Go, such as `-1.5h` or `1h43m`, to nanoseconds.
fn parse_duration(text: &str) -> Option<f64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0.0);
    }
    let mut nanos = 0.0;
    while nanos == 0.0 || !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, factor) = UNITS.iter().find(|(unit, _)| rest.starts_with(unit))?;
        rest = &rest[unit.len()..];
        nanos += number * factor;
        if rest.is_empty() {
            break;
        }
    }
    Some(sign * nanos)
}

/// Parses a date. One outside of the range of times is the first or the last of them.
fn parse_date(text: &str) -> Option<Timestamp> {
    let nanos = match text.split_once('T') {
        Some((date, time)) if !text.contains(',') => parse_date_time(date, time)?,
        _ => match strtime::parse("%a, %d %b %Y %H:%M:%S %z", text) {
            Ok(parsed) => parsed.to_timestamp().ok()?.as_nanosecond(),
            Err(_) => parse_date_time(text, "00Z")?,
        },
    };
    Some(Timestamp(u64::try_from(nanos).unwrap_or(match nanos < 0 {
        true => 0,
        false => u64::MAX,
    })))
}

/// Parses a date and a time of one to three parts with an offset, such as `10:30+02:00`.
fn parse_date_time(date: &str, time: &str) -> Option<i128> {
    let offset_at = time.find(['Z', '+', '-'])?;
    let (clock, offset) = time.split_at(offset_at);
    let mut parts = clock.split(':').skip(1);
    let rest = match (parts.next(), parts.next()) {
        (None, _) => ":00:00",
        (_, None) => ":00",
        // Go has no leap seconds.
        (_, Some(second)) if second.starts_with("60") => return None,
        _ => "",
    };
    let civil: DateTime = format!("{date}T{clock}{rest}").parse().ok()?;
    let offset = match offset {
        "Z" => Offset::UTC,
        other => strtime::parse("%:z", other).ok()?.offset()?,
    };
    // Only the last hours of the year 9999 are not in the range of timestamps.
    let timestamp = offset.to_timestamp(civil);
    Some(timestamp.map_or(i128::MAX, jiff::Timestamp::as_nanosecond))
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, parse};

    const NOW: Timestamp = Timestamp(1_772_359_200_000_000_000);

    #[test]
    fn durations_are_before_now_and_negative_ones_after_it() {
        let second = 1_000_000_000;
        let cases = [
            ("0", 0),
            ("3s", 3 * second),
            ("4m", 240 * second),
            ("1h43m", 6180 * second),
            ("1.5h", 5400 * second),
            ("250ms", second / 4),
            ("2us3ns", 2003),
            ("-30s", -30 * second),
            ("+1s", second),
        ];
        for (text, ago) in cases {
            let expected = NOW.0.checked_add_signed(-ago).map(Timestamp);
            assert_eq!(parse(text, NOW), expected, "{text}");
        }
        assert_eq!(parse("99999999h", NOW), Some(Timestamp(0)));
    }

    #[test]
    fn dates_have_the_formats_of_hubble() {
        let ten = NOW.0;
        let cases = [
            ("2026-03-01", ten - 36_000_000_000_000),
            ("2026-03-01T10Z", ten),
            ("2026-03-01T12:00+02:00", ten),
            ("2026-03-01T10:00:00Z", ten),
            ("2026-03-01T05:00:00.25-05:00", ten + 250_000_000),
            ("2026-03-01T10:00:00.000000001Z", ten + 1),
            ("Sun, 01 Mar 2026 10:00:00 +0000", ten),
            ("0001-01-01", 0),
            ("1970-01-01T00:00:00+01:00", 0),
            ("9999-12-31T23:59:59Z", u64::MAX),
        ];
        for (text, nanos) in cases {
            assert_eq!(parse(text, NOW), Some(Timestamp(nanos)), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "5",
            "5 m",
            "m",
            "-",
            "1h43",
            "2026-13-01",
            "2026-03-01T10",
            "2026-03-01T10:00:60Z",
        ] {
            assert_eq!(parse(text, NOW), None, "{text}");
        }
    }
}
