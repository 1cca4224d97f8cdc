//! What the Cilium agent writes, and a stand-in for it behind a unix socket.

use std::io::Write;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use tidegate_simulate::{Options, Stream};

/// So many simulated frames, as they come out of the monitor socket.
pub(crate) fn recording(frames: u64) -> Vec<u8> {
    let mut stream = Stream::new(Options {
        lost_every: 100,
        ..Options::default()
    });
    let mut bytes = Vec::new();
    (0..frames).for_each(|_| stream.next_frame(&mut bytes));
    bytes
}

/// The Cilium agent, as far as a monitor client sees it.
pub(crate) struct Cilium {
    listener: UnixListener,
}

impl Cilium {
    /// Listens on a path.
    pub(crate) fn listen(path: &Path) -> Self {
        Self {
            listener: UnixListener::bind(path).unwrap(),
        }
    }

    /// Waits for a client and sends it a stream of its own.
    pub(crate) fn send(&self, frames: u64) -> UnixStream {
        self.write(&recording(frames))
    }

    /// Waits for a client and sends it these bytes.
    pub(crate) fn write(&self, bytes: &[u8]) -> UnixStream {
        let (mut client, _) = self.listener.accept().unwrap();
        client.write_all(bytes).unwrap();
        client
    }
}
