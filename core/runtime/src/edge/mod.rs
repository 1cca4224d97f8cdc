//! The bounded channel between two stages: limits in records and in bytes, and a policy for when it
//! is full. The edge belongs to the stage that reads it; what is dropped here is in that stage's
//! books. Points of metrics wait apart from other records, the newest one of each series.

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

/// A new edge. `full` is the reason under which it drops when its policy says so.
pub(crate) fn edge(limits: Limits, full: &'static str, reader: Reader) -> (Edge, Inbox) {
    let queue = Arc::new(Queue::new(limits, full, reader));
    (
        Edge {
            queue: Arc::clone(&queue),
        },
        Inbox { queue },
    )
}
