//! Durations such as `"10s"` and sizes such as `"64MiB"`.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use toml::Value;

use super::HELP;
use super::declaration::{Setting, Shape};
use super::spelling::{suggest_duration, suggest_size};

/// A duration of ten years at most: a number with `ns`, `us`, `ms`, `s`, `m`, `h` or `d`; `"1.5s"`
/// is allowed, and so is `"0s"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HumanDuration(pub Duration);

/// The same, but longer than zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NonZeroDuration(HumanDuration);

/// A number of bytes, at least 1: a number with `B`, `KiB`, `MiB`, `GiB`, `kB`, `MB` or `GB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(usize);

impl HumanDuration {
    /// A number of seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl NonZeroDuration {
    /// The duration.
    #[must_use]
    pub const fn get(self) -> Duration {
        self.0.0
    }

    /// A number of milliseconds, which must not be zero.
    ///
    /// # Panics
    /// If it is.
    #[must_use]
    pub const fn from_millis(milliseconds: u64) -> Self {
        assert!(milliseconds > 0, "longer than zero");
        Self(HumanDuration(Duration::from_millis(milliseconds)))
    }
}

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
/// Ten years, which can be added to any clock's time.
const MAX_DURATION: Duration = Duration::from_secs(10 * 365 * 86_400);
const SIZE_UNITS: &[(&str, f64)] = &[
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
];

/// Multiplies a number by the factor of its unit.
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
        .filter(|duration| *duration <= MAX_DURATION)
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
const NONZERO_FORM: &str = "a duration longer than zero, such as \"10s\", \"250ms\" or \"5m\"";
const SIZE_FORM: &str = "a size such as \"64MiB\", \"512KiB\" or \"1GB\"";

struct TextVisitor<T> {
    expecting: &'static str,
    parse: fn(&str) -> Option<T>,
    /// What is probably meant by another text.
    suggest: fn(&str) -> Option<String>,
}

impl<T> TextVisitor<T> {
    /// The error of a text that is written in the file as `shown`.
    fn error<E: Error>(&self, text: &str, found: &str) -> E {
        let suggestion = (self.suggest)(text).filter(|text| (self.parse)(text).is_some());
        let help = suggestion.map(|text| format!("{HELP}write {text:?}"));
        let help = help.unwrap_or_default();
        E::custom(format_args!("{found}, expected {}{help}", self.expecting))
    }
}

impl<T> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        let found = || format!("invalid value: string {text:?}");
        (self.parse)(text).ok_or_else(|| self.error(text, &found()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        let found = format!("invalid type: integer `{number}`");
        Err(self.error(&number.to_string(), &found))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        let found = format!("invalid type: floating point `{number}`");
        Err(self.error(&number.to_string(), &found))
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_str(TextVisitor {
                expecting: DURATION_FORM,
                parse: parse_duration,
                suggest: suggest_duration,
            })
            .map(Self)
    }
}

impl<'de> Deserialize<'de> for NonZeroDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_str(TextVisitor {
                expecting: NONZERO_FORM,
                parse: |text| parse_duration(text).filter(|duration| !duration.is_zero()),
                suggest: suggest_duration,
            })
            .map(|duration| Self(HumanDuration(duration)))
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_str(TextVisitor {
                expecting: SIZE_FORM,
                parse: parse_size,
                suggest: suggest_size,
            })
            .map(Self)
    }
}

impl Setting for HumanDuration {
    fn shape() -> Shape {
        let pattern = Some(r"^\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*(ns|us|ms|s|m|h|d)\s*$");
        Shape::Text { pattern }
    }

    fn to_toml(&self) -> Option<Value> {
        let units = DURATION_UNITS.iter().rev();
        let seconds = self.0.as_secs_f64();
        Some(Value::String(largest_unit(seconds, "s", units)))
    }
}

impl Setting for NonZeroDuration {
    fn shape() -> Shape {
        let pattern = Some(r"^\s*[0.]*[1-9][0-9]*\.?[0-9]*\s*(ns|us|ms|s|m|h|d)\s*$");
        Shape::Text { pattern }
    }

    fn to_toml(&self) -> Option<Value> {
        self.0.to_toml()
    }
}

impl Setting for ByteSize {
    fn shape() -> Shape {
        let pattern = Some(
            r"^\s*([0-9]*[1-9][0-9]*\.?[0-9]*|[0-9]*\.[0-9]*[1-9][0-9]*)\s*(B|[kMG]B|[KMG]iB)\s*$",
        );
        Shape::Text { pattern }
    }

    fn to_toml(&self) -> Option<Value> {
        #[expect(clippy::cast_precision_loss, reason = "defaults are some mebibytes")]
        let bytes = self.0 as f64;
        let binary = SIZE_UNITS.iter().filter(|(name, _)| name.contains('i'));
        Some(Value::String(largest_unit(bytes, "B", binary.rev())))
    }
}

/// A number with the largest of `units` (largest first) of which it is a multiple.
fn largest_unit<'u>(
    number: f64,
    smallest: &'u str,
    units: impl Iterator<Item = &'u (&'u str, f64)>,
) -> String {
    let mut whole =
        units.filter(|(_, factor)| number >= *factor && (number / factor).fract() == 0.0);
    let (unit, factor) = whole.next().copied().unwrap_or((smallest, 1.0));
    format!("{}{unit}", number / factor)
}

#[cfg(test)]
mod tests {
    use super::{ByteSize, Duration, HumanDuration, Setting, parse_duration, parse_size};

    #[test]
    fn values_are_written_with_the_largest_unit_that_divides_them() {
        let cases = [
            (HumanDuration(Duration::from_secs(300)).to_toml(), "5m"),
            (HumanDuration(Duration::from_secs(90)).to_toml(), "90s"),
            (HumanDuration(Duration::from_millis(100)).to_toml(), "100ms"),
            (
                HumanDuration(Duration::from_millis(1500)).to_toml(),
                "1500ms",
            ),
            (HumanDuration(Duration::ZERO).to_toml(), "0s"),
            (ByteSize::new(2 << 20).to_toml(), "2MiB"),
            (ByteSize::new(1536).to_toml(), "1536B"),
            (ByteSize::new(3 << 9 << 10).to_toml(), "1536KiB"),
        ];
        for (value, expected) in cases {
            assert_eq!(value.unwrap().as_str(), Some(expected));
        }
    }

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
