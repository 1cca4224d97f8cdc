//! A fake Cilium agent that follows a script.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread::JoinHandle;

use tempfile::TempDir;

/// Serves a socket in a temporary directory.
pub(crate) struct FakeAgent {
    directory: TempDir,
    listener: Option<UnixListener>,
}

impl FakeAgent {
    /// An agent that is listening.
    pub(crate) fn new() -> Self {
        let mut agent = Self::not_listening();
        agent.listen();
        agent
    }

    /// An agent without a socket, until [`Self::listen`].
    pub(crate) fn not_listening() -> Self {
        Self {
            directory: tempfile::tempdir().expect("a directory"),
            listener: None,
        }
    }

    /// Creates the socket and begins to listen.
    pub(crate) fn listen(&mut self) {
        let _ = std::fs::remove_file(self.socket());
        self.listener = Some(UnixListener::bind(self.socket()).expect("a socket"));
    }

    /// Stops listening, but leaves the socket file behind, like an agent that was killed.
    pub(crate) fn stop_listening(&mut self) {
        self.listener = None;
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("monitor1_2.sock")
    }

    /// The receiver's configuration, with additional keys.
    pub(crate) fn table(&self, keys: &str) -> String {
        let socket = self.socket();
        format!(
            "{{ socket = '{}', reconnect = {{ initial = '1ms', max = '20ms' }}, {keys} }}",
            socket.display()
        )
    }

    /// Serves connections one after the other: writes the chunks of each, then closes it.
    pub(crate) fn serve(&self, connections: Vec<Vec<Vec<u8>>>) -> JoinHandle<()> {
        let listener = self
            .listener
            .as_ref()
            .expect("listening")
            .try_clone()
            .expect("a descriptor");
        std::thread::spawn(move || {
            for chunks in connections {
                let (stream, _) = listener.accept().expect("a connection");
                write_all(&stream, &chunks);
            }
        })
    }

    /// Accepts one connection, writes the chunks, and returns the connection without closing it.
    pub(crate) fn accept(&self, chunks: Vec<Vec<u8>>) -> JoinHandle<UnixStream> {
        let listener = self
            .listener
            .as_ref()
            .expect("listening")
            .try_clone()
            .expect("a descriptor");
        std::thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a connection");
            write_all(&stream, &chunks);
            stream
        })
    }
}

/// The receiver may disconnect at any point.
fn write_all(mut stream: &UnixStream, chunks: &[Vec<u8>]) {
    for chunk in chunks {
        if stream.write_all(chunk).is_err() {
            return;
        }
    }
}

/// Waits until the receiver disconnects.
pub(crate) fn wait_for_close(mut stream: UnixStream) {
    let n = stream.read(&mut [0]).expect("the end of the stream");
    assert_eq!(n, 0, "a client of the monitor socket never writes");
}
