//! Compressed scrapes.

use std::io::Read as _;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::header::HeaderMap;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tidegate_exporters::prometheus::Config;

use crate::support::{Agent, counter, start};

/// The head and the body of a response for this `Accept-Encoding`.
async fn scrape(agent: &Agent, method: &str, encodings: &str) -> (HeaderMap, Bytes) {
    let request = hyper::Request::builder()
        .method(method)
        .uri(format!("http://{}/metrics", agent.address()))
        .header("accept-encoding", encodings)
        .body(Empty::<Bytes>::new())
        .unwrap();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let (head, body) = client.request(request).await.unwrap().into_parts();
    (head.headers, body.collect().await.unwrap().to_bytes())
}

fn opened(encoding: Option<&str>, body: &[u8]) -> String {
    let mut text = String::new();
    match encoding {
        Some("gzip") => {
            let mut decoder = flate2::read::GzDecoder::new(body);
            decoder.read_to_string(&mut text).unwrap();
        }
        Some("zstd") => text = String::from_utf8(zstd::decode_all(body).unwrap()).unwrap(),
        _ => text = String::from_utf8(body.to_vec()).unwrap(),
    }
    text
}

/// Without the metrics of the endpoint itself, which each scrape changes.
fn metrics(text: &str) -> Vec<&str> {
    let of_endpoint = |line: &&str| line.contains("hubble_metrics_http_handler");
    text.lines().filter(|line| !of_endpoint(line)).collect()
}

#[tokio::test]
async fn a_scraper_gets_the_compression_that_it_asks_for() {
    // Of one chunk, and of several.
    for count in [1, 5_000] {
        let points = (0..count)
            .map(|number| counter(&format!("a{number:04}_total"), &[("l", "value")], 1.0))
            .collect();
        let agent = start(Config::default(), points).await;
        let last = format!("a{:04}_total{{l=\"value\"}} 1\n", count - 1);
        let plain = agent.scrape_until("GET", "/metrics", "", &last).await.body;
        for (encodings, expected) in [
            ("gzip", Some("gzip")),
            ("deflate, zstd", Some("zstd")),
            ("gzip;q=0", None),
        ] {
            let (headers, body) = scrape(&agent, "GET", encodings).await;
            let encoding = headers
                .get("content-encoding")
                .map(|name| name.to_str().unwrap());
            assert_eq!(encoding, expected, "{encodings}");
            assert_eq!(headers["vary"], "Accept, Accept-Encoding");
            let text = opened(encoding, &body);
            assert!(metrics(&text) == metrics(&plain), "{encodings} {count}");
            let is_small = body.len() * 3 < text.len();
            assert_eq!(is_small, expected.is_some(), "{}", body.len());
            let length = headers.get("content-length");
            let length = length.map(|length| length.to_str().unwrap().parse());
            assert!(length.is_none_or(|length| length == Ok(body.len())));
            let (of_head, empty) = scrape(&agent, "HEAD", encodings).await;
            assert_eq!(
                (of_head.get("content-encoding"), empty.len()),
                (headers.get("content-encoding"), 0)
            );
        }
        agent.stop().await;
    }
}
