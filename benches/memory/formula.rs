//! The formula of `docs/memory.md`: the upper bound of an agent's memory, from its queues and
//! limits. Shared by the test that checks it and by the benchmark that shows the margin.

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Program, libraries, threads and the allocator's initial memory, in a release build.
pub(crate) const BASE: u64 = 16 * MIB;
/// Batches kept for reuse, and those that stages are processing.
const BATCHES: u64 = 4 * MIB;
/// A message held in `dns_flow` or `http_flow`, with its strings.
const MESSAGE: u64 = 800;
/// A DNS message over TCP in the table of `dns_flow`, which has as many entries as `pending`.
const TCP_MESSAGE: u64 = 100;
/// A connection in the table of `http_flow`, with its unanswered requests.
const CONNECTION: u64 = 600;
/// Requests in `http_flow` kept for the latency and trace of their responses.
const EXCHANGES: u64 = 2 * MIB;
/// The server ports of `http_flow`, a bit for each.
const PORTS: u64 = 8 * KIB;
/// Lines being written.
const LINES: u64 = MIB;
/// The number of frames of the maximum length held besides: where they are read, as records, as
/// flows and as output. A queue admits one batch that is larger than itself.
const COPIES: u64 = 5;
/// Caches of names, labels and records in the stages.
const CACHES: u64 = 4 * MIB + MIB / 2;
/// An element of a list of `cilium_api`, what is read of it, and names that are yet to be sent.
const LISTS: u64 = 5 * MIB;
/// An address, prefix or endpoint in the tables of `cilium_enrich`.
const NAME: u64 = 512;
/// Labels of an identity.
const IDENTITY: u64 = 800;
/// A frontend of a service.
const SERVICE: u64 = 300;
/// The DNS names that a pod knows for an address, and what flows show of them.
const DNS_NAME: u64 = 400 + 512;
/// A series, in `hubble_metrics` and in the exporters.
const SERIES: u64 = KIB + KIB / 4;
/// A series in the inbox of an exporter: its key and the newest point.
const POINT: u64 = 256;
/// Exporters of the shipped configuration that accept metrics.
const METRICS_EXPORTERS: u64 = 2;

/// The limits that bound an agent's memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The sum of `bytes` of all queues, including the receiver's outbox.
    pub(crate) queues: u64,
    /// `queue.requests` of the OTLP exporter.
    pub(crate) requests: u64,
    /// `batch.max_bytes` of the OTLP exporter.
    pub(crate) request_bytes: u64,
    /// `pending` of each of `dns_flow` and `http_flow`.
    pub(crate) pending: u64,
    /// `connections` of `http_flow`.
    pub(crate) connections: u64,
    /// `max_frame`.
    pub(crate) max_frame: u64,
    /// Names in use.
    pub(crate) names: u64,
    /// Identities in use.
    pub(crate) identities: u64,
    /// Services in use.
    pub(crate) services: u64,
    /// Pairs of a pod and an address with DNS names.
    pub(crate) dns_names: u64,
    /// Series in use.
    pub(crate) series: u64,
}

impl Bounds {
    /// The limits of the shipped configuration, whose queues hold `queues` bytes together.
    pub(crate) fn shipped(queues: u64) -> Self {
        Self {
            queues,
            requests: 6 * MIB,
            request_bytes: MIB,
            pending: 4096,
            connections: 4096,
            max_frame: MIB,
            names: 4096,
            identities: 200,
            services: 200,
            dns_names: 1024,
            series: 1024,
        }
    }

    /// The rows of the table: the part, and its bytes.
    pub(crate) fn rows(self) -> [(&'static str, u64); 17] {
        [
            ("base", BASE),
            ("queues", self.queues),
            ("batches", BATCHES),
            ("requests", self.requests + 2 * self.request_bytes),
            ("lines", LINES),
            ("messages", 2 * self.pending * MESSAGE),
            ("DNS over TCP", self.pending * TCP_MESSAGE),
            ("connections", self.connections * CONNECTION),
            ("ports", PORTS),
            ("requests of proxies", EXCHANGES),
            (
                "names",
                self.names * NAME + self.identities * IDENTITY + self.services * SERVICE,
            ),
            ("DNS names", self.dns_names * DNS_NAME),
            ("lists", LISTS),
            ("series", self.series * SERIES),
            ("points", self.series * METRICS_EXPORTERS * POINT),
            ("caches", CACHES),
            ("frames", COPIES * self.max_frame),
        ]
    }

    /// The bytes allowed on top of [`BASE`].
    pub(crate) fn beyond_base(self) -> u64 {
        let rows = self.rows().into_iter();
        rows.map(|(_, bytes)| bytes).sum::<u64>() - BASE
    }
}
