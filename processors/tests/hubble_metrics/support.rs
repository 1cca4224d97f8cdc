//! Runs the processor with a list of metrics on some flows, and shows its points as lines such as
//! `hubble_drop_total{reason="NAT46",protocol="TCP"} 1`.

use std::collections::BTreeMap;
use std::sync::Arc;

use tidegate_model::flow::{
    Dns, Endpoint, EndpointNames, Flow, Generic, Http, Ip, IpVersion, Kafka, L4, L7, L7Record,
    L7Type, MessageSource, Missing, TcpFlags, Verdict, message_type,
};
use tidegate_model::metric::{Point, Value};
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Record, Timestamp};
use tidegate_processors::hubble_metrics::Config;
use tidegate_runtime::component::{BuildContext, BuildError, ProcessorConfig};
use tidegate_runtime::config::{NonZeroDuration, Spanned};
use tidegate_runtime::stage::Processor;
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;

pub(crate) fn build(config: &Config) -> Result<Box<dyn Processor>, BuildError> {
    build_with(config, &Telemetry::default())
}

pub(crate) fn build_with(
    config: &Config,
    telemetry: &Telemetry,
) -> Result<Box<dyn Processor>, BuildError> {
    config.build(&context(telemetry))
}

pub(crate) fn context(telemetry: &Telemetry) -> BuildContext {
    BuildContext {
        stage: StageId::processor("hubble_metrics"),
        node_name: "c/n".to_owned(),
        telemetry: telemetry.clone(),
        health: Default::default(),
        requests: Default::default(),
    }
}

pub(crate) fn config(items: &[&str]) -> Config {
    let metrics = items
        .iter()
        .map(|item| Spanned::new(0..0, (*item).to_owned()))
        .collect();
    let interval = NonZeroDuration::from_millis(500);
    Config {
        metrics,
        interval,
        ..Config::default()
    }
}

pub(crate) fn processor(items: &[&str]) -> Box<dyn Processor> {
    build(&config(items)).unwrap_or_else(|error| panic!("{items:?}: {error}"))
}

/// Processes records and returns the notes.
pub(crate) fn process(
    processor: &mut dyn Processor,
    records: Vec<Record>,
) -> Vec<(&'static str, u64)> {
    let mut batch = Batch::new();
    let mut tally = Tally::default();
    let n = records.len();
    records.into_iter().for_each(|record| batch.push(record));
    processor.process(&mut batch, &mut tally);
    assert_eq!(
        (batch.len(), tally.drops(), tally.filters()),
        (n, &[][..], &[][..]),
        "records pass unchanged"
    );
    tally.notes().to_vec()
}

pub(crate) fn points(batch: &Batch) -> Vec<Point> {
    let point = |record: &Record| match record {
        Record::Metric(point) => point.clone(),
        other => panic!("not a point: {other:?}"),
    };
    batch.records().iter().map(point).collect()
}

/// Hands the state of `old` over to `new`, as a reload does.
pub(crate) fn take_over(new: &mut dyn Processor, old: &mut dyn Processor) {
    let old = old.as_stateful().unwrap();
    new.as_stateful().unwrap().take_over(old);
}

/// The points that a processor emits at the end.
pub(crate) fn finish(processor: &mut dyn Processor) -> Vec<Point> {
    let mut out = Batch::new();
    processor.finish(Timestamp(1_000_000_000_000), &mut out);
    points(&out)
}

pub(crate) fn line(point: &Point) -> String {
    let family = &point.series.family;
    let labels = family.label_names.iter().zip(&point.series.labels);
    let labels: Vec<_> = labels
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    let value = match &point.value {
        Value::Counter(n) | Value::Gauge(n) => n.to_string(),
        Value::Histogram(histogram) => format!(
            "{:?} {} {}",
            histogram.buckets, histogram.sum, histogram.count
        ),
        Value::Ended => "ended".to_owned(),
    };
    format!("{}{{{}}} {value}", family.name, labels.join(","))
}

/// The lines for these items, without the lost events that are always present, sorted.
pub(crate) fn counted(items: &[&str], flows: &[Flow]) -> Vec<String> {
    counted_by(&config(items), flows)
}

/// The lines of a processor with this configuration, without the lost events, sorted.
pub(crate) fn counted_by(config: &Config, flows: &[Flow]) -> Vec<String> {
    let mut processor = build(config).unwrap_or_else(|error| panic!("{config:?}: {error}"));
    process(
        &mut *processor,
        flows.iter().cloned().map(Record::Flow).collect(),
    );
    let points = finish(&mut *processor);
    let mut lines: Vec<_> = points
        .iter()
        .map(line)
        .filter(|line| !line.starts_with("hubble_lost"))
        .collect();
    lines.sort();
    lines
}

