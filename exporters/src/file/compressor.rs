//! The thread that compresses rotated files, one at a time and the oldest first. It keeps no list:
//! the directory says what is left to do, also after a restart.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::compress::compress;
use super::compression::Compression;
use super::directory::oldest_plain;
use super::names::FileNames;
use super::problems::Outcomes;

/// The handle of the thread, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Compressor {
    wake: SyncSender<()>,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    is_stopped: AtomicBool,
    outcomes: Mutex<Outcomes>,
}

impl Compressor {
    /// Starts the thread, which compresses what is there; `None` without compression.
    pub(super) fn start(
        names: &FileNames,
        compression: Compression,
        outcomes: Outcomes,
    ) -> io::Result<Option<Self>> {
        if compression == Compression::None {
            return Ok(None);
        }
        let (wake, woken) = sync_channel(1);
        let state = Arc::new(State {
            is_stopped: AtomicBool::new(false),
            outcomes: Mutex::new(outcomes),
        });
        let worker = Worker {
            names: names.clone(),
            compression,
            state: Arc::clone(&state),
        };
        thread::Builder::new()
            .name("file-compress".to_owned())
            .spawn(move || worker.run(&woken))?;
        let compressor = Self { wake, state };
        compressor.wake();
        Ok(Some(compressor))
    }

    /// Makes the thread look for files that are not compressed.
    pub(super) fn wake(&self) {
        // A full channel means that it will look anyway.
        let _ = self.wake.try_send(());
    }

    /// Why the last file was not compressed.
    pub(super) fn problem(&self) -> Option<String> {
        self.state.outcomes().problem().map(str::to_owned)
    }
}

impl State {
    fn outcomes(&self) -> MutexGuard<'_, Outcomes> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Compressor {
    fn drop(&mut self) {
        self.state.is_stopped.store(true, Ordering::Relaxed);
    }
}

struct Worker {
    names: FileNames,
    compression: Compression,
    state: Arc<State>,
}

impl Worker {
    fn run(&self, woken: &Receiver<()>) {
        while woken.recv().is_ok() {
            let result = self.compress_all();
            if self.state.is_stopped.load(Ordering::Relaxed) {
                return;
            }
            self.state.outcomes().note(result);
        }
    }

    /// Compresses every file. Goes on after a failure, and returns the last one.
    fn compress_all(&self) -> io::Result<()> {
        let mut last = None;
        let mut result = Ok(());
        while let Some(stamp) = oldest_plain(&self.names, last)? {
            let compressed = compress(&self.names, stamp, self.compression, &self.state.is_stopped);
            if self.state.is_stopped.load(Ordering::Relaxed) {
                return Ok(());
            }
            match compressed {
                // It was removed meanwhile, as the oldest of too many.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => result = Err(error),
                Ok(()) => {}
            }
            last = Some(stamp);
        }
        result
    }
}
