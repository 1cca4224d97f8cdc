//! Times in UTC.

use std::fmt::Write;

use jiff::civil::DateTime;
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::Offset;
use tidegate_model::Timestamp;

use super::decimal::{push_decimal, push_two_digits};

/// Appends a time as protobuf's JSON mapping writes it: RFC 3339 with 0, 3, 6 or 9 digits of the
/// second's fraction.
pub fn push_rfc3339(out: &mut String, time: Timestamp) {
    const fn with_digits(digits: u8) -> DateTimePrinter {
        DateTimePrinter::new().precision(Some(digits))
    }
    const SECONDS: DateTimePrinter = with_digits(0);
    const MILLIS: DateTimePrinter = with_digits(3);
    const MICROS: DateTimePrinter = with_digits(6);
    const NANOS: DateTimePrinter = with_digits(9);
    let printer = match time.0 % 1_000_000_000 {
        0 => &SECONDS,
        nanos if nanos.is_multiple_of(1_000_000) => &MILLIS,
        nanos if nanos.is_multiple_of(1_000) => &MICROS,
        _ => &NANOS,
    };
    printer
        .print_timestamp(&jiff_timestamp(time), out)
        .expect("writing to a String cannot fail");
}

/// Appends a time as `hubble observe` prints it, in Go's layout `Jan _2 15:04:05.000`; `N/A` if it
/// is unknown.
///
/// `strftime` would take five times as many instructions, and every compact line has a time.
pub fn push_hubble_time(out: &mut String, time: Timestamp) {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    if !time.is_known() {
        return out.push_str("N/A");
    }
    let civil = Offset::UTC.to_datetime(jiff_timestamp(time));
    out.push_str(MONTHS[usize::from(civil.month().unsigned_abs() - 1)]);
    out.push_str(if civil.day() < 10 { "  " } else { " " });
    push_decimal(out, civil.day().unsigned_abs());
    for (separator, field) in [
        (' ', civil.hour()),
        (':', civil.minute()),
        (':', civil.second()),
    ] {
        out.push(separator);
        push_two_digits(out, field.unsigned_abs());
    }
    let millis = civil.millisecond().unsigned_abs();
    out.push('.');
    push_decimal(out, millis / 100);
    push_two_digits(out, (millis % 100) as u8);
}

/// The formats of times that `hubble observe --time-format` offers, all in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeFormat {
    /// `Mar  1 10:00:00.120`
    #[default]
    StampMilli,
    /// `2026-03-01`
    YearMonthDay,
    /// `2026-03-01T10Z`
    YearMonthDayHour,
    /// `2026-03-01T10:00Z`
    YearMonthDayHourMinute,
    /// `2026-03-01T10:00:00Z`
    Rfc3339,
    /// `2026-03-01T10:00:00.12Z`: at most three digits of the fraction, without zeros at its end
    Rfc3339Milli,
    /// The same with at most six digits
    Rfc3339Micro,
    /// The same with at most nine digits
    Rfc3339Nano,
    /// `Sun, 01 Mar 2026 10:00:00 +0000`
    Rfc1123Z,
}

impl TimeFormat {
    /// All formats, in the order of Hubble's help.
    pub const ALL: [Self; 9] = [
        Self::StampMilli,
        Self::YearMonthDay,
        Self::YearMonthDayHour,
        Self::YearMonthDayHourMinute,
        Self::Rfc3339,
        Self::Rfc3339Milli,
        Self::Rfc3339Micro,
        Self::Rfc3339Nano,
        Self::Rfc1123Z,
    ];

    /// Hubble's name of the format.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StampMilli => "StampMilli",
            Self::YearMonthDay => "YearMonthDay",
            Self::YearMonthDayHour => "YearMonthDayHour",
            Self::YearMonthDayHourMinute => "YearMonthDayHourMinute",
            Self::Rfc3339 => "RFC3339",
            Self::Rfc3339Milli => "RFC3339Milli",
            Self::Rfc3339Micro => "RFC3339Micro",
            Self::Rfc3339Nano => "RFC3339Nano",
            Self::Rfc1123Z => "RFC1123Z",
        }
    }

    /// The time that Hubble's help shows as the example of a format: Go's reference time.
    #[must_use]
    pub const fn layout(self) -> &'static str {
        match self {
            Self::StampMilli => "Jan _2 15:04:05.000",
            Self::YearMonthDay => "2006-01-02",
            Self::YearMonthDayHour => "2006-01-02T15Z07:00",
            Self::YearMonthDayHourMinute => "2006-01-02T15:04Z07:00",
            Self::Rfc3339 => "2006-01-02T15:04:05Z07:00",
            Self::Rfc3339Milli => "2006-01-02T15:04:05.999Z07:00",
            Self::Rfc3339Micro => "2006-01-02T15:04:05.999999Z07:00",
            Self::Rfc3339Nano => "2006-01-02T15:04:05.999999999Z07:00",
            Self::Rfc1123Z => "Mon, 02 Jan 2006 15:04:05 -0700",
        }
    }

    /// The digits of the second's fraction; `None` if the format has none.
    const fn fraction_digits(self) -> Option<usize> {
        match self {
            Self::Rfc3339Milli => Some(3),
            Self::Rfc3339Micro => Some(6),
            Self::Rfc3339Nano => Some(9),
            _ => None,
        }
    }
}

