//! The query of a tap request.

use form_urlencoded::parse;

use super::filter::Filter;
use super::protocol::TapFormat;

/// Lines per second by default.
pub(crate) const DEFAULT_RATE: u32 = 100;
/// The largest number of lines per second.
pub(crate) const MAX_RATE: u32 = 10_000;

/// The records that a client asks for.
#[derive(Debug, PartialEq)]
pub(super) struct TapRequest {
    pub(super) stage: String,
    pub(super) pipeline: Option<String>,
    /// A record must match all of them.
    pub(super) filters: Vec<Filter>,
    pub(super) format: TapFormat,
    pub(super) rate: u32,
    pub(super) count: Option<u64>,
}

impl TapRequest {
    /// Parses `stage=..&filter=key%3Dvalue&..`. The error is a message for the client.
    pub(super) fn parse(query: &str) -> Result<Self, String> {
        let mut request = Self {
            stage: String::new(),
            pipeline: None,
            filters: Vec::new(),
            format: TapFormat::Compact,
            rate: DEFAULT_RATE,
            count: None,
        };
        for (key, value) in parse(query.as_bytes()) {
            match &*key {
                "stage" => request.stage = value.into_owned(),
                "pipeline" => request.pipeline = Some(value.into_owned()),
                "filter" => request.filters.push(Filter::parse(&value)?),
                "format" => request.format = TapFormat::parse(&value)?,
                "rate" => request.rate = parse_rate(&value)?,
                "count" => request.count = Some(parse_count(&value)?),
                _ => {
                    return Err(format!(
                        "unknown parameter `{key}`; parameters are {PARAMETERS}"
                    ));
                }
            }
        }
        match request.stage.is_empty() {
            true => Err(
                "no stage is given; name one as in /debug/ledger: `stage=processors.NAME`"
                    .to_owned(),
            ),
            false => Ok(request),
        }
    }
}

const PARAMETERS: &str = "stage, pipeline, filter, format, rate, count";

fn parse_rate(value: &str) -> Result<u32, String> {
    let rate = value
        .parse()
        .ok()
        .filter(|rate| (1..=MAX_RATE).contains(rate));
    rate.ok_or_else(|| {
        format!("`rate` is a number of lines per second from 1 to {MAX_RATE}, not `{value}`")
    })
}

fn parse_count(value: &str) -> Result<u64, String> {
    let count = value.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| format!("`count` is a positive number of lines, not `{value}`"))
}

#[cfg(test)]
mod tests {
    use super::{Filter, TapFormat, TapRequest};

    #[test]
    fn a_query_is_parsed() {
        let query = "stage=processors.p%2Fa&pipeline=p&filter=verdict%3Ddropped&filter=port=53\
                     &format=json&rate=10&count=3";
        let expected = TapRequest {
            stage: "processors.p/a".to_owned(),
            pipeline: Some("p".to_owned()),
            filters: vec![
                Filter::parse("verdict=DROPPED").unwrap(),
                Filter::parse("port=53").unwrap(),
            ],
            format: TapFormat::Json,
            rate: 10,
            count: Some(3),
        };
        assert_eq!(TapRequest::parse(query), Ok(expected));
    }

    #[test]
    fn an_invalid_query_is_explained() {
        let cases = [
            (
                "",
                "no stage is given; name one as in /debug/ledger: `stage=processors.NAME`",
            ),
            (
                "stage=s&rat=1",
                "unknown parameter `rat`; \
                 parameters are stage, pipeline, filter, format, rate, count",
            ),
            (
                "stage=s&rate=0",
                "`rate` is a number of lines per second from 1 to 10000, not `0`",
            ),
            (
                "stage=s&rate=10001",
                "`rate` is a number of lines per second from 1 to 10000, not `10001`",
            ),
            (
                "stage=s&count=0",
                "`count` is a positive number of lines, not `0`",
            ),
            (
                "stage=s&format=xml",
                "`format` is `compact` or `json`, not `xml`",
            ),
        ];
        for (query, expected) in cases {
            assert_eq!(TapRequest::parse(query).unwrap_err(), expected, "{query}");
        }
    }
}
