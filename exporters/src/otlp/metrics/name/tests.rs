//! Names that Prometheus' translation turns back into Hubble's.

use tidegate_model::metric::{Family, MetricKind};

use super::{UNIT_WORDS, otlp_name, otlp_unit};

/// The name that Prometheus gives a metric with its default strategy
/// `UnderscoreEscapingWithSuffixes`.
fn prometheus_name(name: &str, unit: &str, kind: &MetricKind) -> String {
    let mut tokens: Vec<_> = name
        .split(|c: char| !c.is_ascii_alphanumeric() && c != ':')
        .collect();
    tokens.retain(|token| !token.is_empty());
    let bare = match unit.split_once('{') {
        Some((before, annotated)) => format!(
            "{before}{}",
            annotated.split_once('}').map_or("", |(_, after)| after)
        ),
        None => unit.to_owned(),
    };
    let word = UNIT_WORDS
        .iter()
        .find(|(symbol, _)| *symbol == bare)
        .map_or(&*bare, |(_, word)| word);
    if !word.is_empty() && word != "1" && !tokens.contains(&word) {
        tokens.push(word);
    }
    if *kind == MetricKind::Counter {
        tokens.retain(|token| *token != "total");
        tokens.push("total");
    }
    if *kind == MetricKind::Gauge && unit == "1" {
        tokens.retain(|token| *token != "ratio");
        tokens.push("ratio");
    }
    tokens.join("_")
}

fn histogram() -> MetricKind {
    MetricKind::Histogram { bounds: vec![0.1] }
}

#[test]
fn the_translation_is_that_of_prometheus() {
    let cases = [
        (
            "hubble.flows.processed",
            "{flow}",
            MetricKind::Counter,
            "hubble_flows_processed_total",
        ),
        (
            "obi.stat.tcp.io",
            "By",
            MetricKind::Counter,
            "obi_stat_tcp_io_bytes_total",
        ),
        ("a.total.b", "", MetricKind::Counter, "a_b_total"),
        (
            "hubble.http.request.duration",
            "s",
            histogram(),
            "hubble_http_request_duration_seconds",
        ),
        ("load", "1", MetricKind::Gauge, "load_ratio"),
    ];
    for (name, unit, kind, expected) in cases {
        assert_eq!(prometheus_name(name, unit, &kind), expected);
    }
}

/// Counters: name, unit, and the unit that is sent.
const COUNTERS: &[(&str, &str, &str)] = &[
    ("hubble_flows_processed_total", "{flow}", "{flow}"),
    ("hubble_drop_total", "{packet}", "{packet}"),
    ("hubble_tcp_flags_total", "", ""),
    ("hubble_icmp_total", "{packet}", "{packet}"),
    ("hubble_port_distribution_total", "", ""),
    ("hubble_flows_to_world_total", "{flow}", "{flow}"),
    ("hubble_policy_verdicts_total", "1", ""),
    ("hubble_dns_queries_total", "{query}", "{query}"),
    ("hubble_dns_responses_total", "By", ""),
    ("hubble_http_requests_total", "{request}", "{request}"),
];

/// Histograms in the same form.
const HISTOGRAMS: &[(&str, &str, &str)] = &[
    ("hubble_http_request_duration_seconds", "s", "s"),
    ("hubble_wait", "s", ""),
];

/// Gauges in the same form.
const GAUGES: &[(&str, &str, &str)] = &[("hubble_share", "1", ""), ("hubble_rate", "By/s", "")];

#[test]
fn prometheus_restores_the_names_of_hubble() {
    let kinds = [
        (MetricKind::Counter, COUNTERS),
        (histogram(), HISTOGRAMS),
        (MetricKind::Gauge, GAUGES),
    ];
    for (kind, cases) in kinds {
        for (name, unit, sent_unit) in cases {
            let family = Family {
                name: (*name).to_owned(),
                help: String::new(),
                unit: (*unit).to_owned(),
                kind: kind.clone(),
                label_names: Vec::new(),
            };
            assert_eq!(otlp_unit(&family), *sent_unit, "{name}");
            let restored = prometheus_name(otlp_name(&family), otlp_unit(&family), &kind);
            assert_eq!(restored, *name);
        }
    }
}
