//! An agent with the shipped configuration, and fakes of its peers.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::Value;
use tidegate_wire::access_log::{self, Endpoint, Http, LogRecord, Variant};
use tidegate_wire::gob::TypeId;
use tidegate_wire::payload::{Encoder, Payload};

use crate::support::{Agent, LedgerReport, TestDir, get};

/// The monitor events that the agent reads.
#[derive(Clone, Copy)]
pub(super) enum Input {
    /// A mix of the simulator, in events per second; 0 is as fast as they are read.
    Simulated { mix: &'static str, rate: u32 },
    /// Access-log records of HTTP requests with this many bytes of headers, as fast as they are
    /// read.
    AccessLog(usize),
    /// Traces of this number of addresses, as fast as they are read, each twice.
    Addresses(usize),
}

/// A running agent, which gets no events before [`Self::play`].
pub(super) struct ShippedAgent {
    agent: Agent,
    /// Its telemetry address.
    pub(super) address: String,
    /// The address that Prometheus scrapes.
    metrics_address: String,
    /// Peak memory in bytes after the start.
    pub(super) bytes_at_start: u64,
    simulator: Option<Child>,
    dir: TestDir,
}

impl ShippedAgent {
    /// Starts an agent that exports OTLP to `backend`, and whose standard output is not read.
    /// `replacements` are made in the text of the shipped file.
    pub(super) fn start(backend: SocketAddr, replacements: &[(&str, &str)]) -> Self {
        let dir = TestDir::new();
        let socket = dir.path("monitor.sock");
        let endpoint = format!("http://{backend}");
        let environment = [
            ("CILIUM_MONITOR_SOCK", socket.as_os_str()),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_ref()),
            ("TIDEGATE_PROMETHEUS_LISTEN", "127.0.0.1:0".as_ref()),
            ("TIDEGATE_TELEMETRY_LISTEN", "127.0.0.1:0".as_ref()),
        ];
        let text =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("pipeline.toml"))
                .unwrap();
        let text = replacements
            .iter()
            .fold(text, |text, (shipped, other)| text.replace(shipped, other));
        let config = dir.write("pipeline.toml", &text);
        let mut agent = Agent::start_with_env(
            &["run".as_ref(), "-c".as_ref(), config.as_os_str()],
            &environment,
        );
        let address = agent.telemetry_address();
        let metrics_address = if text.contains("[exporters.prometheus]") {
            agent.metrics_address()
        } else {
            String::new()
        };
        let bytes_at_start = agent.peak_memory_kib() << 10;
        Self {
            agent,
            address,
            metrics_address,
            bytes_at_start,
            simulator: None,
            dir,
        }
    }

    /// Reads and discards standard output from now on.
    pub(super) fn read_output(&mut self) {
        let mut output = self.agent.take_stdout();
        thread::spawn(move || io::copy(&mut output, &mut io::sink()));
    }

    /// Serves events on the monitor socket.
    pub(super) fn play(&mut self, input: Input) {
        let socket = self.dir.path("monitor.sock");
        match input {
            Input::Simulated { mix, rate } => self.simulator = Some(simulate(&socket, mix, rate)),
            Input::AccessLog(size) => {
                let listener = UnixListener::bind(socket).unwrap();
                let frames = access_log_frames(size);
                thread::spawn(move || repeat(&listener, &frames));
            }
            Input::Addresses(addresses) => {
                let recording = self.dir.path("traces");
                super::series::record(&recording, 2 * addresses, addresses).unwrap();
                let listener = UnixListener::bind(socket).unwrap();
                let frames = std::fs::read(recording).unwrap();
                thread::spawn(move || once(&listener, &frames));
            }
        }
    }

    /// A count of a stage by its path, such as `in` or `dropped/queue_full`; 0 if it is absent.
    pub(super) fn count(&self, stage: &str, path: &str) -> u64 {
        LedgerReport::live(&self.address).count(stage, path)
    }

    /// The number of series of a metric that Prometheus can scrape.
    pub(super) fn series(&self, metric: &str) -> usize {
        let (_, page) = get(&self.metrics_address, "/metrics");
        let prefix = format!("{metric}{{");
        page.lines()
            .filter(|line| line.starts_with(&prefix))
            .count()
    }

    /// The limit and the size in bytes of the queue in front of a stage.
    pub(super) fn queue_bytes(&self, stage: &str) -> [u64; 2] {
        let ledger = self.ledger();
        let row = ledger["edges"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["stage"] == stage)
            .unwrap();
        ["max_bytes", "queue_bytes"].map(|key| row[key].as_u64().unwrap())
    }

    /// The sum of the limits of all queues in bytes.
    pub(super) fn queue_limits(&self) -> u64 {
        let ledger = self.ledger();
        ledger["edges"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["max_bytes"].as_u64().unwrap())
            .sum()
    }

    /// Peak memory so far in bytes.
    pub(super) fn peak_bytes(&self) -> u64 {
        self.agent.peak_memory_kib() << 10
    }

    /// Resident memory that is no part of a file, in bytes.
    pub(super) fn anonymous_bytes(&self) -> u64 {
        self.agent.anonymous_memory_kib() << 10
    }

    /// Resident memory in bytes.
    pub(super) fn resident_bytes(&self) -> u64 {
        self.agent.resident_memory_kib() << 10
    }

    /// The drops of all stages as text.
    pub(super) fn drops(&self) -> String {
        let ledger = self.ledger();
        let rows = ledger["stages"].as_array().unwrap().iter();
        let drops = rows.flat_map(|row| row["dropped"].as_object().unwrap());
        drops
            .map(|(reason, count)| format!("{reason} {count}"))
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn ledger(&self) -> Value {
        serde_json::from_str(&get(&self.address, "/debug/ledger").1).unwrap()
    }
}

