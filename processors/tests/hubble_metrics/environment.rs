//! The variable of the OpenTelemetry specification that is the default of
//! `exponential_histograms`.

use tidegate_model::flow::L7Type;
use tidegate_model::metric::Value;
use tidegate_model::{Kind, Kinds, Record};
use tidegate_processors::hubble_metrics::KIND;
use tidegate_runtime::component::{ChainPosition, FlowContent, ProcessorConfig};
use tidegate_runtime::telemetry::Telemetry;
use toml::de::ValueDeserializer;

use crate::support::{context, finish, http, process};

const HISTOGRAMS: &str = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";

fn position() -> ChainPosition {
    ChainPosition {
        received: Kinds::NONE,
        arriving: Kinds::of(&[Kind::Flow]),
        earlier: vec![FlowContent::Http],
        later: Vec::new(),
        created_later: Kinds::NONE,
    }
}

fn configured(table: &str, value: &str) -> Box<dyn ProcessorConfig> {
    let mut config = (KIND.parse)(ValueDeserializer::parse(table).unwrap()).unwrap();
    config.use_environment(&|name| (name == HISTOGRAMS).then(|| value.to_owned()));
    config
}

/// Whether durations are kept in exponential buckets.
fn is_exponential(config: &dyn ProcessorConfig) -> bool {
    let mut processor = config.build(&context(&Telemetry::default())).unwrap();
    let response = Record::Flow(http(L7Type::Response, 200));
    process(&mut *processor, vec![response]);
    let points = finish(&mut *processor);
    let histograms = points.iter().filter_map(|point| match &point.value {
        Value::Histogram(histogram) => Some(histogram.exponential.is_some()),
        _ => None,
    });
    let histograms: Vec<_> = histograms.collect();
    assert_eq!(histograms.len(), 1);
    histograms[0]
}

#[test]
fn the_histogram_aggregation_of_the_environment_is_the_default() {
    for (table, value, expected) in [
        ("{}", "", false),
        ("{}", "explicit_bucket_histogram", false),
        ("{}", "BASE2_exponential_bucket_histogram", true),
        (
            "{ exponential_histograms = false }",
            "base2_exponential_bucket_histogram",
            false,
        ),
        (
            "{ exponential_histograms = true }",
            "explicit_bucket_histogram",
            true,
        ),
    ] {
        let config = configured(table, value);
        assert!(config.inspect(&position()).is_empty());
        assert_eq!(is_exponential(&*config), expected, "{table} {value}");
    }
}

#[test]
fn an_unknown_histogram_aggregation_is_ignored_with_a_warning() {
    let config = configured("{}", "native");
    let findings = config.inspect(&position());
    let [finding] = &findings[..] else {
        panic!("{findings:?}")
    };
    assert!(
        finding
            .title
            .contains(&format!("`{HISTOGRAMS}` is ignored"))
    );
    assert!(!is_exponential(&*config));
}
