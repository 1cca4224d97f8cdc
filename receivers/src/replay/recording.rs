//! Reads a recording block by block, on a thread of its own: standard input and named pipes block for as
//! long as they like, and nobody must have to wait for them when the agent ends.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::thread;

use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};

use crate::frames::READ_BYTES;

/// Blocks that are read ahead.
const AHEAD: usize = 2;

/// Why there are no further blocks.
#[derive(Debug)]
pub(super) enum Failure {
    /// The file does not open.
    Open(io::Error),
    /// It opened, and cannot be read on.
    Read {
        /// Bytes that were read before.
        offset: u64,
        /// What the system says.
        source: io::Error,
    },
}

/// The blocks of a file, which end with the file or with a failure.
#[derive(Debug)]
pub(super) struct Blocks {
    filled: Receiver<Result<Vec<u8>, Failure>>,
    /// Takes back what was played, for the next blocks: no more than were ever under way.
    played: UnboundedSender<Vec<u8>>,
}

impl Blocks {
    /// The next block; `None` behind the last.
    pub(super) async fn next(&mut self) -> Option<Result<Vec<u8>, Failure>> {
        self.filled.recv().await
    }

    /// Gives a block's memory back.
    pub(super) fn recycle(&self, block: Vec<u8>) {
        // Nobody needs it when the file has ended.
        let _ = self.played.send(block);
    }
}

/// Begins to read a file, `-` being standard input.
pub(super) fn read(file: &Path) -> Blocks {
    let ((blocks, filled), (played, empty)) = (channel(AHEAD), unbounded_channel());
    let file = file.to_owned();
    let mut thread = BlockReader { blocks: blocks.clone(), empty };
    let thread = thread::Builder::new().name("replay".to_owned()).spawn(move || thread.read_all(&file));
    if let Err(error) = thread {
        // The channel is empty, so there is room.
        let _ = blocks.try_send(Err(Failure::Open(error)));
    }
    Blocks { filled, played }
}

/// The thread's side.
struct BlockReader {
    blocks: Sender<Result<Vec<u8>, Failure>>,
    empty: UnboundedReceiver<Vec<u8>>,
}

impl BlockReader {
    fn read_all(&mut self, file: &Path) {
        let sent = match open(file) {
            Ok(mut input) => self.pass_on(&mut *input),
            Err(error) => Err(Failure::Open(error)),
        };
        if let Err(failure) = sent {
            let _ = self.blocks.blocking_send(Err(failure));
        }
    }

    /// Sends blocks until the input ends or nobody wants them any more.
    fn pass_on(&mut self, input: &mut dyn Read) -> Result<(), Failure> {
        let mut offset = 0;
        loop {
            let mut block = self.empty.try_recv().unwrap_or_default();
            block.resize(READ_BYTES, 0);
            match input.read(&mut block) {
                Ok(0) => return Ok(()),
                Ok(n) => {
                    offset += n as u64;
                    block.truncate(n);
                    if self.blocks.blocking_send(Ok(block)).is_err() {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => return Err(Failure::Read { offset, source }),
            }
        }
    }
}

fn open(file: &Path) -> io::Result<Box<dyn Read>> {
    if file == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    Ok(Box::new(File::open(file)?))
}
