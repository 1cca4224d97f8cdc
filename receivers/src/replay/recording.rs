//! Reads a recording block by block, on a thread of its own: standard input and named pipes block for as
//! long as they like, and nobody must have to wait for them when the agent ends.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::thread;

use tokio::sync::mpsc::{Receiver, Sender, channel};

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

/// The blocks of a file, `-` being standard input. They end with the file, or with a failure.
pub(super) fn read(file: &Path) -> Receiver<Result<Vec<u8>, Failure>> {
    let (blocks, receiver) = channel(AHEAD);
    let file = file.to_owned();
    let on_thread = blocks.clone();
    let thread = thread::Builder::new().name("replay".to_owned()).spawn(move || read_all(&file, &on_thread));
    if let Err(error) = thread {
        // The channel is empty, so there is room.
        let _ = blocks.try_send(Err(Failure::Open(error)));
    }
    receiver
}

fn read_all(file: &Path, blocks: &Sender<Result<Vec<u8>, Failure>>) {
    let sent = match open(file) {
        Ok(mut input) => pass_on(&mut *input, blocks),
        Err(error) => Err(Failure::Open(error)),
    };
    if let Err(failure) = sent {
        let _ = blocks.blocking_send(Err(failure));
    }
}

fn open(file: &Path) -> io::Result<Box<dyn Read>> {
    if file == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    Ok(Box::new(File::open(file)?))
}

/// Sends blocks until the input ends or nobody wants them any more.
fn pass_on(input: &mut dyn Read, blocks: &Sender<Result<Vec<u8>, Failure>>) -> Result<(), Failure> {
    let mut offset = 0;
    loop {
        let mut block = vec![0; READ_BYTES];
        match input.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(n) => {
                offset += n as u64;
                block.truncate(n);
                if blocks.blocking_send(Ok(block)).is_err() {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(source) => return Err(Failure::Read { offset, source }),
        }
    }
}
