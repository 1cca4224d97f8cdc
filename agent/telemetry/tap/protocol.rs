//! What `/debug/tap` and `tidegate tap` share: the format of the lines, and the line with the
//! progress.

use serde::{Deserialize, Serialize};

/// The format of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum TapFormat {
    /// As `hubble observe` prints them
    Compact,
    /// As Hubble's exporter writes them
    Json,
}

/// How many records a tap has seen and shown; a line of its own in both formats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TapProgress {
    /// Lines so far.
    pub(crate) shown: u64,
    /// Records that matched the filters.
    pub(crate) matched: u64,
    /// Records that left the stage.
    pub(crate) seen: u64,
}

/// The object of a progress line.
#[derive(Serialize, Deserialize)]
struct ProgressLine {
    tap: TapProgress,
}

impl TapFormat {
    pub(super) fn parse(name: &str) -> Result<Self, String> {
        let format = <Self as clap::ValueEnum>::from_str(name, false);
        format.map_err(|_| format!("`format` is `compact` or `json`, not `{name}`"))
    }

    /// The value of `format` in a request.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Json => "json",
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Compact => "text/plain; charset=utf-8",
            Self::Json => "application/x-ndjson",
        }
    }
}

impl TapProgress {
    /// Appends the line: `{"tap":{..}}`.
    pub(super) fn push(self, out: &mut String) {
        out.push_str(&serde_json::to_string(&ProgressLine { tap: self }).unwrap_or_default());
        out.push('\n');
    }

    /// Number of records that matched and were not shown.
    pub(crate) fn hidden(self) -> u64 {
        self.matched.saturating_sub(self.shown)
    }

    /// Parses a line; `None` for the line of a record.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        if !line.starts_with("{\"tap\":") {
            return None;
        }
        serde_json::from_str::<ProgressLine>(line)
            .ok()
            .map(|line| line.tap)
    }
}

#[cfg(test)]
mod tests {
    use super::TapProgress;

    #[test]
    fn a_progress_line_is_distinguished_from_records() {
        let progress = TapProgress {
            shown: 1,
            matched: 2,
            seen: 3,
        };
        let mut line = String::new();
        progress.push(&mut line);
        assert_eq!(line, "{\"tap\":{\"shown\":1,\"matched\":2,\"seen\":3}}\n");
        assert_eq!(TapProgress::parse(line.trim_end()), Some(progress));
        assert_eq!(TapProgress::parse("{\"flow\":{}}"), None);
    }
}
