//! A stand-in for the Cilium agent that plays what a scenario says, connection by connection.

use std::io::Write;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::frames::Writer;
use super::scenario::{Hiccup, Stream};

/// A stand-in at work.
pub(super) struct Peer {
    socket: PathBuf,
    over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
    /// Bytes in all streams.
    pub(super) bytes: u64,
}

impl Peer {
    /// Listens, and plays each stream to whoever connects. The frames are numbered from 1 on, over
    /// all streams.
    pub(super) fn play(socket: &Path, streams: &[Stream]) -> Self {
        let listener = UnixListener::bind(socket).unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let (seen, streams) = (Arc::clone(&over), written(streams));
        let bytes = streams.iter().map(|stream| stream.len() as u64).sum();
        let thread = thread::spawn(move || {
            for bytes in streams {
                let (mut client, _) = listener.accept().unwrap();
                if seen.load(Ordering::Acquire) {
                    return;
                }
                // The agent may stop in the middle of it.
                let _ = client.write_all(&bytes);
            }
        });
        Self {
            socket: socket.to_owned(),
            over,
            thread,
            bytes,
        }
    }

    /// Whether everything is in the agent's socket, or was read.
    pub(super) fn is_done(&self) -> bool {
        self.thread.is_finished()
    }

    /// The agent has gone and will not connect again.
    pub(super) fn dismiss(self) {
        self.over.store(true, Ordering::Release);
        // Refused if it has ended already.
        let _ = UnixStream::connect(&self.socket);
        self.thread.join().unwrap();
    }
}

fn written(streams: &[Stream]) -> Vec<Vec<u8>> {
    let mut numbers = 1..;
    streams
        .iter()
        .map(|stream| bytes(stream, &mut numbers))
        .collect()
}

fn bytes(stream: &Stream, numbers: &mut impl Iterator<Item = u64>) -> Vec<u8> {
    let mut writer = Writer::default();
    for at in 0..stream.frames {
        writer.numbered(numbers.next().unwrap());
        if at < stream.broken {
            writer.broken_frame();
        }
    }
    match stream.end {
        None => {}
        Some(Hiccup::CutFrame) => writer.cut_frame(),
        Some(Hiccup::Garbage) => writer.garbage(),
    }
    writer.bytes
}
