//! Jobs that may block or take long: sealing, and all that is done on disk. One runs at a time, so
//! that requests stay in order.

use std::future::pending;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tidegate_runtime::disk_log::{Appended, DiskLog, Next, Position};
use tokio::task::{JoinHandle, spawn_blocking};

use super::tag::encode_tag;
use crate::otlp::sealing::{EncodedMessage, Sealed, SealedFrame, Sealer};
use crate::otlp::signal::Signal;

/// The log on disk, which only jobs lock.
pub(super) type SharedLog = Arc<Mutex<DiskLog>>;

/// Runs jobs.
pub(super) struct Worker {
    sealer: Arc<Sealer>,
    log: Option<SharedLog>,
    running: Option<JoinHandle<JobResult>>,
}

/// A job: its parts are done in this order.
#[derive(Default)]
pub(super) struct Job {
    pub(super) acknowledge: Vec<Position>,
    pub(super) release: Vec<Position>,
    pub(super) add: Option<NewRequest>,
    /// Whether the oldest requests on disk are removed if there is no room for the new one.
    pub(super) may_evict: bool,
    /// Whether to read the next request.
    pub(super) read: bool,
}

/// A request that is to be sealed, if it is not, and written to the disk, if there is one.
pub(super) struct NewRequest {
    pub(super) signal: Signal,
    pub(super) content: Content,
    pub(super) records: u64,
}

/// The content of a new request.
pub(super) enum Content {
    Message(EncodedMessage),
    Frame(SealedFrame),
}

/// What a job did.
#[derive(Default)]
pub(super) struct JobResult {
    pub(super) added: Option<AddedRequest>,
    pub(super) read: Option<Next>,
    /// Why an acknowledgement could not be written.
    pub(super) failure: Option<io::Error>,
    pub(super) disk: Option<DiskUse>,
}

/// A new request that was sealed.
pub(super) struct AddedRequest {
    pub(super) frame: SealedFrame,
    /// Memory of the message, if the frame does not use it.
    pub(super) spare: Option<Vec<u8>>,
    pub(super) write: WriteResult,
}

/// What became of the copy of a request on disk.
pub(super) enum WriteResult {
    /// There is no disk.
    NoDisk,
    /// There is no room for it, and no other request may be removed.
    NoRoom,
    Appended(Appended),
}

/// The contents of the disk after a job.
#[derive(Clone, Copy)]
pub(super) struct DiskUse {
    pub(super) bytes: u64,
    /// Requests that are on disk alone.
    pub(super) unread: u64,
}

impl Worker {
    pub(super) fn new(sealer: Arc<Sealer>, log: Option<SharedLog>) -> Self {
        Self {
            sealer,
            log,
            running: None,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.running.is_none()
    }

    /// Starts a job. The caller ensures that none is running.
    pub(super) fn start(&mut self, job: Job) {
        let sealer = Arc::clone(&self.sealer);
        let log = self.log.clone();
        self.running = Some(spawn_blocking(move || job.run(&sealer, log.as_ref())));
    }

    /// Waits until the job has ended; for ever if there is none. Cancel safe.
    pub(super) async fn next(&mut self) -> JobResult {
        let Some(running) = &mut self.running else {
            return pending().await;
        };
        let result = running.await;
        self.running = None;
        match result {
            Ok(result) => result,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The runtime is being shut down, and this task with it.
            Err(_) => pending().await,
        }
    }
}

impl Job {
    /// Whether there is anything to do.
    pub(super) fn has_work(&self) -> bool {
        self.add.is_some() || self.read || !self.acknowledge.is_empty() || !self.release.is_empty()
    }

    fn run(self, sealer: &Sealer, log: Option<&SharedLog>) -> JobResult {
        let mut result = JobResult::default();
        let mut log = log.map(|log| log.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(log) = &mut log {
            for at in self.acknowledge {
                let acknowledged = log.acknowledge(at);
                result.failure = result.failure.or(acknowledged.err());
            }
            self.release.into_iter().for_each(|at| log.release(at));
        }
        let may_evict = self.may_evict;
        let log_of_new = log.as_deref_mut();
        result.added = self.add.map(|new| new.add(sealer, log_of_new, may_evict));
        if let Some(log) = &mut log {
            result.read = if self.read { log.read_next() } else { None };
            result.disk = Some(DiskUse {
                bytes: log.bytes(),
                unread: log.waiting(),
            });
        }
        result
    }
}

impl NewRequest {
    fn add(self, sealer: &Sealer, log: Option<&mut DiskLog>, may_evict: bool) -> AddedRequest {
        let Sealed { frame, spare } = match self.content {
            Content::Message(message) => sealer.seal(self.signal, message),
            Content::Frame(frame) => Sealed { frame, spare: None },
        };
        let payload = frame.grpc_message();
        let write = match log {
            None => WriteResult::NoDisk,
            Some(log) if !may_evict && !log.has_room(payload.len()) => WriteResult::NoRoom,
            Some(log) => {
                let tag = encode_tag(self.signal, frame.encoding());
                let records = u32::try_from(self.records).unwrap_or(u32::MAX);
                WriteResult::Appended(log.append(tag, records, payload))
            }
        };
        AddedRequest {
            frame,
            spare,
            write,
        }
    }
}
