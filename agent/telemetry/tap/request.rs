//! The query of a tap request.

use form_urlencoded::parse;
use tidegate_model::Kinds;

use super::protocol::TapLines;
use super::words::{FilterWord, Wanted, parse_kinds};

/// Records per second by default.
pub(crate) const DEFAULT_RATE: u32 = 100;
/// The largest number of records per second.
pub(crate) const MAX_RATE: u32 = 10_000;

/// The records that a client asks for.
#[derive(Debug, PartialEq)]
pub(super) struct TapRequest {
    pub(super) stage: String,
    pub(super) pipeline: Option<String>,
    pub(super) wanted: Wanted,
    pub(super) lines: TapLines,
    pub(super) rate: u32,
    pub(super) count: Option<u64>,
}

impl TapRequest {
    /// Parses `stage=..&filter=key%3Dvalue&..`. The error is a message for the client.
    pub(super) fn parse(query: &str) -> Result<Self, String> {
        let mut stage = String::new();
        let mut pipeline = None;
        let mut kinds = Kinds::ALL;
        let mut words = Vec::new();
        let mut lines = TapLines::default();
        let mut rate = DEFAULT_RATE;
        let mut count = None;
        for (key, value) in parse(query.as_bytes()) {
            match &*key {
                "stage" => stage = value.into_owned(),
                "pipeline" => pipeline = Some(value.into_owned()),
                "kinds" => kinds = parse_kinds(&value)?,
                "filter" => words.push(FilterWord::from(&*value)),
                "rate" => rate = parse_rate(&value)?,
                "count" => count = Some(parse_count(&value)?),
                key if TapLines::PARAMETERS.contains(&key) => lines.set(key, &value)?,
                _ => return Err(unknown(&key)),
            }
        }
        if stage.is_empty() {
            return Err(
                "no stage is given; name one as in /debug/ledger: `stage=processors.NAME`"
                    .to_owned(),
            );
        }
        Ok(Self {
            stage,
            pipeline,
            wanted: Wanted::new(kinds, words)?,
            lines,
            rate,
            count,
        })
    }
}

fn unknown(key: &str) -> String {
    let own = ["stage", "pipeline", "kinds", "filter", "rate", "count"];
    let known: Vec<_> = own.into_iter().chain(TapLines::PARAMETERS).collect();
    format!(
        "unknown parameter `{key}`; parameters are {}",
        known.join(", ")
    )
}

fn parse_rate(value: &str) -> Result<u32, String> {
    let rate = value
        .parse()
        .ok()
        .filter(|rate| (1..=MAX_RATE).contains(rate));
    rate.ok_or_else(|| {
        format!("`rate` is a number of records per second from 1 to {MAX_RATE}, not `{value}`")
    })
}

fn parse_count(value: &str) -> Result<u64, String> {
    let count = value.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| format!("`count` is a positive number of records, not `{value}`"))
}

#[cfg(test)]
mod tests {
    use tidegate_filter::Filters;
    use tidegate_model::{Kind, Kinds};

    use super::super::protocol::TapFormat;
    use super::{TapLines, TapRequest, Wanted};

    fn filters(words: &[(&str, Option<&str>)]) -> Filters {
        Filters::from_words(words.iter().copied()).unwrap()
    }

    #[test]
    fn a_query_is_parsed() {
        let query = "stage=processors.p%2Fa&pipeline=p&filter=verdict%3Ddropped&filter=not\
                     &filter=port=53&kinds=flows,lost&format=json&rate=10&count=3";
        let words = [
            ("verdict", Some("DROPPED")),
            ("not", None),
            ("port", Some("53")),
        ];
        let expected = TapRequest {
            stage: "processors.p/a".to_owned(),
            pipeline: Some("p".to_owned()),
            wanted: Wanted {
                kinds: Kinds::of(&[Kind::Flow, Kind::Lost]),
                filters: filters(&words),
            },
            lines: TapLines {
                format: TapFormat::Json,
                ..TapLines::default()
            },
            rate: 10,
            count: Some(3),
        };
        assert_eq!(TapRequest::parse(query), Ok(expected));
    }

    #[test]
    fn the_filters_of_the_first_release_are_understood() {
        let wanted = |query: &str| {
            TapRequest::parse(&format!("stage=s&{query}"))
                .unwrap()
                .wanted
        };
        for (old, new) in [
            ("direction=ingress", ("traffic-direction", Some("ingress"))),
            ("type=agent", ("type", Some("130"))),
            ("type=debug", ("type", Some("2"))),
            ("pod=kube-system/dns", ("pod", Some("kube-system/dns"))),
            ("identity=world", ("identity", Some("world"))),
        ] {
            let expected = Wanted {
                kinds: Kinds::ALL,
                filters: filters(&[new]),
            };
            assert_eq!(wanted(&format!("filter={old}")), expected, "{old}");
        }
        let lost = wanted("filter=type=lost");
        assert_eq!(lost.kinds, Kinds::of(&[Kind::Lost]));
        assert!(lost.filters.is_empty());
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
                "unknown parameter `rat`; parameters are stage, pipeline, kinds, filter, rate, \
                 count, format, color, numeric, node_name, policy_names, time_format",
            ),
            (
                "stage=s&rate=0",
                "`rate` is a number of records per second from 1 to 10000, not `0`",
            ),
            (
                "stage=s&rate=10001",
                "`rate` is a number of records per second from 1 to 10000, not `10001`",
            ),
            (
                "stage=s&count=0",
                "`count` is a positive number of records, not `0`",
            ),
            (
                "stage=s&format=xml",
                "`format` is one of `compact`, `dict`, `json`, `table`, not `xml`",
            ),
            (
                "stage=s&color=red",
                "`color` is `true` or `false`, not `red`",
            ),
            (
                "stage=s&kinds=flows,lots",
                "`kinds` is a list of frames, events, flows, agent_events, debug_events, lost, \
                 metrics, names, not `flows,lots`",
            ),
        ];
        for (query, expected) in cases {
            assert_eq!(TapRequest::parse(query).unwrap_err(), expected, "{query}");
        }
    }
}
