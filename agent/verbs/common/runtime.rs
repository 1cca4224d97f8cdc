//! The tokio runtimes of the verbs.

use std::io;

use tokio::runtime::{Builder, Runtime};

/// Threads for input and output; data has its own.
const WORKERS: usize = 2;

/// The runtime for input and output.
pub(crate) fn multi_thread() -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
}

/// The runtime of a verb that does one thing at a time.
pub(crate) fn current_thread() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
