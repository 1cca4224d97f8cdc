//! The `prometheus` exporter in a running pipeline, scraped over loopback.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod compression;
mod support;

use std::time::Duration;

use support::{Scraped, context, counter, parse, start};
use tidegate_exporters::prometheus::{Config, TYPE_CONFLICT};
use tidegate_model::Timestamp;
use tidegate_model::metric::{Point, Series, Value};
use tidegate_runtime::component::ExporterConfig;

const OPEN_METRICS: &str =
    "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
const TEXT_PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";

#[tokio::test]
async fn a_scraper_gets_the_format_that_it_asks_for() {
    let agent = start(
        Config {
            open_metrics: true,
            ..Config::default()
        },
        vec![counter("a_total", &[("x", "1")], 3.0)],
    )
    .await;
    let text = agent.scrape_until("GET", "/metrics", "", "a_total").await;
    assert_eq!((text.status, text.content_type.as_str()), (200, TEXT_PLAIN));
    assert!(text.body.starts_with(
        "# HELP a_total Help of a_total\n# TYPE a_total counter\na_total{x=\"1\"} 3\n"
    ));
    let open_metrics = agent.scrape("GET", "/metrics", OPEN_METRICS).await;
    assert_eq!(
        open_metrics.content_type,
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(
        open_metrics
            .body
            .starts_with("# HELP a Help of a_total\n# TYPE a counter\na_total{x=\"1\"} 3.0\n")
    );
    assert!(open_metrics.body.ends_with("# EOF\n"));
    agent.stop().await;
}

#[tokio::test]
async fn a_host_that_is_not_allowed_is_refused_on_loopback() {
    let config = Config {
        allowed_hosts: vec!["Proxy.example".to_owned()],
        ..Config::default()
    };
    let agent = start(config, vec![]).await;
    for (host, status) in [
        ("evil.example", 421),
        ("localhost:1", 200),
        ("127.0.0.1", 200),
        ("proxy.example", 200),
        ("a b", 400),
    ] {
        assert_eq!(agent.scrape_as(host).await, status, "{host}");
    }
    agent.stop().await;
    let error = parse("{ allowed_hosts = [\"http://a\"] }")
        .unwrap()
        .build(&context())
        .err()
        .unwrap();
    assert_eq!(
        (error.key, error.message.contains("`http://a`")),
        ("allowed_hosts", true)
    );
}

#[tokio::test]
async fn open_metrics_is_off_by_default() {
    let agent = start(Config::default(), vec![counter("a_total", &[], 3.0)]).await;
    let scraped = agent
        .scrape_until("GET", "/metrics", OPEN_METRICS, "a_total 3\n")
        .await;
    assert_eq!(scraped.content_type, TEXT_PLAIN);
    agent.stop().await;
}

#[tokio::test]
async fn an_exposition_of_several_chunks_is_complete_and_in_order() {
    let label = |number: usize| format!("{number:05}-{}", "x".repeat(40));
    let family = counter("a_total", &[("l", "")], 0.0).series.family.clone();
    let point = |number: usize| {
        let series = Series {
            family: family.clone(),
            labels: vec![label(number).into()],
            start: Timestamp(1),
        };
        Point {
            series: series.into(),
            time: Timestamp(2),
            value: Value::Counter(number as f64),
        }
    };
    // In descending order.
    let points = (0..5_000)
        .rev()
        .map(point)
        .chain([counter("b_total", &[], 2.0)])
        .collect();
    let agent = start(Config::default(), points).await;
    let scraped = agent
        .scrape_until("GET", "/metrics", "", "b_total 2\n")
        .await;
    let lines: Vec<_> = scraped
        .body
        .lines()
        .filter(|line| line.starts_with("a_total{"))
        .collect();
    let expected: Vec<_> = (0..5_000)
        .map(|number| format!("a_total{{l=\"{}\"}} {number}", label(number)))
        .collect();
    assert_eq!(lines, expected);
    assert_eq!(agent.scrape("HEAD", "/metrics", "").await.body, "");
    agent.stop().await;
}

#[tokio::test]
async fn a_scraper_that_does_not_read_delays_neither_points_nor_other_scrapers() {
    let points = (0..20_000)
        .map(|number| counter(&format!("a{number}_total"), &[], 1.0))
        .collect();
    let agent = start(Config::default(), points).await;
    let stuck = agent.start_request("GET", "/metrics").await;
    let last = agent
        .scrape_until("GET", "/metrics", "", "a9999_total 1\n")
        .await;
    assert_eq!(last.body.matches("# HELP a").count(), 20_000);
    drop(stuck);
    agent.stop().await;
}

#[tokio::test]
async fn the_endpoint_counts_its_own_requests_as_hubble_does() {
    let config = Config {
        path: "/m".to_owned(),
        ..Config::default()
    };
    let agent = start(config, vec![]).await;
    let not_allowed = "POST is not allowed; the methods are GET, HEAD\n";
    let requests = [
        ("GET", "/metrics", 404, "the metrics are at /m\n"),
        ("GET", "/m", 200, ""),
        ("POST", "/m", 405, not_allowed),
        ("HEAD", "/m?x=y", 200, ""),
        ("HEAD", "/", 200, ""),
    ];
    for (method, path, status, body) in requests {
        let Scraped {
            status: got,
            body: text,
            ..
        } = agent.scrape(method, path, "").await;
        assert_eq!((got, text.as_str()), (status, body), "{method} {path}");
    }
    let body = agent.scrape("GET", "/m", "").await.body;
    let expected = [
        "# HELP hubble_metrics_http_handler_request_duration_seconds \
         A histogram of latencies of Hubble metrics handler.\n",
        "hubble_metrics_http_handler_request_duration_seconds_bucket{code=\"200\",le=\"+Inf\"} 2\n",
        "# HELP hubble_metrics_http_handler_requests_total \
         A counter for requests to Hubble metrics handler.\n",
        "hubble_metrics_http_handler_requests_total{code=\"200\"} 2\n\
         hubble_metrics_http_handler_requests_total{code=\"405\"} 1\n",
    ];
    for part in expected {
        assert!(body.contains(part), "{part}{body}");
    }
    agent.stop().await;
}

#[tokio::test]
async fn every_point_is_accounted_for_and_series_are_counted() {
    let mut conflicting = counter("a_total", &[("x", "1")], 1.0);
    conflicting.value = Value::Gauge(1.0);
    let family = tidegate_model::metric::Family {
        kind: tidegate_model::metric::MetricKind::Gauge,
        ..(*conflicting.series.family).clone()
    };
    let series = tidegate_model::metric::Series {
        family: family.into(),
        labels: vec!["1".into()],
        ..*counter("", &[], 0.0).series
    };
    conflicting.series = series.into();
    let points = vec![
        counter("a_total", &[("x", "1")], 1.0),
        conflicting,
        counter("b_total", &[], 2.0),
    ];
    let agent = start(Config::default(), points).await;
    agent
        .scrape_until("GET", "/metrics", "", "b_total 2\n")
        .await;
    assert_eq!(agent.gauge("tidegate_prometheus_series"), 2);
    let report = agent.stop().await;
    let exporter = report
        .stages
        .iter()
        .find(|stage| stage.stage == "exporters.prometheus")
        .unwrap();
    assert_eq!(
        (
            exporter.absorbed,
            exporter.dropped.get(TYPE_CONFLICT).copied()
        ),
        (2, Some(1))
    );
    assert!(report.balanced);
}

#[tokio::test]
async fn an_idle_connection_does_not_prevent_the_end() {
    let agent = start(Config::default(), vec![]).await;
    let idle = tokio::net::TcpStream::connect(agent.address())
        .await
        .unwrap();
    tokio::time::timeout(Duration::from_secs(30), agent.stop())
        .await
        .unwrap();
    drop(idle);
}

#[tokio::test]
async fn an_address_in_use_is_reported() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let config = Config {
        listen: address.into(),
        ..Config::default()
    };
    let error = support::failure(&config).await;
    let expected = format!(
        "cannot listen on {address}: Address already in use (os error 98); \
         another process has it: set `listen`"
    );
    assert_eq!(error, expected);
}

#[test]
fn an_invalid_key_is_named_in_the_error() {
    let cases = [
        ("{}", None),
        (
            "{ listen = \"0.0.0.0:1\", path = \"/a/b\", signals = [\"metrics\"] }",
            None,
        ),
        ("{ signals = [\"flows\"] }", Some("signals")),
        ("{ signals = [\"metrics\", \"lost\"] }", Some("signals")),
        ("{ signals = [] }", Some("signals")),
        ("{ path = \"metrics\" }", Some("path")),
        ("{ path = \"/metrics?x\" }", Some("path")),
    ];
    for (text, key) in cases {
        let built = parse(text).unwrap().build(&context());
        assert_eq!(built.err().map(|error| error.key), key, "{text}");
    }
    assert_eq!(
        Config::default().listens(),
        ["127.0.0.1:10965".parse().unwrap()]
    );
}
