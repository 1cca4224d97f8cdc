//! The names that the runner itself counts by.

/// Reasons for drops that the runner enters.
pub mod reason {
    /// The inbox of the stage was full and its `when_full` policy is to drop.
    pub const QUEUE_FULL: &str = "queue_full";
    /// The outbox of a receiver was full, because the pipelines behind it did not keep up.
    pub const PIPELINE_FULL: &str = "pipeline_full";
    /// The stage's inbox had reached its limit of series, and the record was a point of a new one.
    /// The series is sent again as soon as others have ended.
    pub const TOO_MANY_SERIES: &str = "too_many_series";
    /// The stage had failed or ended before it took the record.
    pub const STAGE_ENDED: &str = "stage_ended";
    /// The grace period ran out before the record was delivered.
    pub const SHUTDOWN_TIMEOUT: &str = "shutdown_timeout";
    /// The grace period ran out before a stage that a reload had removed delivered the record.
    pub const RELOAD_TIMEOUT: &str = "reload_timeout";
}

/// The sources of losses before the socket that are counted.
pub const UPSTREAM_SOURCES: [&str; 1] = [PERF_RING];

/// The kernel's perf ring buffer, which Cilium's agent reads.
pub(crate) const PERF_RING: &str = "perf_ring";

/// The note for metric points that a newer point of their series replaced in an inbox. They are
/// absorbed.
pub const SUPERSEDED: &str = "superseded";

/// The note for records that a stage left in a queue on disk when it ended. They are absorbed, and
/// [`RECOVERED`] by its next run.
pub const STORED: &str = "stored";

/// The note for records that an earlier run left in a queue on disk. They are created.
pub const RECOVERED: &str = "recovered";
