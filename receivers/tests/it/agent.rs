//! A stand-in for the Cilium agent that follows a script.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::thread::JoinHandle;

use tempfile::TempDir;

/// A directory with a socket in it.
pub(crate) struct Agent {
    directory: TempDir,
    listener: Option<UnixListener>,
}

impl Agent {
    /// Listens.
    pub(crate) fn new() -> Self {
        let mut agent = Self::absent();
        agent.appear();
        agent
    }

    /// Does not listen yet: there is no socket.
    pub(crate) fn absent() -> Self {
        Self {
            directory: tempfile::tempdir().expect("a directory"),
            listener: None,
        }
    }

    /// Begins to listen.
    pub(crate) fn appear(&mut self) {
        let _ = std::fs::remove_file(self.socket());
        self.listener = Some(UnixListener::bind(self.socket()).expect("a socket"));
    }

    /// Stops listening and leaves the socket's file behind, as a killed agent does.
    pub(crate) fn vanish(&mut self) {
        self.listener = None;
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("monitor1_2.sock")
    }

    /// The receiver's table, with further keys.
    pub(crate) fn table(&self, keys: &str) -> String {
        let socket = self.socket();
        format!(
            "{{ socket = '{}', reconnect = {{ initial = '1ms', max = '20ms' }}, {keys} }}",
            socket.display()
        )
    }

    /// Serves one connection after the other: writes each one's chunks, then closes it.
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

    /// Accepts one connection, writes the chunks, and gives the connection back open.
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

/// A reader that hangs up in the middle is no failure of the agent.
fn write_all(mut stream: &UnixStream, chunks: &[Vec<u8>]) {
    for chunk in chunks {
        if stream.write_all(chunk).is_err() {
            return;
        }
    }
}

/// Waits until the other side is gone.
pub(crate) fn wait_for_close(mut stream: UnixStream) {
    let n = stream.read(&mut [0]).expect("an end");
    assert_eq!(n, 0, "a client of the monitor socket never writes");
}
