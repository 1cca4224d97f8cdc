//! OTLP servers that accept and discard everything. They run in this process, so that their cost is
//! not counted as the agent's.

mod decoding;
mod reading;

use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use tokio::runtime::Builder;

/// How a server handles requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SinkMode {
    /// Reads requests of both protocols without decoding them, so that the sink does not slow the
    /// agent.
    Read,
    /// Decodes requests over gRPC, which takes longer than encoding: the agent mostly waits, and
    /// shares the CPU caches with the sink.
    Decode,
}

/// A server on a thread that ends with the process.
#[derive(Clone)]
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    pub(crate) received: Arc<Received>,
}

/// What a server has received. One that reads counts bytes, one that decodes the rest.
#[derive(Default)]
pub(crate) struct Received {
    /// Bytes of the bodies of requests.
    pub(crate) bytes: Count,
    pub(crate) records: Count,
    pub(crate) spans: Count,
    /// The first requests with log records, encoded, each after its length.
    pub(crate) first_requests: Mutex<Vec<Vec<u8>>>,
}

/// A number that grows.
#[derive(Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, n: usize) {
        self.0.fetch_add(n as u64, Ordering::Relaxed);
    }
}

/// Starts a server.
pub(crate) fn start(mode: SinkMode) -> Result<Sink, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let sink = Sink {
        address: listener.local_addr()?,
        received: Arc::default(),
    };
    let received = Arc::clone(&sink.received);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    thread::spawn(move || match mode {
        SinkMode::Read => runtime.block_on(reading::serve(listener, received)),
        SinkMode::Decode => runtime.block_on(decoding::serve(listener, received)),
    });
    Ok(sink)
}
