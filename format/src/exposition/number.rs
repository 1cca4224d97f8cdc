//! Numbers as Go's `strconv.FormatFloat(value, 'g', -1, 64)` writes them: the fewest digits that
//! parse to the same number, with an exponent from a million.

use std::fmt::Write;

use super::Format;

/// Appends `value`. OpenMetrics writes whole numbers with `.0`.
pub(super) fn push_number(text: &mut String, value: f64, format: Format) {
    let start = text.len();
    if value.is_nan() {
        text.push_str("NaN");
    } else if value.is_infinite() {
        text.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
    } else {
        push_finite(text, value);
        if format == Format::OpenMetrics && !text[start..].contains(['.', 'e']) {
            text.push_str(".0");
        }
    }
}

fn push_finite(text: &mut String, value: f64) {
    let magnitude = value.abs();
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    let whole = value as i32;
    // Most values are counts, and integers are faster to write.
    if magnitude < 1e6 && f64::from(whole).to_bits() == value.to_bits() {
        return text.push_str(itoa::Buffer::new().format(whole));
    }
    if magnitude == 0.0 || (1e-4..1e6).contains(&magnitude) {
        write!(text, "{value}").expect("writing to a String cannot fail");
        return;
    }
    push_with_exponent(text, value);
}

/// Appends `value` with an exponent, which in Go has a sign and at least two digits.
fn push_with_exponent(text: &mut String, value: f64) {
    let rust = format!("{value:e}");
    let (mantissa, exponent) = rust.split_once('e').unwrap_or((&rust, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    write!(text, "{mantissa}e{exponent:+03}").expect("writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use super::{Format, push_number};

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
                push_number(&mut text, value, format);
                assert_eq!(text, format!("x {expected}"), "{format:?}");
            }
        }
    }
}
