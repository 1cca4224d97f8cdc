//! A line of filter words of arbitrary text: read, compiled, and matched on a flow with texts of the
//! same bytes.

use std::fs;
use std::sync::Arc;

use tidegate_filter::{Context, Filters, Matcher};
use tidegate_model::Record;
use tidegate_model::flow::{
    Dns, EndpointNames, Flow, Http, L7, L7Record, L7Type, MessageSource, Missing, TraceContext,
};

use super::memory::Bound;
use super::seeds;

/// A regular expression takes up to a mebibyte, and has at least the dozen bytes of its flag in the
/// line. An error compiles the line up to each word for its place.
const BOUND: Bound = Bound {
    each: 1 << 20,
    base: 1 << 24,
};

/// Compiles a line of words, and matches flows with its texts.
///
/// # Panics
/// If too much is allocated, the place of an error is outside of the text, or a flow passes a deny list
/// and the same filters as an allow list.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    BOUND.holds(data.len(), || match Filters::compile_line(text) {
        Ok((filters, matcher)) => check(text, &filters, &matcher),
        Err(error) => {
            assert!(!error.message.is_empty());
            if let Some(part) = error.part {
                assert!(text.get(part).is_some_and(|part| !part.is_empty()));
            }
        }
    });
}

fn check(text: &str, filters: &Filters, matcher: &Matcher) {
    let context = Context::new(text);
    let compiled = |allow, deny| {
        Matcher::compile(allow, deny).unwrap_or_else(|error| panic!("compiled before: {error}"))
    };
    let allow = compiled(&filters.allow, &[]);
    let without_allowed = compiled(&[], &filters.allow);
    let deny = compiled(&[], &filters.deny);
    for flow in flows(text) {
        let record = Record::Flow(flow);
        let passes = |matcher: &Matcher| matcher.matches(&record, &[], &context);
        assert_eq!(passes(matcher), passes(&allow) && passes(&deny));
        if !filters.allow.is_empty() {
            assert_ne!(passes(&allow), passes(&without_allowed));
        }
    }
}

/// Flows whose texts are the last word.
fn flows(text: &str) -> [Flow; 2] {
    let word = || text.split(' ').next_back().unwrap_or_default().to_owned();
    let http = L7Record::Http(Http {
        url: word(),
        method: word().into(),
        headers: vec![(word().into(), word())],
        ..Http::default()
    });
    let dns = L7Record::Dns(Dns {
        query: word(),
        ..Dns::default()
    });
    [http, dns].map(|record| {
        let names = EndpointNames {
            cluster_name: word(),
            namespace: word(),
            pod_name: word(),
            labels: Arc::new([word()]),
            workloads: vec![(word(), word())],
            dns_names: vec![word()],
        };
        let mut flow = Flow {
            l7: Some(Box::new(message(record))),
            ..Flow::default()
        };
        flow.source.names = Some(Arc::new(names));
        flow
    })
}

fn message(record: L7Record) -> L7 {
    L7 {
        l7_type: L7Type::Request,
        latency_ns: 0,
        observed_latency: None,
        record,
        trace_context: Some(TraceContext {
            trace_id: [0xab; 16],
            parent_id: [1; 8],
            flags: 0,
        }),
        source: MessageSource::Proxy,
        missing: Missing::NOTHING,
    }
}

/// The lists of words that are compared with Hubble's.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let lists = seeds::root().join("tests/conformance/filters/lists");
    let text = fs::read_to_string(lists).unwrap_or_default();
    text.lines().map(|line| line.as_bytes().to_vec()).collect()
}
