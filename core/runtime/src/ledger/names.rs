//! The names that the runner itself counts by.

/// Reasons for drops that the runner itself states.
pub mod reason {
    /// The inbox of the stage was full and its `when_full` says to drop.
    pub const QUEUE_FULL: &str = "queue_full";
    /// The outbox of a receiver was full, because the pipelines behind it did not keep up.
    pub const PIPELINE_FULL: &str = "pipeline_full";
    /// The stage's inbox knew as many series as it can, and the record was a point of another one.
    /// Its series is handed on again as soon as others have ended.
    pub const TOO_MANY_SERIES: &str = "too_many_series";
    /// The stage had failed or ended before it took the record.
    pub const STAGE_ENDED: &str = "stage_ended";
    /// The grace period ran out before the record was delivered.
    pub const SHUTDOWN_TIMEOUT: &str = "shutdown_timeout";
    /// The grace period ran out before a stage that a reload had taken out delivered the record.
    pub const RELOAD_TIMEOUT: &str = "reload_timeout";
}

/// Whose losses in front of the socket are counted.
pub const UPSTREAM_SOURCES: [&str; 1] = [PERF_RING];

/// The kernel's perf ring, which Cilium's agent reads.
pub(crate) const PERF_RING: &str = "perf_ring";

/// The rule by which an exporter does not get the records that its `signals` leave out.
pub const SIGNALS_RULE: &str = "signals";

/// The note on points of metrics that a newer point of their series replaced while they waited in
/// an inbox. Such a point is absorbed.
pub const SUPERSEDED: &str = "superseded";