/// Checks the lines for each flow alone.
pub(crate) fn each_counts(item: &str, cases: &[(Flow, &[&str])]) {
    for (flow, expected) in cases {
        assert_eq!(
            counted(&[item], std::slice::from_ref(flow)),
            *expected,
            "{flow:?}"
        );
    }
}

/// A forwarded trace to an endpoint, TCP with flags.
pub(crate) fn tcp(flags: u16) -> Flow {
    let l4 = L4::Tcp {
        source_port: 40_000,
        destination_port: 443,
        flags: Some(TcpFlags(flags)),
    };
    Flow { l4, ..trace() }
}

pub(crate) fn trace() -> Flow {
    Flow {
        time: Timestamp(1_000),
        message_type: message_type::TRACE,
        verdict: Verdict::Forwarded,
        is_reply: Some(false),
        ip: Some(ip("10.0.0.1", "10.0.0.2")),
        ..Flow::default()
    }
}

pub(crate) fn dropped(reason: u32) -> Flow {
    Flow {
        message_type: message_type::DROP,
        verdict: Verdict::Dropped,
        drop_reason: tidegate_model::flow::DropReason(reason),
        is_reply: None,
        ..tcp(TcpFlags::SYN)
    }
}

pub(crate) fn l7(l7_type: L7Type, record: L7Record) -> Flow {
    Flow {
        message_type: message_type::ACCESS_LOG,
        is_reply: Some(l7_type == L7Type::Response),
        l7: Some(Box::new(L7 {
            l7_type,
            latency_ns: 0,
            observed_latency: None,
            record,
            trace_context: None,
            source: MessageSource::Proxy,
            missing: Missing::NOTHING,
        })),
        ..trace()
    }
}

pub(crate) fn dns(l7_type: L7Type, message: Dns) -> Flow {
    l7(
        l7_type,
        L7Record::Dns(Dns {
            query: "cilium.io.".to_owned(),
            ..message
        }),
    )
}

pub(crate) fn http(l7_type: L7Type, code: u32) -> Flow {
    let message = Http {
        code,
        method: "GET".into(),
        protocol: "HTTP/1.1".into(),
        url: "/".to_owned(),
        headers: vec![],
    };
    l7(l7_type, L7Record::Http(message))
}

/// A record of a protocol that Hubble has no type for.
pub(crate) fn generic() -> L7Record {
    L7Record::Generic(Generic {
        proto: "r2d2".to_owned(),
        fields: vec![],
    })
}

/// A Kafka record with an error.
pub(crate) fn kafka() -> L7Record {
    L7Record::Kafka(Kafka {
        error_code: 3,
        api_key: "produce".to_owned(),
        topic: "deathstar".to_owned(),
        ..Kafka::default()
    })
}

/// A UDP header to port 53.
pub(crate) fn udp() -> L4 {
    L4::Udp {
        source_port: 1,
        destination_port: 53,
    }
}

pub(crate) fn ip(source: &str, destination: &str) -> Ip {
    let address = |text: &str| text.parse::<std::net::IpAddr>().unwrap().into();
    let version = if source.contains(':') {
        IpVersion::V6
    } else {
        IpVersion::V4
    };
    Ip {
        source: address(source),
        destination: address(destination),
        version,
        ..Ip::default()
    }
}

/// An endpoint with a namespace, a pod and a workload `<pod>-w` of kind `Deployment`.
pub(crate) fn pod(namespace: &str, pod: &str) -> Endpoint {
    endpoint(EndpointNames {
        namespace: namespace.to_owned(),
        pod_name: pod.to_owned(),
        workloads: vec![
            ("Deployment".to_owned(), format!("{pod}-w")),
            ("Other".to_owned(), "other".to_owned()),
        ],
        ..EndpointNames::default()
    })
}

pub(crate) fn labelled(labels: &[&str]) -> Endpoint {
    let labels = labels.iter().map(|label| (*label).to_owned()).collect();
    endpoint(EndpointNames {
        labels,
        ..EndpointNames::default()
    })
}

pub(crate) fn endpoint(names: EndpointNames) -> Endpoint {
    Endpoint {
        id: 0,
        identity: 4242,
        names: Some(Arc::new(names)),
        service: None,
    }
}

/// The values of points by name and labels.
pub(crate) fn totals(points: &[Point]) -> BTreeMap<String, String> {
    points
        .iter()
        .filter_map(|point| {
            line(point)
                .rsplit_once(' ')
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
        })
        .collect()
}
