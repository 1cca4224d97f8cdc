//! The pipeline that ships, with stand-ins for all that it talks to.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::Value;
use tidegate_wire::access_log::{self, Endpoint, Http, LogRecord, Variant};
use tidegate_wire::gob::TypeId;
use tidegate_wire::payload::{Encoder, Payload};

use crate::support::{Agent, Place, get};

/// What the agent reads; if not told otherwise, as fast as it does.
#[derive(Clone, Copy)]
pub(super) enum Input {
    /// A mix of the simulator, at so many events a second; 0 is as fast as they are read.
    Simulated { mix: &'static str, rate: u32 },
    /// HTTP requests whose headers have so many bytes.
    AccessLog(usize),
}

/// A running agent. Nothing is played to it yet.
pub(super) struct Scene {
    agent: Agent,
    /// Of its telemetry.
    pub(super) address: String,
    /// What it took before there was anything to do.
    pub(super) at_start: u64,
    stand_in: Option<Child>,
    place: Place,
}

impl Scene {
    /// Sends OTLP to a server at this address. Nobody reads standard output. `instead` is what in
    /// the file that ships is written otherwise.
    pub(super) fn with(backend: SocketAddr, instead: &[(&str, &str)]) -> Self {
        let place = Place::new();
        let (socket, endpoint) = (place.path("monitor.sock"), format!("http://{backend}"));
        let environment = [
            ("CILIUM_MONITOR_SOCK", socket.as_os_str()),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_ref()),
            ("TIDEGATE_PROMETHEUS_LISTEN", "127.0.0.1:0".as_ref()),
            ("TIDEGATE_TELEMETRY_LISTEN", "127.0.0.1:0".as_ref()),
        ];
        let text =
            std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("pipeline.toml"))
                .unwrap();
        let text = instead
            .iter()
            .fold(text, |text, (ships, other)| text.replace(ships, other));
        let config = place.write("pipeline.toml", text);
        let mut agent = Agent::start_with(
            &["run".as_ref(), "-c".as_ref(), config.as_os_str()],
            &environment,
        );
        let address = agent.address();
        let at_start = agent.peak_memory_kib() << 10;
        Self {
            agent,
            address,
            at_start,
            stand_in: None,
            place,
        }
    }

    /// Has somebody read standard output.
    pub(super) fn read_output(&mut self) {
        let mut output = self.agent.take_stdout();
        thread::spawn(move || io::copy(&mut output, &mut io::sink()));
    }

    pub(super) fn play(&mut self, input: Input) {
        let socket = self.place.path("monitor.sock");
        match input {
            Input::Simulated { mix, rate } => self.stand_in = Some(simulate(&socket, mix, rate)),
            Input::AccessLog(size) => {
                let (listener, frames) = (UnixListener::bind(socket).unwrap(), access_log(size));
                thread::spawn(move || repeat(&listener, &frames));
            }
        }
    }

    fn books(&self) -> String {
        get(&self.address, "/debug/ledger").1
    }

    /// A number of a stage: a path such as `in` or `dropped/queue_full`; 0 where there is none.
    pub(super) fn number(&self, stage: &str, path: &str) -> u64 {
        let ledger = self.ledger();
        assert_eq!(ledger["balanced"], true, "{ledger}");
        let row = ledger["stages"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["stage"] == stage)
            .unwrap();
        row.pointer(&format!("/{path}"))
            .and_then(Value::as_u64)
            .unwrap_or_default()
    }

    /// The bytes that the queue in front of a stage holds at most, and now.
    pub(super) fn queue(&self, stage: &str) -> [u64; 2] {
        let ledger = self.ledger();
        let row = ledger["edges"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["stage"] == stage)
            .unwrap();
        ["max_bytes", "queue_bytes"].map(|key| row[key].as_u64().unwrap())
    }

    /// The bytes that all queues hold at most.
    pub(super) fn queues(&self) -> u64 {
        let ledger = self.ledger();
        ledger["edges"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["max_bytes"].as_u64().unwrap())
            .sum()
    }

    /// The most bytes of memory so far.
    pub(super) fn peak(&self) -> u64 {
        self.agent.peak_memory_kib() << 10
    }

    /// The bytes of memory that it has now.
    pub(super) fn resident(&self) -> u64 {
        self.agent.resident_memory_kib() << 10
    }

    /// What all stages dropped, by reason.
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
        serde_json::from_str(&self.books()).unwrap()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if let Some(stand_in) = &mut self.stand_in {
            // It may have ended already.
            let _ = stand_in.kill();
            let _ = stand_in.wait();
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

/// The beginning of a stream, and a frame that can follow it any number of times.
fn access_log(size: usize) -> [Vec<u8>; 2] {
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
    let end = |last: u8| Endpoint {
        ipv4: format!("10.0.0.{last}"),
        port: 80,
        ..Endpoint::default()
    };
    let log = LogRecord {
        kind: "Request".to_owned(),
        timestamp: "2026-01-01T00:00:00Z".to_owned(),
        verdict: "Forwarded".to_owned(),
        source: end(1),
        destination: end(2),
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

/// Plays frames to one client until it hangs up.
fn repeat(listener: &UnixListener, [first, next]: &[Vec<u8>; 2]) {
    let (mut client, _) = listener.accept().unwrap();
    let mut written = client.write_all(first);
    while written.is_ok() {
        written = client.write_all(next);
    }
}
