//! Times in UTC.

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

fn jiff_timestamp(time: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_nanosecond(i128::from(time.0))
        .expect("64 bits of nanoseconds end in 2554")
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, push_hubble_time, push_rfc3339};

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
}
