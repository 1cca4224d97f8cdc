//! Filters of HTTP messages.

use tidegate_model::flow::Http;

use super::go;
use super::regex::{PatternError, Patterns};
use super::set::Set;
use super::uri::request_path;
use crate::{EventTypeFilter, FilterError, FlowFilter, HttpHeader};

/// A field of HTTP messages that is set.
#[derive(Debug)]
pub(super) enum HttpTest {
    Status(StatusCodes),
    Methods(Box<[String]>),
    Path(Patterns),
    Url(Patterns),
    Headers(Box<[HttpHeader]>),
}

/// Status codes and first digits of them.
#[derive(Debug)]
pub(super) struct StatusCodes {
    codes: Set<u32>,
    /// The first digit, such as 5, or the first two digits, such as 40.
    prefixes: Box<[u32]>,
}

impl HttpTest {
    /// The tests of a filter, in the order in which Hubble checks the fields.
    pub(super) fn compile(filter: &FlowFilter) -> Result<Vec<Self>, FilterError> {
        let FlowFilter {
            http_status_code,
            http_method,
            http_path,
            http_url,
            http_header,
            event_type,
            ..
        } = filter;
        let mut tests = Vec::new();
        if !http_status_code.is_empty() {
            check_event_types("status code", event_type)?;
            let codes = StatusCodes::parse(http_status_code);
            tests.push(Self::Status(
                codes.map_err(|error| error.of_field("http status code"))?,
            ));
        }
        if !http_method.is_empty() {
            check_event_types("method", event_type)?;
            tests.push(Self::Methods(http_method.clone().into()));
        }
        if !http_path.is_empty() {
            check_event_types("path", event_type)?;
            tests.push(Self::Path(patterns(http_path, "http path")?));
        }
        if !http_url.is_empty() {
            check_event_types("url", event_type)?;
            tests.push(Self::Url(patterns(http_url, "http url")?));
        }
        if !http_header.is_empty() {
            check_event_types("headers", event_type)?;
            tests.push(Self::Headers(http_header.clone().into()));
        }
        Ok(tests)
    }

    pub(super) fn matches(&self, http: &Http) -> bool {
        match self {
            Self::Status(codes) => codes.matches(http.code),
            Self::Methods(methods) => methods
                .iter()
                .any(|method| !method.is_empty() && method.eq_ignore_ascii_case(&http.method)),
            Self::Path(patterns) => {
                request_path(&http.url).is_some_and(|path| patterns.matches(&path))
            }
            Self::Url(patterns) => !http.url.is_empty() && patterns.matches(&http.url),
            Self::Headers(headers) => http.headers.iter().any(|(key, value)| {
                headers
                    .iter()
                    .any(|header| header.key == *key && header.value == *value)
            }),
        }
    }
}

/// Refuses types of events of which none is that of L7 flows.
fn check_event_types(what: &str, types: &[EventTypeFilter]) -> Result<(), FilterError> {
    const ACCESS_LOG: i32 = tidegate_model::flow::message_type::ACCESS_LOG as i32;
    if types.is_empty() || types.iter().any(|of| of.event_type == ACCESS_LOG) {
        return Ok(());
    }
    Err(FilterError::invalid(format!(
        "filtering by http {what} requires the event type filter to only match 'l7' events"
    )))
}

fn patterns(texts: &[String], field: &str) -> Result<Patterns, FilterError> {
    Patterns::compile(texts).map_err(|PatternError { pattern, reason }| {
        FilterError::invalid(format!("{pattern}: {reason}")).of_field(field)
    })
}

impl StatusCodes {
    fn parse(texts: &[String]) -> Result<Self, FilterError> {
        let mut codes = Vec::new();
        let mut prefixes = Vec::new();
        for text in texts {
            let invalid = || {
                let text = go::quoted(text);
                FilterError::invalid(format!("invalid status code prefix: {text}"))
            };
            let (list, digits) = match text.as_bytes() {
                [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'] => (&mut codes, &**text),
                [b'1'..=b'5', b'+'] | [b'1'..=b'5', b'0'..=b'9', b'+'] => {
                    (&mut prefixes, text.trim_end_matches('+'))
                }
                _ => return Err(invalid()),
            };
            list.push(digits.parse().map_err(|_| invalid())?);
        }
        Ok(Self {
            codes: Set::new(codes),
            prefixes: prefixes.into(),
        })
    }

    /// Whether a code of at least three digits is in the list, or begins with one of the prefixes.
    fn matches(&self, code: u32) -> bool {
        let mut head = code;
        while head > 999 {
            head /= 10;
        }
        // With fewer digits Hubble compares with a leading zero.
        let has_prefix =
            |prefix: &u32| head > 99 && (head / 10 == *prefix || head / 100 == *prefix);
        self.codes.contains(code) || self.prefixes.iter().any(has_prefix)
    }
}
