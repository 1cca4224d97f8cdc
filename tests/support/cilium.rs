//! Simulated monitor streams, and a fake Cilium agent that serves them on a unix socket.

use std::io::Write;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use tidegate_simulate::{Options, Stream};

/// A monitor stream of simulated frames.
pub(crate) fn simulated_frames(frames: u64) -> Vec<u8> {
    let mut stream = Stream::new(Options {
        lost_every: 100,
        ..Options::default()
    });
    let mut bytes = Vec::new();
    (0..frames).for_each(|_| stream.next_frame(&mut bytes));
    bytes
}

/// A listener on the monitor socket.
pub(crate) struct FakeCilium {
    listener: UnixListener,
}

impl FakeCilium {
    /// Listens on a path.
    pub(crate) fn listen(path: &Path) -> Self {
        Self {
            listener: UnixListener::bind(path).unwrap(),
        }
    }

    /// Accepts a client and sends it a new stream of simulated frames.
    pub(crate) fn send(&self, frames: u64) -> UnixStream {
        self.write(&simulated_frames(frames))
    }

    /// Accepts a client.
    pub(crate) fn accept(&self) -> UnixStream {
        self.listener.accept().unwrap().0
    }

    /// Accepts a client and sends it these bytes.
    pub(crate) fn write(&self, bytes: &[u8]) -> UnixStream {
        let mut client = self.accept();
        client.write_all(bytes).unwrap();
        client
    }
}
