//! The bounded channel between two stages: limits in records and in bytes, and a policy for when it
//! is full. The edge belongs to the stage that reads it: records that are dropped here are counted
//! by that stage. Metric points are queued apart from other records, the newest one of each series.

mod blocked;
mod delivery;
mod handle;
mod inbox;
mod points;
mod queue;
mod sender;

pub use delivery::Delivery;
pub(crate) use handle::EdgeHandle;
pub use inbox::Inbox;
pub(crate) use points::Reader;
pub(crate) use sender::Edge;

use std::sync::Arc;

use crate::limits::Limits;
use queue::Queue;

/// Creates an edge. `full` is the reason for the records that a full edge drops.
pub(crate) fn edge(limits: Limits, full: &'static str, reader: Reader) -> (Edge, Inbox) {
    let queue = Arc::new(Queue::new(limits, full, reader));
    (
        Edge {
            queue: Arc::clone(&queue),
        },
        Inbox {
            queue,
            counters: None,
        },
    )
}
