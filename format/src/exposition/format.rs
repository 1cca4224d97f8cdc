//! Content negotiation, as in `expfmt.NegotiateIncludingOpenMetrics`.

/// A text format for metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text format, version 0.0.4.
    #[default]
    Text,
    /// OpenMetrics, version 1.0.0.
    OpenMetrics,
}

impl Format {
    /// Returns the format that an `Accept` header prefers: the one with the highest quality, or the
    /// first of several with the same quality. The default is the text format, which every scraper
    /// reads. Version 0.0.1 of OpenMetrics is not supported.
    #[must_use]
    pub fn negotiate(accept: Option<&str>) -> Self {
        let mut best = (0.0, Self::Text);
        for (quality, format) in accept
            .unwrap_or_default()
            .split(',')
            .filter_map(media_range)
        {
            if quality > best.0 {
                best = (quality, format);
            }
        }
        best.1
    }

    /// Returns the `Content-Type` of the format.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Parses one element of the header into its quality and format; `None` for other media types and
/// versions.
fn media_range(element: &str) -> Option<(f64, Format)> {
    let mut parts = element.split(';').map(str::trim);
    let media_type = parts.next()?;
    let mut quality = 1.0;
    let mut version = "";
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        match name.trim().to_ascii_lowercase().as_str() {
            "q" => quality = value.trim().parse().unwrap_or(1.0),
            "version" => version = value.trim().trim_matches('"'),
            _ => {}
        }
    }
    let is = |name: &str| media_type.eq_ignore_ascii_case(name);
    let format = match version {
        "" | "0.0.4" if is("text/plain") => Format::Text,
        "" | "1.0.0" if is("application/openmetrics-text") => Format::OpenMetrics,
        _ => return None,
    };
    Some((quality, format))
}

#[cfg(test)]
mod tests {
    use super::Format::{self, OpenMetrics, Text};

    #[test]
    fn the_format_with_the_highest_quality_is_chosen_then_the_first() {
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
            application/openmetrics-text;version=0.0.1;q=0.5,\
            text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
            text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        let cases = [
            (None, Text),
            (Some(""), Text),
            (Some("*/*"), Text),
            (Some("text/html"), Text),
            (Some(prometheus_3), OpenMetrics),
            (Some("application/openmetrics-text"), OpenMetrics),
            (
                Some("Application/OpenMetrics-Text; Version=\"1.0.0\"; charset=utf-8"),
                OpenMetrics,
            ),
            (
                Some("application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5"),
                Text,
            ),
            (
                Some("application/openmetrics-text;q=0.4,text/plain;q=0.5"),
                Text,
            ),
            (Some("text/plain,application/openmetrics-text"), Text),
            (Some("application/openmetrics-text,text/plain"), OpenMetrics),
            (Some("application/openmetrics-text;q=0"), Text),
            (
                Some(
                    "application/vnd.google.protobuf;encoding=delimited,\
                     application/openmetrics-text;q=0.1",
                ),
                OpenMetrics,
            ),
        ];
        for (accept, expected) in cases {
            assert_eq!(Format::negotiate(accept), expected, "{accept:?}");
        }
    }
}
