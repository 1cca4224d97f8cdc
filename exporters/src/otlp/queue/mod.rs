//! The queue of log requests: sealed once, then kept in memory and, if that is configured, in a
//! [log on disk](tidegate_runtime::disk_log) until their outcome is known.
//!
//! Without a disk, requests wait in memory, in order, up to a limit in bytes; when it is reached, no
//! more records are taken from the inbox. With a disk, each request is also written before it is
//! sent. When memory is full, the oldest requests remain on disk alone; they are read again in order
//! and sent beside new ones, in turns. When the disk is full, the oldest ones are evicted.
//!
//! Sealing, reading and writing are done on a thread for blocking work, one job at a time.
//!
//! Reading order: [`request`] is what waits, [`waiting`] the requests in memory, [`stored`] those on
//! disk, [`work`] the jobs of the other thread, [`in_flight`] the requests that are being sent, and
//! [`request_queue`] connects them. [`open`] opens the log on disk.

mod gauges;
mod in_flight;
mod open;
mod request;
mod request_queue;
mod stored;
mod tag;
mod waiting;
mod work;

pub(super) use gauges::QueueGauges;
pub(super) use open::open_disk;
pub(super) use request_queue::{QueueConfig, RequestQueue};
