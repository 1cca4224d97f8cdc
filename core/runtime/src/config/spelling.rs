//! Durations and sizes as other programs write them, in the form that keys take.

/// Names of units of time, and the unit that is meant.
const TIMES: [(&[&str], &str); 7] = [
    (&["ns", "nsec", "nanosecond", "nanoseconds"], "ns"),
    (
        &["us", "µs", "μs", "usec", "microsecond", "microseconds"],
        "us",
    ),
    (
        &[
            "ms",
            "msec",
            "msecs",
            "millis",
            "millisecond",
            "milliseconds",
        ],
        "ms",
    ),
    (&["s", "", "sec", "secs", "second", "seconds"], "s"),
    (&["m", "min", "mins", "minute", "minutes"], "m"),
    (&["h", "hr", "hrs", "hour", "hours"], "h"),
    (&["d", "day", "days"], "d"),
];

/// Names of units of memory, and the unit that is meant.
const SIZES: [(&[&str], &str); 7] = [
    (&["b", "", "byte", "bytes"], "B"),
    (&["k", "ki", "kib"], "KiB"),
    (&["kb"], "kB"),
    (&["m", "mi", "mib"], "MiB"),
    (&["mb"], "MB"),
    (&["g", "gi", "gib"], "GiB"),
    (&["gb"], "GB"),
];

/// A number and the unit that is meant by the text behind it.
fn number_and_unit<'t>(
    text: &'t str,
    units: &[(&[&str], &'static str)],
) -> Option<(&'t str, &'static str, &'t str)> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, rest) = text.split_at(end.unwrap_or(text.len()));
    let end = rest.trim_start().find(|c: char| c.is_ascii_digit());
    let unit = &rest.trim_start()[..end.unwrap_or(rest.trim_start().len())];
    let behind = &rest.trim_start()[unit.len()..];
    let name = unit.trim().to_lowercase();
    let named = units
        .iter()
        .find(|(names, _)| names.contains(&name.as_str()));
    named.map(|(_, unit)| (number, *unit, behind))
}

/// The duration that is probably meant by a text, such as `"90s"` by `1m30s`, or by a number, which is
/// taken for seconds.
pub(super) fn suggest_duration(text: &str) -> Option<String> {
    let (number, unit, mut rest) = number_and_unit(text, &TIMES)?;
    if rest.is_empty() {
        return Some(format!("{number}{unit}"));
    }
    let mut seconds = seconds(number, unit)?;
    while !rest.is_empty() {
        let (number, unit, behind) = number_and_unit(rest, &TIMES)?;
        seconds += self::seconds(number, unit)?;
        rest = behind;
    }
    Some(format!("{seconds}s"))
}

/// Whole seconds of a number with a unit.
fn seconds(number: &str, unit: &str) -> Option<u64> {
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// The size that is probably meant by a text, or by a number, which is taken for bytes.
pub(super) fn suggest_size(text: &str) -> Option<String> {
    let (number, unit, rest) = number_and_unit(text, &SIZES)?;
    if !rest.is_empty() {
        return None;
    }
    let bytes = number
        .parse::<u64>()
        .ok()
        .filter(|bytes| *bytes > 0 && unit == "B");
    let largest = bytes.and_then(|bytes| {
        let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        let whole = units
            .into_iter()
            .find(|(_, size)| bytes.is_multiple_of(*size));
        whole.map(|(unit, size): (_, u64)| format!("{}{unit}", bytes / size))
    });
    Some(largest.unwrap_or_else(|| format!("{number}{unit}")))
}

#[cfg(test)]
mod tests {
    use super::{suggest_duration, suggest_size};

    #[test]
    fn durations_of_other_programs_are_understood() {
        let cases = [
            ("30", Some("30s")),
            ("1.5", Some("1.5s")),
            ("30 seconds", Some("30s")),
            ("5 Min", Some("5m")),
            ("250 MSEC", Some("250ms")),
            ("10µs", Some("10us")),
            ("1m30s", Some("90s")),
            ("1h 0m 5s", Some("3605s")),
            ("1m30ms", None),
            ("1 week", None),
            ("soon", None),
            ("99999999999999999999d1s", None),
        ];
        for (text, expected) in cases {
            assert_eq!(suggest_duration(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn sizes_of_other_programs_are_understood() {
        let cases = [
            ("1048576", Some("1MiB")),
            ("1000", Some("1000B")),
            ("64M", Some("64MiB")),
            ("64mb", Some("64MB")),
            ("1.5 Gi", Some("1.5GiB")),
            ("512 bytes", Some("512B")),
            ("64TB", None),
            ("1M2K", None),
            ("all", None),
        ];
        for (text, expected) in cases {
            assert_eq!(suggest_size(text).as_deref(), expected, "{text}");
        }
    }
}
