//! The query of a tap request.

use form_urlencoded::parse;

use super::Form;
use super::filter::Filter;

/// Lines a second, unless the request says otherwise.
pub(crate) const DEFAULT_RATE: u32 = 100;
/// Lines a second at most.
pub(crate) const MAX_RATE: u32 = 10_000;

/// What a tap is to show.
#[derive(Debug, PartialEq)]
pub(super) struct TapRequest {
    pub(super) stage: String,
    pub(super) pipeline: Option<String>,
    /// All of them have to match.
    pub(super) filters: Vec<Filter>,
    pub(super) form: Form,
    pub(super) rate: u32,
    pub(super) count: Option<u64>,
}

impl TapRequest {
    /// Reads `stage=..&filter=key%3Dvalue&..`; says what is wrong with it.
    pub(super) fn parse(query: &str) -> Result<Self, String> {
        let (stage, pipeline, filters, count) = (String::new(), None, Vec::new(), None);
        let mut request = Self {
            stage,
            pipeline,
            filters,
            form: Form::Compact,
            rate: DEFAULT_RATE,
            count,
        };
        for (key, value) in parse(query.as_bytes()) {
            match &*key {
                "stage" => request.stage = value.into_owned(),
                "pipeline" => request.pipeline = Some(value.into_owned()),
                "filter" => request.filters.push(Filter::parse(&value)?),
                "format" => request.form = Form::parse(&value)?,
                "rate" => request.rate = rate(&value)?,
                "count" => request.count = Some(count_of(&value)?),
                _ => return Err(format!("unknown parameter `{key}`; there is {PARAMETERS}")),
            }
        }
        match request.stage.is_empty() {
            true => Err("say which stage, as in /debug/ledger: `stage=processors.NAME`".to_owned()),
            false => Ok(request),
        }
    }
}

const PARAMETERS: &str = "stage, pipeline, filter, format, rate, count";

fn rate(value: &str) -> Result<u32, String> {
    let rate = value
        .parse()
        .ok()
        .filter(|rate| (1..=MAX_RATE).contains(rate));
    rate.ok_or_else(|| {
        format!("`rate` is a number of lines a second from 1 to {MAX_RATE}, not `{value}`")
    })
}

fn count_of(value: &str) -> Result<u64, String> {
    let count = value.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| format!("`count` is a number of lines from 1 on, not `{value}`"))
}

#[cfg(test)]
mod tests {
    use super::{Filter, Form, TapRequest};

    #[test]
    fn a_query_says_what_to_show() {
        let query = "stage=processors.p%2Fa&pipeline=p&filter=verdict%3Ddropped&filter=port=53&format=json&rate=10&count=3";
        let filters = vec![
            Filter::parse("verdict=DROPPED").unwrap(),
            Filter::parse("port=53").unwrap(),
        ];
        let (stage, pipeline) = ("processors.p/a".to_owned(), Some("p".to_owned()));
        let expected = TapRequest {
            stage,
            pipeline,
            filters,
            form: Form::Json,
            rate: 10,
            count: Some(3),
        };
        assert_eq!(TapRequest::parse(query), Ok(expected));
    }

    #[test]
    fn what_is_wrong_with_a_query_is_said() {
        let cases = [
            (
                "",
                "say which stage, as in /debug/ledger: `stage=processors.NAME`",
            ),
            (
                "stage=s&rat=1",
                "unknown parameter `rat`; there is stage, pipeline, filter, format, rate, count",
            ),
            (
                "stage=s&rate=0",
                "`rate` is a number of lines a second from 1 to 10000, not `0`",
            ),
            (
                "stage=s&rate=10001",
                "`rate` is a number of lines a second from 1 to 10000, not `10001`",
            ),
            (
                "stage=s&count=0",
                "`count` is a number of lines from 1 on, not `0`",
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
