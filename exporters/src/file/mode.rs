//! The permissions of the files.

use std::fmt;

use rustix::fs::Mode;
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use tidegate_runtime::config::{Setting, Shape, Value};

/// The mode of a file, in octal digits such as `"0640"`. The owner can read and write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileMode(u32);

impl FileMode {
    /// Owner: read and write; group: read.
    pub(super) const DEFAULT: Self = Self(0o640);

    /// The mode for the kernel.
    pub(super) fn get(self) -> Mode {
        Mode::from_raw_mode(self.0)
    }

    fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('0').filter(|_| text.len() == 4);
        let digits = digits.unwrap_or(text);
        let is_octal = digits.len() == 3 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
        let mode = u32::from_str_radix(digits, 8).ok().filter(|_| is_octal)?;
        (mode & 0o600 == 0o600).then_some(Self(mode))
    }
}

impl Setting for FileMode {
    fn shape() -> Shape {
        Shape::Text {
            pattern: Some("^0?[67][0-7]{2}$"),
        }
    }

    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(format!("{:04o}", self.0)))
    }
}

impl<'de> Deserialize<'de> for FileMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ModeVisitor)
    }
}

struct ModeVisitor;

impl Visitor<'_> for ModeVisitor {
    type Value = FileMode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a file mode in octal digits, such as \"0640\", with which the owner can read and write")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<FileMode, E> {
        FileMode::parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::FileMode;

    #[test]
    fn a_mode_is_octal_and_lets_the_owner_read_and_write() {
        for (text, expected) in [
            ("0640", Some(0o640)),
            ("640", Some(0o640)),
            ("0666", Some(0o666)),
            ("0440", None),
            ("0840", None),
            ("4640", None),
            ("00640", None),
            ("+640", None),
            ("64", None),
            ("", None),
        ] {
            assert_eq!(FileMode::parse(text), expected.map(FileMode), "{text}");
        }
    }
}
