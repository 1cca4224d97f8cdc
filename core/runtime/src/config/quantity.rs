//! `"10s"` and `"64MiB"`.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// A duration of ten years at most: a number with `ns`, `us`, `ms`, `s`, `m`, `h` or `d`; `"1.5s"`
/// is allowed, and so is `"0s"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HumanDuration(pub Duration);

/// A number of bytes, at least 1: a number with `B`, `KiB`, `MiB`, `GiB`, `kB`, `MB` or `GB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(usize);

impl ByteSize {
    /// The number.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0
    }

    /// From a number of bytes.
    #[must_use]
    pub const fn new(bytes: usize) -> Self {
        Self(bytes)
    }
}

const DURATION_UNITS: &[(&str, f64)] = &[
    ("ns", 1e-9),
    ("us", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
    ("d", 86_400.0),
];
/// Ten years, which every clock can count from now on.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);
const SIZE_UNITS: &[(&str, f64)] = &[
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
];

/// Splits number and unit, and multiplies.
fn quantity(text: &str, units: &[(&str, f64)]) -> Option<f64> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = units.iter().find(|(name, _)| *name == unit.trim())?.1;
    Some(number.parse::<f64>().ok()? * factor)
}

fn parse_duration(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(quantity(text, DURATION_UNITS)?)
        .ok()
        .filter(|duration| *duration <= LONGEST)
}

fn parse_size(text: &str) -> Option<usize> {
    let bytes = quantity(text, SIZE_UNITS)?.round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be in range"
    )]
    (1.0..=9e15).contains(&bytes).then_some(bytes as usize)
}

impl std::str::FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_size(text)
            .map(Self)
            .ok_or_else(|| format!("expected {SIZE_FORM}"))
    }
}

impl std::str::FromStr for HumanDuration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_duration(text)
            .map(Self)
            .ok_or_else(|| format!("expected {DURATION_FORM}"))
    }
}

const DURATION_FORM: &str = "a duration such as \"10s\", \"250ms\" or \"5m\"";
const SIZE_FORM: &str = "a size such as \"64MiB\", \"512KiB\" or \"1GB\"";

struct Text<T> {
    expecting: &'static str,
    parse: fn(&str) -> Option<T>,
}

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_str(Text {
                expecting: DURATION_FORM,
                parse: parse_duration,
            })
            .map(Self)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_str(Text {
                expecting: SIZE_FORM,
                parse: parse_size,
            })
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, parse_duration, parse_size};

    #[test]
    fn durations_are_numbers_with_a_unit() {
        let cases = [
            ("10s", Some(Duration::from_secs(10))),
            ("250ms", Some(Duration::from_millis(250))),
            ("1.5 s", Some(Duration::from_millis(1500))),
            ("5m", Some(Duration::from_secs(300))),
            ("0s", Some(Duration::ZERO)),
            ("10", None),
            ("-1s", None),
            ("1.2.3s", None),
            ("3650d", Some(Duration::from_secs(315_360_000))),
            ("3651d", None),
            ("99999999999999999999d", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_duration(text), expected, "{text}");
        }
    }

    #[test]
    fn sizes_are_numbers_with_a_unit() {
        let cases = [
            ("64MiB", Some(64 << 20)),
            ("1GB", Some(1_000_000_000)),
            ("512 KiB", Some(512 << 10)),
            ("7B", Some(7)),
            ("0B", None),
            ("64", None),
            ("64mib", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_size(text), expected, "{text}");
        }
    }
}