/// Appends a time in one of Hubble's formats; `N/A` if it is unknown.
pub fn push_time(out: &mut String, format: TimeFormat, time: Timestamp) {
    if format == TimeFormat::StampMilli {
        return push_hubble_time(out, time);
    }
    if !time.is_known() {
        return out.push_str("N/A");
    }
    let civil = Offset::UTC.to_datetime(jiff_timestamp(time));
    let pattern = match format {
        TimeFormat::YearMonthDay => "%Y-%m-%d",
        TimeFormat::YearMonthDayHour => "%Y-%m-%dT%HZ",
        TimeFormat::YearMonthDayHourMinute => "%Y-%m-%dT%H:%MZ",
        TimeFormat::Rfc1123Z => "%a, %d %b %Y %H:%M:%S +0000",
        _ => "%Y-%m-%dT%H:%M:%S",
    };
    write!(out, "{}", civil.strftime(pattern)).expect("writing to a String cannot fail");
    if let Some(digits) = format.fraction_digits() {
        push_fraction(out, civil, digits);
    }
    if matches!(format, TimeFormat::Rfc3339) || format.fraction_digits().is_some() {
        out.push('Z');
    }
}

/// Appends a point and at most `digits` digits of the second's fraction, without zeros at the end;
/// nothing if all are zero.
fn push_fraction(out: &mut String, civil: DateTime, digits: usize) {
    let nanos = format!("{:09}", civil.subsec_nanosecond());
    let fraction = nanos[..digits].trim_end_matches('0');
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
}

fn jiff_timestamp(time: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_nanosecond(i128::from(time.0))
        .expect("64 bits of nanoseconds end in 2554")
}

#[cfg(test)]
mod tests {
    use super::{TimeFormat, Timestamp, push_hubble_time, push_rfc3339, push_time};

    fn text(push: impl FnOnce(&mut String)) -> String {
        let mut out = String::new();
        push(&mut out);
        out
    }

    #[test]
    fn times_are_written_as_protobuf_and_hubble_write_them() {
        let second = 1_772_359_200_000_000_000;
        let cases = [
            (second, "2026-03-01T10:00:00Z", "Mar  1 10:00:00.000"),
            (
                second + 120_000_000,
                "2026-03-01T10:00:00.120Z",
                "Mar  1 10:00:00.120",
            ),
            (
                second + 123_450_000,
                "2026-03-01T10:00:00.123450Z",
                "Mar  1 10:00:00.123",
            ),
            (
                second + 999_999_999,
                "2026-03-01T10:00:00.999999999Z",
                "Mar  1 10:00:00.999",
            ),
            (
                second + 9 * 86_400_000_000_000 + 7_000_000,
                "2026-03-10T10:00:00.007Z",
                "Mar 10 10:00:00.007",
            ),
            (1, "1970-01-01T00:00:00.000000001Z", "Jan  1 00:00:00.000"),
            (0, "1970-01-01T00:00:00Z", "N/A"),
            (
                u64::MAX,
                "2554-07-21T23:34:33.709551615Z",
                "Jul 21 23:34:33.709",
            ),
        ];
        for (nanos, rfc3339, hubble) in cases {
            assert_eq!(text(|out| push_rfc3339(out, Timestamp(nanos))), rfc3339);
            assert_eq!(text(|out| push_hubble_time(out, Timestamp(nanos))), hubble);
        }
    }

    #[test]
    fn times_are_written_in_every_format_of_hubble() {
        let second = 1_772_359_200_000_000_000;
        let texts = |nanos| {
            TimeFormat::ALL.map(|format| text(|out| push_time(out, format, Timestamp(nanos))))
        };
        // As Go's `time` writes them.
        assert_eq!(
            texts(second + 120_450_000),
            [
                "Mar  1 10:00:00.120",
                "2026-03-01",
                "2026-03-01T10Z",
                "2026-03-01T10:00Z",
                "2026-03-01T10:00:00Z",
                "2026-03-01T10:00:00.12Z",
                "2026-03-01T10:00:00.12045Z",
                "2026-03-01T10:00:00.12045Z",
                "Sun, 01 Mar 2026 10:00:00 +0000",
            ]
        );
        assert_eq!(texts(second)[5..8], ["2026-03-01T10:00:00Z"; 3]);
        assert_eq!(texts(0), ["N/A"; 9]);
    }
}
