//! The filter and the format of the log: from the environment, or else from the configuration.

use crate::config::{BadDirective, Directives, LogFormat, process_environment};

/// Overrides the configured filter.
const FILTER_VARIABLE: &str = "RUST_LOG";
/// Overrides the configured format.
const FORMAT_VARIABLE: &str = "TIDEGATE_LOG_FORMAT";

/// The settings in effect, and the variables that could not be used.
pub(super) struct Settings {
    pub(super) directives: Directives,
    pub(super) format: LogFormat,
    bad_filter: Option<BadDirective>,
    bad_format: Option<String>,
}

impl Settings {
    /// The settings of the environment, with the configured ones as the default.
    pub(super) fn new(configured: &Directives, format: LogFormat) -> Self {
        let variable = std::env::var_os(FILTER_VARIABLE)
            .map(|text| text.to_string_lossy().into_owned())
            .filter(|text| !text.trim().is_empty());
        let parsed = variable.map(|text| Directives::parse(&text)).transpose();
        let (directives, bad_filter) = match parsed {
            Ok(directives) => (directives.unwrap_or_else(|| configured.clone()), None),
            Err(error) => (configured.clone(), Some(error)),
        };
        let (format, bad_format) = match format_from_environment() {
            Ok(from_environment) => (from_environment.unwrap_or(format), None),
            Err(value) => (format, Some(value)),
        };
        Self {
            directives,
            format,
            bad_filter,
            bad_format,
        }
    }

    /// Logs the variables that could not be used.
    pub(super) fn warn(&self) {
        if let Some(error) = &self.bad_filter {
            let used = self.directives.as_str();
            tracing::warn!(%error, used, "{FILTER_VARIABLE} cannot be used");
        }
        if let Some(value) = &self.bad_format {
            tracing::warn!(
                value,
                "{FORMAT_VARIABLE} cannot be used; it is `text` or `json`"
            );
        }
    }
}

/// The format that the environment sets. An error is an unknown value.
pub(super) fn format_from_environment() -> Result<Option<LogFormat>, String> {
    match process_environment(FORMAT_VARIABLE).filter(|text| !text.is_empty()) {
        Some(text) => LogFormat::named(&text.to_lowercase()).map(Some).ok_or(text),
        None => Ok(None),
    }
}
