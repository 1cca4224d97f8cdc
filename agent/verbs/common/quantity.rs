//! Numbers as text for terminals.

/// An integer with thousands separators: `15,234`.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things: `1 frame`, `2 frames`.
pub(crate) fn count(n: u64, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// A rate: `-` for zero, one decimal below ten, else an integer.
pub(crate) fn rate(per_second: f64) -> String {
    match per_second {
        none if none <= 0.0 => "-".to_owned(),
        few if few < 9.95 => format!("{:.1}", few.max(0.1)),
        many => grouped(whole(many)),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is rounded, and not negative"
)]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

/// A number of bytes: `3.1 MiB`.
#[expect(clippy::cast_precision_loss, reason = "it is shown with one decimal")]
pub(crate) fn bytes(n: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if n < 1024 {
        return format!("{n} B");
    }
    let power = (n.ilog2() / 10).min(4);
    format!(
        "{:.1} {}",
        n as f64 / (1_u64 << (power * 10)) as f64,
        UNITS[power as usize - 1]
    )
}

/// A duration in its two largest units: `2m 5s`.
pub(crate) fn duration(seconds: f64) -> String {
    let seconds = whole(seconds.floor());
    let minutes = seconds / 60;
    let hours = seconds / 3600;
    let days = seconds / 86_400;
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, ..) => format!("{hours}h {}m", minutes % 60),
        _ => format!("{days}d {}h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::{bytes, count, duration, grouped, rate};

    #[test]
    fn numbers_are_formatted() {
        let cases = [
            (grouped(0), "0"),
            (grouped(999), "999"),
            (grouped(15_234), "15,234"),
            (grouped(1_000_000), "1,000,000"),
            (count(0, "frame"), "0 frames"),
            (count(1, "frame"), "1 frame"),
            (count(2, "frame"), "2 frames"),
            (rate(0.0), "-"),
            (rate(0.01), "0.1"),
            (rate(9.94), "9.9"),
            (rate(9.96), "10"),
            (rate(15_233.7), "15,234"),
            (bytes(0), "0 B"),
            (bytes(1023), "1023 B"),
            (bytes(1024), "1.0 KiB"),
            (bytes(16 << 20), "16.0 MiB"),
            (bytes(5 << 30), "5.0 GiB"),
            (bytes(3 << 40), "3.0 TiB"),
            (duration(59.9), "59s"),
            (duration(125.0), "2m 5s"),
            (duration(3_720.0), "1h 2m"),
            (duration(90_000.0), "1d 1h"),
        ];
        for (text, expected) in cases {
            assert_eq!(text, expected);
        }
    }
}
