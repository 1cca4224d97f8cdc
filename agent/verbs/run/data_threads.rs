//! The threads that data passes through, from receivers to the ends of pipelines. Each has a
//! runtime of its own.

use std::io;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// They end when this is dropped; one that is stuck is not waited for.
pub(super) struct DataThreads {
    handles: Vec<Handle>,
    _ends: Vec<oneshot::Sender<()>>,
}

impl DataThreads {
    /// One for each pipeline, but no more than there are processors.
    pub(super) fn start(pipelines: usize) -> io::Result<Self> {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let threads = (0..pipelines.clamp(1, processors))
            .map(data_thread)
            .collect::<io::Result<Vec<_>>>()?;
        let (handles, _ends) = threads.into_iter().unzip();
        Ok(Self { handles, _ends })
    }

    pub(super) fn handles(&self) -> Vec<Handle> {
        self.handles.clone()
    }
}

fn data_thread(number: usize) -> io::Result<(Handle, oneshot::Sender<()>)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let (end, ended) = oneshot::channel();
    thread::Builder::new()
        .name(format!("data-{number}"))
        .spawn(move || {
            // An error is the sender's end, too.
            let _ = runtime.block_on(ended);
        })?;
    Ok((handle, end))
}
