//! A pipeline of a receiver with given points and the exporter on a free port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tidegate_exporters::prometheus::{Config, KIND, Prometheus};
use tidegate_model::metric::{Family, MetricKind, Point, Series, Value};
use tidegate_model::{Record, Timestamp};
use tidegate_runtime::component::{BuildContext, ExporterConfig};
use tidegate_runtime::ledger::{Ledger, Report};
use tidegate_runtime::limits::Limits;
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::pipeline::{
    ExporterNode, PipelineNode, ReceiverNode, RunningTopology, Topology,
};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Exporter, Receiver, StageError};
use tidegate_runtime::stage_id::StageId;
use tidegate_runtime::telemetry::Telemetry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

/// Far longer than any test takes.
const TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) fn context() -> BuildContext {
    BuildContext {
        stage: StageId::exporter("prometheus"),
        node_name: "c/n".to_owned(),
        telemetry: Telemetry::default(),
        health: Default::default(),
        requests: Default::default(),
    }
}

pub(crate) fn parse(text: &str) -> Result<Box<dyn ExporterConfig>, toml::de::Error> {
    (KIND.parse)(toml::de::ValueDeserializer::parse(text)?)
}

pub(crate) fn counter(name: &str, labels: &[(&str, &str)], value: f64) -> Point {
    let family = Family {
        name: name.to_owned(),
        help: format!("Help of {name}"),
        unit: String::new(),
        kind: MetricKind::Counter,
        label_names: labels.iter().map(|(name, _)| (*name).to_owned()).collect(),
    };
    let labels = labels.iter().map(|(_, value)| (*value).into()).collect();
    let series = Arc::new(Series {
        family: Arc::new(family),
        labels,
        start: Timestamp(1),
    });
    Point {
        series,
        time: Timestamp(2),
        value: Value::Counter(value),
    }
}

/// A receiver that sends its points, and then waits for shutdown.
struct Points(Vec<Point>);

#[async_trait]
impl Receiver for Points {
    async fn run(self: Box<Self>, out: Outbox, shutdown: Shutdown) -> Result<(), StageError> {
        let mut batch = out.batch();
        self.0
            .into_iter()
            .for_each(|point| batch.push(Record::Metric(point)));
        out.send(batch).await;
        shutdown.requested().await;
        Ok(())
    }
}

pub(crate) struct Agent {
    address: SocketAddr,
    telemetry: Telemetry,
    running: RunningTopology,
    ledger: Ledger,
    shutdown: Shutdown,
}

pub(crate) struct Scraped {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

pub(crate) async fn start(config: Config, points: Vec<Point>) -> Agent {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let context = context();
    let exporter = Box::new(Prometheus::new(&config, &context).on(listener));
    let ledger = Ledger::default();
    let shutdown = Shutdown::new();
    let running = RunningTopology::start(
        topology(exporter, config.consumes(), points),
        &Handle::current(),
        &ledger,
        shutdown.clone(),
    );
    Agent {
        address,
        telemetry: context.telemetry,
        running,
        ledger,
        shutdown,
    }
}

/// Returns the error of a pipeline whose exporter binds its address.
pub(crate) async fn failure(config: &Config) -> String {
    let exporter = config.build(&context()).unwrap();
    let running = RunningTopology::start(
        topology(exporter, config.consumes(), vec![]),
        &Handle::current(),
        &Ledger::default(),
        Shutdown::new(),
    );
    let failure = running.ended().await.unwrap_err();
    let causes = std::iter::successors(std::error::Error::source(&failure), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

fn topology(
    exporter: Box<dyn Exporter>,
    wants: tidegate_model::Kinds,
    points: Vec<Point>,
) -> Topology {
    let exporter = ExporterNode {
        stage: StageId::exporter("prometheus"),
        fingerprint: String::new(),
        exclusive: Vec::new(),
        health: Default::default(),
        exporter,
        wants,
        queue: Limits::DEFAULT,
    };
    let receiver = ReceiverNode {
        stage: StageId::receiver("points"),
        fingerprint: String::new(),
        receiver: Box::new(Points(points)),
        requests: Default::default(),
    };
    let pipeline = PipelineNode {
        name: "p".to_owned(),
        receivers: vec![0],
        processors: vec![],
        exporters: vec![0],
    };
    Topology {
        receivers: vec![receiver],
        exporters: vec![exporter],
        pipelines: vec![pipeline],
        grace: TIMEOUT,
    }
}

impl Agent {
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn gauge(&self, name: &str) -> i64 {
        self.telemetry
            .instruments()
            .iter()
            .find(|gauge| gauge.name == name)
            .unwrap()
            .value()
    }

    pub(crate) async fn scrape(&self, method: &str, path: &str, accept: &str) -> Scraped {
        tokio::time::timeout(TIMEOUT, request(self.address, method, path, accept))
            .await
            .unwrap()
    }

    /// Returns the status of a scrape with this `Host`.
    pub(crate) async fn scrape_as(&self, host: &str) -> u16 {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let head = format!("GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// Scrapes until the exposition contains `text`.
    pub(crate) async fn scrape_until(
        &self,
        method: &str,
        path: &str,
        accept: &str,
        text: &str,
    ) -> Scraped {
        let shown = async {
            loop {
                let scraped = request(self.address, method, path, accept).await;
                if scraped.body.contains(text) {
                    return scraped;
                }
            }
        };
        tokio::time::timeout(TIMEOUT, shown).await.unwrap()
    }

    /// Sends a request without reading the response.
    pub(crate) async fn start_request(&self, method: &str, path: &str) -> TcpStream {
        start_request(self.address, method, path, "").await
    }

    pub(crate) async fn stop(self) -> Report {
        self.shutdown.request();
        self.running.ended().await.unwrap();
        self.ledger.report()
    }
}

async fn start_request(address: SocketAddr, method: &str, path: &str, accept: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let accept = if accept.is_empty() {
        String::new()
    } else {
        format!("Accept: {accept}\r\n")
    };
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n{accept}Connection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn request(address: SocketAddr, method: &str, path: &str, accept: &str) -> Scraped {
    let mut stream = start_request(address, method, path, accept).await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head
        .lines()
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let header = |name: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap_or_default()
            .to_owned()
    };
    let body = if header("transfer-encoding: ") == "chunked" {
        decode_chunks(body)
    } else {
        body.to_owned()
    };
    Scraped {
        status,
        content_type: header("content-type: "),
        body,
    }
}

/// Decodes the chunked transfer encoding. Returns nothing for a response without a body.
fn decode_chunks(mut chunks: &str) -> String {
    let mut body = String::new();
    while let Some((size, rest)) = chunks.split_once("\r\n") {
        let (chunk, rest) = rest.split_at(usize::from_str_radix(size, 16).unwrap());
        body.push_str(chunk);
        chunks = rest.strip_prefix("\r\n").unwrap();
    }
    body
}
