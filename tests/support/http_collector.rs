//! An OTLP server over HTTP/1.1 with uncompressed protobuf, which keeps the metrics that it accepts.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use prost::Message as _;

/// A server that runs until the test process ends.
pub(crate) struct HttpCollector {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    metrics: Mutex<Vec<Metric>>,
    last_metrics: Mutex<Vec<Metric>>,
    /// While set, every request is answered with status 503, and its connection closed.
    is_unavailable: AtomicBool,
}

impl HttpCollector {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&shared);
                // A client may leave at any time.
                thread::spawn(move || state.serve(client));
            }
        });
        Self { address, state }
    }

    /// The accepted metrics, in order of arrival.
    pub(crate) fn metrics(&self) -> Vec<Metric> {
        self.state.metrics.lock().unwrap().clone()
    }

    /// The metrics of the last accepted request.
    pub(crate) fn last_metrics(&self) -> Vec<Metric> {
        self.state.last_metrics.lock().unwrap().clone()
    }

    /// Sets whether requests are refused for the time being.
    pub(crate) fn set_unavailable(&self, is_unavailable: bool) {
        let state = &self.state.is_unavailable;
        state.store(is_unavailable, Ordering::Relaxed);
    }
}

impl State {
    fn serve(&self, client: TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(client.try_clone()?);
        let mut client = client;
        while let Some((path, body)) = read_request(&mut reader)? {
            if self.is_unavailable.load(Ordering::Relaxed) {
                let head = "HTTP/1.1 503 Service Unavailable\r\n";
                let rest = "connection: close\r\ncontent-length: 0\r\n\r\n";
                return client.write_all(format!("{head}{rest}").as_bytes());
            }
            if path == "/v1/metrics" {
                self.take(&body);
            }
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\n";
            client.write_all(format!("{head}content-length: 0\r\n\r\n").as_bytes())?;
        }
        Ok(())
    }

    fn take(&self, body: &[u8]) {
        let request = ExportMetricsServiceRequest::decode(body).unwrap();
        let resources = request.resource_metrics.into_iter();
        let scopes = resources.flat_map(|resource| resource.scope_metrics);
        let metrics: Vec<_> = scopes.flat_map(|scope| scope.metrics).collect();
        self.metrics.lock().unwrap().extend_from_slice(&metrics);
        *self.last_metrics.lock().unwrap() = metrics;
    }
}

/// Reads a request: its path and its body. `None` at the end of the connection.
fn read_request(reader: &mut BufReader<TcpStream>) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap().to_owned();
    let mut len = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let header = line.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            len = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; len];
    reader.read_exact(&mut body)?;
    Ok(Some((path, body)))
}
