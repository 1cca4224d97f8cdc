//! Requests from the stages of a pipeline to its receivers, such as for the labels of an identity.
//!
//! Records flow from receivers to exporters. What a processor lacks, or a receiver observes of its
//! source, goes the other way: [`Requests::send`] puts a [`Request`] into the queue of every
//! receiver of the pipeline that takes its kind, and the receiver reads it with
//! [`RequestReader::recv`]. The answer is records. A queue is bounded, keeps equal requests once,
//! and loses the oldest if it is full: a request is a hint that may be repeated, and no record
//! depends on it. The runner connects the ends, at the start and at each reload.

mod queue;
mod reader;
mod request;

pub use queue::{MAX_WAITING, REQUESTS};
pub use reader::RequestReader;
pub use request::{Request, RequestKind, ResyncCause};

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use self::queue::RequestQueue;
use crate::stage_id::StageId;
use crate::sync::lock;
use crate::telemetry::Telemetry;

/// A stage's end of the requests of its pipelines; clones share it. The default sends to no
/// receiver, as long as nothing connects it, and takes no requests.
///
/// ```
/// use tidegate_runtime::requests::{Request, RequestKind, Requests};
/// use tidegate_runtime::stage_id::StageId;
/// use tidegate_runtime::telemetry::Telemetry;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let stage = StageId::receiver("api");
/// let takes = &[RequestKind::IdentityWanted];
/// let of_receiver = Requests::new(&stage, &[], takes, &Telemetry::default());
/// let mut reader = of_receiver.reader();
///
/// let of_processor = Requests::default();
/// of_processor.connect([&of_receiver]);
/// of_processor.send(Request::IdentityWanted(4_711));
/// of_processor.send(Request::IdentityWanted(4_711));
/// of_processor.send(Request::StreamEnded(1));
/// assert_eq!(reader.recv().await, Request::IdentityWanted(4_711));
/// assert_eq!(reader.try_recv(), None);
/// # });
/// ```
#[derive(Clone, Debug, Default)]
pub struct Requests {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// The kinds that the stage has declared to send; `None` if it declares nothing.
    sends: Option<&'static [RequestKind]>,
    /// The kinds that one of `receivers` takes, as bits.
    taken: AtomicU8,
    /// The queues of the receivers of its pipelines.
    receivers: Mutex<Vec<Arc<RequestQueue>>>,
    /// The stage's own queue, if it is a receiver.
    own: Arc<RequestQueue>,
}

impl Requests {
    /// The end of a stage that sends requests of the kinds `sends` and takes those of the kinds
    /// `takes`. Registers the counters of its queue.
    #[must_use]
    pub fn new(
        stage: &StageId,
        sends: &'static [RequestKind],
        takes: &'static [RequestKind],
        telemetry: &Telemetry,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                sends: Some(sends),
                own: Arc::new(RequestQueue::new(stage, takes, telemetry)),
                ..Shared::default()
            }),
        }
    }

    /// Sends a request to every receiver of the stage's pipelines that takes its kind. Does not
    /// block, and costs one load if there is none.
    ///
    /// # Panics
    ///
    /// In a debug build, if the stage has not declared the kind.
    pub fn send(&self, request: Request) {
        debug_assert!(
            self.may_send(request.kind()),
            "the kind of {request:?} is not declared"
        );
        if self.is_taken(request.kind()) {
            for receiver in &*lock(&self.shared.receivers) {
                receiver.push(request);
            }
        }
    }

    /// Whether a receiver takes requests of this kind.
    #[must_use]
    pub fn is_taken(&self, kind: RequestKind) -> bool {
        self.shared.taken.load(Ordering::Relaxed) & kind.bit() != 0
    }

    /// Begins to take requests, and returns where they are read. To be called once, when the
    /// receiver is built; what was not read when the reader is dropped is lost.
    #[must_use]
    pub fn reader(&self) -> RequestReader {
        RequestReader::new(Arc::clone(&self.shared.own))
    }

    /// Makes requests go to these receivers, and to no others.
    pub fn connect<'a>(&self, receivers: impl IntoIterator<Item = &'a Self>) {
        let mut queues = Vec::new();
        let mut taken = 0;
        for receiver in receivers {
            let queue = &receiver.shared.own;
            let is_own = Arc::ptr_eq(&self.shared, &receiver.shared);
            let is_known = queues.iter().any(|known| Arc::ptr_eq(known, queue));
            if queue.taken() != 0 && !is_own && !is_known {
                taken |= queue.taken();
                queues.push(Arc::clone(queue));
            }
        }
        *lock(&self.shared.receivers) = queues;
        self.shared.taken.store(taken, Ordering::Relaxed);
    }

    /// Whether the stage, or something else beside this, still holds its end.
    pub(crate) fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.shared) > 1
    }

    fn may_send(&self, kind: RequestKind) -> bool {
        self.shared
            .sends
            .is_none_or(|declared| declared.contains(&kind))
    }
}

#[cfg(test)]
mod tests;