impl Drop for ShippedAgent {
    fn drop(&mut self) {
        if let Some(simulator) = &mut self.simulator {
            // Both fail if it has exited already.
            let _ = simulator.kill();
            let _ = simulator.wait();
        }
    }
}

fn simulate(socket: &Path, mix: &str, rate: u32) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command
        .args([
            "simulate",
            "--rate",
            &rate.to_string(),
            "--mix",
            mix,
            "--listen",
        ])
        .arg(socket);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The first frame of a stream, with its type definitions, and a frame that can be repeated after it.
fn access_log_frames(size: usize) -> [Vec<u8>; 2] {
    let headers = (0..size / 100)
        .map(|n| (format!("x-{n:06}"), vec!["v".repeat(80)]))
        .collect();
    let url = Some("http://shop/cart".to_owned());
    let http = Http {
        method: "GET".to_owned(),
        url,
        headers: Some(headers),
        ..Http::default()
    };
    let endpoint = |last: u8| Endpoint {
        ipv4: format!("10.0.0.{last}"),
        port: 80,
        ..Endpoint::default()
    };
    let log = LogRecord {
        kind: "Request".to_owned(),
        timestamp: "2026-01-01T00:00:00Z".to_owned(),
        verdict: "Forwarded".to_owned(),
        source: endpoint(1),
        destination: endpoint(2),
        transport_protocol: 6,
        http: Some(http),
        ..LogRecord::default()
    };
    let mut data = Vec::new();
    access_log::Encoder::new(Variant::C, TypeId::FIRST).encode(&log, &mut data);
    let mut encoder = Encoder::default();
    let payload = Payload {
        data: &data,
        cpu: 0,
        lost: 0,
        kind: Payload::EVENT_SAMPLE,
    };
    let mut frames = [Vec::new(), Vec::new()];
    frames
        .iter_mut()
        .for_each(|frame| encoder.encode(&payload, frame));
    frames
}

/// Writes frames to one client, and keeps it until it disconnects.
fn once(listener: &UnixListener, frames: &[u8]) {
    let (mut client, _) = listener.accept().unwrap();
    let _ = client.write_all(frames);
    let _ = client.read(&mut [0]);
}

/// Writes frames to one client until it disconnects.
fn repeat(listener: &UnixListener, [first, next]: &[Vec<u8>; 2]) {
    let (mut client, _) = listener.accept().unwrap();
    let mut written = client.write_all(first);
    while written.is_ok() {
        written = client.write_all(next);
    }
}
