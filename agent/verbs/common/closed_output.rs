//! Notices that the reader of standard output has closed it while nothing is written.

use std::io;
use std::os::fd::AsFd;
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::sync::oneshot;

/// Completes when the reader of standard output, a pipe or a socket, has closed it; never for a file.
/// A thread waits, which ends with the process.
pub(crate) async fn output_closed() {
    let (closed, is_closed) = oneshot::channel();
    let watch = move || {
        if wait_until_closed().is_ok() {
            // Fails once nobody waits for it.
            let _ = closed.send(());
        }
    };
    let started = thread::Builder::new()
        .name("stdout-closed".to_owned())
        .spawn(watch);
    if started.is_err() || is_closed.await.is_err() {
        std::future::pending().await
    }
}

/// Waits for an error or a hang-up of standard output, which are reported without being asked for.
fn wait_until_closed() -> Result<(), Errno> {
    let output = io::stdout();
    let mut watched = [PollFd::from_borrowed_fd(output.as_fd(), PollFlags::empty())];
    loop {
        match poll(&mut watched, None) {
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
            Ok(_) => return Ok(()),
        }
    }
}
