//! What `/debug/tap` and its clients share: the format of the lines, and the line with the progress.

use serde::{Deserialize, Serialize};
use tidegate_format::text::TimeFormat;

/// The format of the records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum TapFormat {
    /// As `hubble observe` prints them
    #[default]
    Compact,
    /// One line per field, as `hubble observe -o dict` prints them
    Dict,
    /// As Hubble's exporter writes them
    #[value(alias = "jsonpb")]
    Json,
    /// Rows of a table, with a tab between cells, which the client aligns
    #[value(skip)]
    Table,
}

/// How records are written as lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TapLines {
    pub(crate) format: TapFormat,
    /// Whether hosts, ports, identities and verdicts are coloured.
    pub(crate) color: bool,
    /// Whether addresses are written in place of names.
    pub(crate) numeric: bool,
    /// Whether the name of the node is written.
    pub(crate) node_name: bool,
    /// Whether the policies that a verdict is derived from are written.
    pub(crate) policy_names: bool,
    pub(crate) time_format: TimeFormat,
}

/// How many records a tap has seen and shown; a line of its own in every format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TapProgress {
    /// Records so far.
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
    const ALL: [Self; 4] = [Self::Compact, Self::Dict, Self::Json, Self::Table];

    fn parse(name: &str) -> Result<Self, String> {
        let format = Self::ALL.into_iter().find(|format| format.name() == name);
        format.ok_or_else(|| {
            let names = Self::ALL.map(|format| format!("`{}`", format.name()));
            format!("`format` is one of {}, not `{name}`", names.join(", "))
        })
    }

    /// The value of `format` in a request.
    fn name(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Dict => "dict",
            Self::Json => "json",
            Self::Table => "table",
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/x-ndjson",
            _ => "text/plain; charset=utf-8",
        }
    }

    /// Whether a line is the first one of a record.
    pub(crate) fn begins_record(self, line: &[u8]) -> bool {
        match self {
            Self::Compact | Self::Json => true,
            Self::Dict => line.starts_with(b"  TIMESTAMP: "),
            Self::Table => !line.starts_with(b"TIMESTAMP\t"),
        }
    }
}

impl TapLines {
    /// The parameters of a request.
    pub(super) const PARAMETERS: [&str; 6] = [
        "format",
        "color",
        "numeric",
        "node_name",
        "policy_names",
        "time_format",
    ];

    /// The values of the parameters that differ from their defaults.
    pub(crate) fn parameters(self) -> Vec<(&'static str, &'static str)> {
        let Self {
            format,
            color,
            numeric,
            node_name,
            policy_names,
            time_format,
        } = self;
        let values = [
            format.name(),
            switch_name(color),
            switch_name(numeric),
            switch_name(node_name),
            switch_name(policy_names),
            time_format.name(),
        ];
        let default = [
            TapFormat::default().name(),
            "false",
            "false",
            "false",
            "false",
        ];
        let defaults = default.into_iter().chain([TimeFormat::default().name()]);
        let values = Self::PARAMETERS.into_iter().zip(values).zip(defaults);
        values
            .filter(|((_, value), default)| value != default)
            .map(|(parameter, _)| parameter)
            .collect()
    }

    /// Sets one of [`Self::PARAMETERS`]. The error is a message for the client.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "color" => self.color = switch(name, value)?,
            "numeric" => self.numeric = switch(name, value)?,
            "node_name" => self.node_name = switch(name, value)?,
            "policy_names" => self.policy_names = switch(name, value)?,
            "time_format" => self.time_format = parse_time_format(value)?,
            _ => self.format = TapFormat::parse(value)?,
        }
        Ok(())
    }
}

fn switch_name(is_on: bool) -> &'static str {
    if is_on { "true" } else { "false" }
}

fn switch(name: &str, value: &str) -> Result<bool, String> {
    value
        .parse()
        .map_err(|_| format!("`{name}` is `true` or `false`, not `{value}`"))
}

fn parse_time_format(value: &str) -> Result<TimeFormat, String> {
    let mut formats = TimeFormat::ALL.into_iter();
    let found = formats.find(|format| format.name().eq_ignore_ascii_case(value));
    found.ok_or_else(|| {
        let names = TimeFormat::ALL.map(TimeFormat::name);
        format!(
            "`time_format` is one of {}, not `{value}`",
            names.join(", ")
        )
    })
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
    use super::{TapFormat, TapLines, TapProgress, TimeFormat};

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

    #[test]
    fn the_format_of_lines_survives_its_parameters() {
        let all = TapLines {
            format: TapFormat::Dict,
            color: true,
            numeric: true,
            node_name: true,
            policy_names: true,
            time_format: TimeFormat::Rfc3339Nano,
        };
        for (lines, count) in [(all, 6), (TapLines::default(), 0)] {
            let parameters = lines.parameters();
            assert_eq!(parameters.len(), count);
            let mut parsed = TapLines::default();
            for (name, value) in parameters {
                parsed.set(name, value).unwrap();
            }
            assert_eq!(parsed, lines);
        }
    }
}
