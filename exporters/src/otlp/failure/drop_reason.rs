//! Reasons under which this exporter drops records.

use tidegate_runtime::component::{Cause, Reasons};

/// All reasons, by their cause.
pub(crate) const ALL: &[Reasons] = &[
    Reasons::load(&[
        REJECTED_BY_PEER,
        PERMANENT_ERROR,
        NOT_AUTHORIZED,
        UNIMPLEMENTED,
        RESOURCE_EXHAUSTED,
        RECORD_TOO_LARGE,
        TOO_LARGE_FOR_PEER,
        INVALID_FOR_PEER,
        QUEUE_EVICTED,
        QUEUE_DAMAGED,
    ]),
    Reasons {
        cause: Cause::Time("drain_timeout"),
        names: &[DRAIN_TIMEOUT],
    },
    Reasons {
        cause: Cause::Time("retry_on_failure"),
        names: &[RETRIES_EXHAUSTED],
    },
];

/// The reasons for records that the backend refused in requests of their own.
pub(crate) const OF_ONE_RECORD: [&str; 2] = [TOO_LARGE_FOR_PEER, INVALID_FOR_PEER];

/// The backend accepted the request and rejected some of its records (`partial_success`).
pub(crate) const REJECTED_BY_PEER: &str = "rejected_by_peer";
/// The backend refused the request with an error that a retry would not resolve.
pub(crate) const PERMANENT_ERROR: &str = "permanent_error";
/// The backend refused the credentials.
pub(crate) const NOT_AUTHORIZED: &str = "not_authorized";
/// The backend does not accept this signal.
pub(crate) const UNIMPLEMENTED: &str = "unimplemented";
/// The backend has no room, and asked for no retry; or it refused every part of a request for its
/// size.
pub(crate) const RESOURCE_EXHAUSTED: &str = "resource_exhausted";
/// `retry_on_failure` allowed no further attempt.
pub(crate) const RETRIES_EXHAUSTED: &str = "retries_exhausted";
/// `drain_timeout` had passed since the end of the input began.
pub(crate) const DRAIN_TIMEOUT: &str = "drain_timeout";
/// The backend refused the record for its size, in a request of its own.
pub(crate) const TOO_LARGE_FOR_PEER: &str = "too_large_for_peer";
/// The backend refused the record as invalid, in a request of its own.
pub(crate) const INVALID_FOR_PEER: &str = "invalid_for_peer";
/// The record alone is larger than `batch.max_bytes`.
pub(crate) const RECORD_TOO_LARGE: &str = "record_too_large";
/// The queue on disk was full, and these were the oldest records in it.
pub(crate) const QUEUE_EVICTED: &str = "queue_evicted";
/// A file of the queue on disk was damaged.
pub(crate) const QUEUE_DAMAGED: &str = "queue_damaged";
