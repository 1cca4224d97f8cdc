//! A fake Cilium agent that serves the streams of a scenario, one for each connection.

use std::io::Write;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::numbered_frames::FrameWriter;
use super::scenario::{Stream, StreamFault};

/// A running server.
pub(super) struct MonitorServer {
    socket: PathBuf,
    is_stopped: Arc<AtomicBool>,
    thread: JoinHandle<()>,
    /// The bytes of all streams.
    pub(super) bytes: u64,
}

impl MonitorServer {
    /// Listens, and sends the streams in turn to the clients that connect. Frames are numbered
    /// from 1 across all streams.
    pub(super) fn start(socket: &Path, streams: &[Stream]) -> Self {
        let listener = UnixListener::bind(socket).unwrap();
        let is_stopped = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&is_stopped);
        let streams = encode_all(streams);
        let bytes = streams.iter().map(|stream| stream.len() as u64).sum();
        let thread = thread::spawn(move || {
            for bytes in streams {
                let (mut client, _) = listener.accept().unwrap();
                if stopped.load(Ordering::Acquire) {
                    return;
                }
                // Fails if the agent stops during the stream.
                let _ = client.write_all(&bytes);
            }
        });
        Self {
            socket: socket.to_owned(),
            is_stopped,
            thread,
            bytes,
        }
    }

    /// Whether everything was read or is in the socket's buffer.
    pub(super) fn is_done(&self) -> bool {
        self.thread.is_finished()
    }

    /// Ends the server after the agent has exited.
    pub(super) fn stop(self) {
        self.is_stopped.store(true, Ordering::Release);
        // Refused if the server has ended already.
        let _ = UnixStream::connect(&self.socket);
        self.thread.join().unwrap();
    }
}

fn encode_all(streams: &[Stream]) -> Vec<Vec<u8>> {
    let mut numbers = 1..;
    streams
        .iter()
        .map(|stream| encode(stream, &mut numbers))
        .collect()
}

fn encode(stream: &Stream, numbers: &mut impl Iterator<Item = u64>) -> Vec<u8> {
    let mut writer = FrameWriter::default();
    for at in 0..stream.frames {
        writer.numbered(numbers.next().unwrap());
        if at < stream.malformed {
            writer.malformed_frame();
        }
    }
    match stream.fault {
        None => {}
        Some(StreamFault::TruncatedFrame) => writer.truncated_frame(),
        Some(StreamFault::Garbage) => writer.garbage(),
    }
    writer.bytes
}
