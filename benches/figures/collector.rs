//! A real OpenTelemetry Collector that discards what it receives.

use std::error::Error;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The variable that names the Collector's binary, as for `tests/collector/run`.
const VARIABLE: &str = "OTELCOL";

/// How long the Collector may take to listen.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A running Collector, which is killed when this is dropped.
pub(crate) struct Collector {
    process: Child,
    pub(crate) addresses: CollectorAddresses,
}

/// Where a Collector listens.
#[derive(Clone, Copy)]
pub(crate) struct CollectorAddresses {
    pub(crate) grpc: SocketAddr,
    pub(crate) http: SocketAddr,
}

/// Returns the Collector's binary, of the option `--otelcol` or the variable `OTELCOL`.
pub(crate) fn binary(option: Option<&str>) -> Option<PathBuf> {
    let variable = std::env::var_os(VARIABLE).filter(|path| !path.is_empty());
    option
        .map(PathBuf::from)
        .or_else(|| variable.map(PathBuf::from))
}

impl Collector {
    /// Starts a Collector and waits until it listens.
    pub(crate) fn start(binary: &Path, folder: &Path) -> Result<Self, Box<dyn Error>> {
        let [grpc, http] = free_addresses()?;
        let config = folder.join("otelcol.yaml");
        fs::write(&config, configuration(grpc, http))?;
        let process = Command::new(binary)
            .arg(format!("--config=file:{}", config.display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", binary.display()))?;
        let mut collector = Self {
            process,
            addresses: CollectorAddresses { grpc, http },
        };
        collector.wait()?;
        Ok(collector)
    }

    fn wait(&mut self) -> Result<(), Box<dyn Error>> {
        let start = Instant::now();
        let CollectorAddresses { grpc, http } = self.addresses;
        while [grpc, http]
            .iter()
            .any(|address| TcpStream::connect(address).is_err())
        {
            if let Some(status) = self.process.try_wait()? {
                return Err(format!("the Collector ended with {status}").into());
            }
            if start.elapsed() > START_TIMEOUT {
                return Err("the Collector does not listen".into());
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_addresses() -> Result<[SocketAddr; 2], Box<dyn Error>> {
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let listeners = [listen()?, listen()?];
    let [first, second] = listeners.each_ref().map(TcpListener::local_addr);
    Ok([first?, second?])
}

/// A line of its log for some 100,000 requests.
fn configuration(grpc: SocketAddr, http: SocketAddr) -> String {
    let pipeline = "{ receivers: [otlp], exporters: [debug] }";
    format!(
        "receivers: {{ otlp: {{ protocols: {{ grpc: {{ endpoint: '{grpc}' }}, http: {{ endpoint: '{http}' }} }} }} }}\n\
         exporters: {{ debug: {{ sampling_initial: 1, sampling_thereafter: 100000 }} }}\n\
         service:\n  telemetry: {{ metrics: {{ level: none }}, logs: {{ level: error }} }}\n  \
         pipelines: {{ logs: {pipeline}, traces: {pipeline}, metrics: {pipeline} }}\n"
    )
}
