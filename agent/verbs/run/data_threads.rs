//! The threads that records pass through, from receivers to the ends of the pipelines. Each has a
//! tokio runtime of its own.

use std::io;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// The data threads. Dropping this ends them, without waiting for a blocked one.
pub(super) struct DataThreads {
    handles: Vec<Handle>,
    _shutdown: Vec<oneshot::Sender<()>>,
}

impl DataThreads {
    /// Starts a thread for each pipeline, but no more than there are processors.
    pub(super) fn start(pipelines: usize) -> io::Result<Self> {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let threads = (0..pipelines.clamp(1, processors))
            .map(start_thread)
            .collect::<io::Result<Vec<_>>>()?;
        let (handles, _shutdown) = threads.into_iter().unzip();
        Ok(Self { handles, _shutdown })
    }

    /// The runtimes of the threads.
    pub(super) fn handles(&self) -> Vec<Handle> {
        self.handles.clone()
    }
}

fn start_thread(number: usize) -> io::Result<(Handle, oneshot::Sender<()>)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let (sender, shutdown) = oneshot::channel();
    thread::Builder::new()
        .name(format!("data-{number}"))
        .spawn(move || {
            // The sender is dropped without a message.
            let _ = runtime.block_on(shutdown);
        })?;
    Ok((handle, sender))
}
