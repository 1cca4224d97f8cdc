//! The formula of `docs/memory.md`: what an agent holds at most, by its queues and bounds. Shared
//! by the test that holds the agent to it and by the benchmark that shows how far it stays below.

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Program, libraries, threads and what the allocator begins with, in a release build.
pub(crate) const BASE: u64 = 16 * MIB;
/// Batches that are done and kept, and those that stages have in their hands.
const BATCHES: u64 = 4 * MIB;
/// A message that waits in `dns_flow` or `http_flow`, with its texts.
const MESSAGE: u64 = 800;
/// A message over TCP that `dns_flow` remembers; it remembers as many as may wait.
const TCP_MESSAGE: u64 = 100;
/// A connection that `http_flow` remembers, with the requests that wait for their answers on it.
const CONNECTION: u64 = 600;
/// Requests that wait for their responses' times and traces in `http_flow`.
const EXCHANGES: u64 = 2 * MIB;
/// Lines that are being written.
const LINES: u64 = MIB;
/// What frames of the greatest length take beside that, as so many of them: where they are read, as
/// records, as flows and as what is written of them. A queue takes one batch that is larger than
/// itself.
const COPIES: u64 = 5;
/// What stages remember of names, labels and records, to be quicker with the next ones.
const REMEMBERED: u64 = 4 * MIB + MIB / 2;
/// An address, prefix or endpoint that `cilium_enrich` knows.
const NAME: u64 = 512;
/// A series, in `hubble_metrics` and in the exporters that keep it.
const SERIES: u64 = KIB;
/// What the inbox of an exporter keeps of a series: which it is, and the newest point.
const POINT: u64 = 256;
/// Exporters that take metrics, of those that ship.
const TAKE_METRICS: u64 = 2;

/// What bounds an agent's memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// `bytes` of all queues, the receiver's outbox among them.
    pub(crate) queues: u64,
    /// `in_flight` of the OTLP exporter, and `batch.max_bytes`.
    pub(crate) requests: u64,
    pub(crate) request_bytes: u64,
    /// `pending` of `dns_flow` and `http_flow`, each.
    pub(crate) pending: u64,
    /// `connections` of `http_flow`.
    pub(crate) connections: u64,
    /// `max_frame`.
    pub(crate) max_frame: u64,
    /// Names that are known, and series that there are.
    pub(crate) names: u64,
    pub(crate) series: u64,
}

impl Bounds {
    /// Of the configuration that ships, whose queues hold so many bytes together.
    pub(crate) fn shipped(queues: u64) -> Self {
        let (names, series) = (4096, 1024);
        let (pending, connections) = (4096, 4096);
        Self {
            queues,
            requests: 4,
            request_bytes: MIB,
            pending,
            connections,
            max_frame: MIB,
            names,
            series,
        }
    }

    /// What the agent may take on top of [`BASE`].
    pub(crate) fn beside_base(self) -> u64 {
        let waiting = self.queues + BATCHES + (self.requests + 2) * self.request_bytes + LINES;
        let messages =
            self.pending * (2 * MESSAGE + TCP_MESSAGE) + self.connections * CONNECTION + EXCHANGES;
        let tables = messages + self.names * NAME + self.series * (SERIES + TAKE_METRICS * POINT);
        waiting + tables + REMEMBERED + COPIES * self.max_frame
    }
}
