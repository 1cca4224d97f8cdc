//! Numbers as Go writes them with `strconv.FormatFloat(value, 'g', -1, 64)`: the fewest digits that
//! read back the same, with an exponent from a million on.

use std::fmt::Write;

use super::Format;

/// Appends `value`. OpenMetrics writes whole numbers with `.0`.
pub(super) fn write(text: &mut String, value: f64, format: Format) {
    let start = text.len();
    if value.is_nan() {
        text.push_str("NaN");
    } else if value.is_infinite() {
        text.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else {
        finite(text, value);
        if format == Format::OpenMetrics && !text[start..].contains(['.', 'e']) {
            text.push_str(".0");
        }
    }
}

fn finite(text: &mut String, value: f64) {
    let magnitude = value.abs();
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    let whole = value as i32;
    // Counts, which most values are, are written faster as what they are.
    if magnitude < 1e6 && f64::from(whole).to_bits() == value.to_bits() {
        let _ = write!(text, "{whole}");
        return;
    }
    if magnitude == 0.0 || (1e-4..1e6).contains(&magnitude) {
        let _ = write!(text, "{value}");
        return;
    }
    let start = text.len();
    let _ = write!(text, "{value:e}");
    // Go's exponent has a sign and two digits at least.
    let Some(at) = text[start..].find('e').map(|at| start + at + 1) else {
        return;
    };
    let exponent: i32 = text[at..].parse().unwrap_or_default();
    text.truncate(at);
    let _ = write!(
        text,
        "{}{:02}",
        if exponent < 0 { '-' } else { '+' },
        exponent.abs()
    );
}

#[cfg(test)]
mod tests {
    use super::{Format, write};

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        let cases = [
            (0.0, "0", "0.0"),
            (-0.0, "-0", "-0.0"),
            (1.0, "1", "1.0"),
            (-1.0, "-1", "-1.0"),
            (0.005, "0.005", "0.005"),
            (0.1 + 0.2, "0.30000000000000004", "0.30000000000000004"),
            (0.0001, "0.0001", "0.0001"),
            (0.00001, "1e-05", "1e-05"),
            (999_999.0, "999999", "999999.0"),
            (1e6, "1e+06", "1e+06"),
            (1_234_567.0, "1.234567e+06", "1.234567e+06"),
            (123_456_789.125, "1.23456789125e+08", "1.23456789125e+08"),
            (
                f64::MAX,
                "1.7976931348623157e+308",
                "1.7976931348623157e+308",
            ),
            (5e-324, "5e-324", "5e-324"),
            (f64::INFINITY, "+Inf", "+Inf"),
            (f64::NEG_INFINITY, "-Inf", "-Inf"),
            (f64::NAN, "NaN", "NaN"),
        ];
        for (value, in_text, in_open_metrics) in cases {
            for (format, expected) in [
                (Format::Text, in_text),
                (Format::OpenMetrics, in_open_metrics),
            ] {
                let mut text = String::from("x ");
                write(&mut text, value, format);
                assert_eq!(text, format!("x {expected}"), "{format:?}");
            }
        }
    }
}
