//! Splits a recording into gob messages, without decoding them.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use tidegate_receivers::recording_file::{check_path, check_start};
use tidegate_wire::file_type::FileType;
use tidegate_wire::gob::{Header, Reader, Split, split};
use tidegate_wire::payload::DEFAULT_MAX_FRAME;
use tidegate_wire::recording::{self, Start};

use crate::monitor_server::Frames;

/// Bytes that one read of the file takes.
const READ_BYTES: usize = 256 * 1024;

/// The stream of a recording for one client.
#[derive(Debug)]
pub(super) struct Recording {
    path: PathBuf,
    file: File,
    repeat: bool,
    /// `bytes[start..]` was read and not sent.
    bytes: Vec<u8>,
    start: usize,
    /// The position of `bytes[start]` in the file.
    offset: u64,
    frames: u64,
    /// Definitions that were sent. A stream has each only once, even if the recording is a
    /// concatenation of several streams.
    definitions: HashSet<Vec<u8>>,
    /// Whether this pass has sent an event; without one, repeating is pointless.
    has_sent: bool,
    /// Whether the rest is not a sequence of messages.
    is_broken: bool,
}

/// The start of the bytes that were read.
#[derive(Clone, Copy)]
enum Message {
    Definition(usize),
    Event(usize),
    Incomplete,
    Invalid,
}

impl Recording {
    /// Opens a recording; with `repeat`, it starts again at its end.
    pub(super) fn open(path: &Path, repeat: bool) -> io::Result<Self> {
        check_path(path)
            .map_err(|error| recording_error(path, "replay", &io::Error::other(error)))?;
        let file = File::open(path).map_err(|error| recording_error(path, "open", &error))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            repeat,
            bytes: Vec::new(),
            start: 0,
            offset: 0,
            frames: 0,
            definitions: HashSet::new(),
            has_sent: false,
            is_broken: false,
        })
    }

    /// Refuses a file that is no recording, or one of a later format. Reading a pipe would consume
    /// what the client is to receive, so only files are read.
    pub(super) fn check(mut self) -> io::Result<()> {
        if !self.file.metadata()?.is_file() {
            return Ok(());
        }
        self.read()?;
        let found = check_start(&self.bytes, &self.path).map_err(io::Error::other);
        match found.map_err(|error| recording_error(&self.path, "replay", &error))? {
            FileType::Unknown => {
                let error = io::Error::other("it does not begin as a monitor stream does");
                Err(recording_error(&self.path, "replay", &error))
            }
            FileType::Empty => {
                tracing::warn!(file = %self.path.display(), "the recording is empty");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Moves bytes to `out`.
    fn send(&mut self, len: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes[self.start..self.start + len]);
        self.skip(len);
    }

    fn skip(&mut self, len: usize) {
        self.start += len;
        self.offset += len as u64;
    }

    /// Sends a definition that was not sent yet. Headers of recordings are not sent, as the agent
    /// has none.
    fn send_definition(&mut self, len: usize, out: &mut Vec<u8>) -> io::Result<()> {
        let definition = &self.bytes[self.start..self.start + len];
        let start = recording::read_start(definition).map_err(io::Error::other);
        let start = start.map_err(|error| recording_error(&self.path, "read", &error))?;
        if matches!(start, Start::Header { .. }) || self.definitions.contains(definition) {
            self.skip(len);
        } else {
            self.definitions.insert(definition.to_vec());
            self.send(len, out);
        }
        Ok(())
    }

    /// Logs that the recording ends within a frame, if it does.
    fn warn_if_cut(&self) {
        if !self.bytes.is_empty() {
            tracing::warn!(
                file = %self.path.display(),
                byte = self.offset,
                frames = self.frames,
                "the recording ends inside the frame that begins at this byte"
            );
        }
    }

    /// Reads more bytes, from the start again with `repeat`; `false` at the end.
    fn fill(&mut self) -> io::Result<bool> {
        self.bytes.drain(..self.start);
        self.start = 0;
        if self.read()? {
            return Ok(true);
        }
        let again = self.repeat && self.has_sent && self.bytes.is_empty();
        if again {
            self.file
                .rewind()
                .map_err(|error| recording_error(&self.path, "rewind", &error))?;
            self.has_sent = false;
            self.offset = 0;
            self.frames = 0;
        }
        Ok(again)
    }

    fn read(&mut self) -> io::Result<bool> {
        let before = self.bytes.len();
        self.bytes.resize(before + READ_BYTES, 0);
        let n = self
            .file
            .read(&mut self.bytes[before..])
            .map_err(|error| recording_error(&self.path, "read", &error))?;
        self.bytes.truncate(before + n);
        Ok(n > 0)
    }
}

impl Frames for Recording {
    /// In a broken recording, the bytes of each read are a frame.
    fn next_frame(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        loop {
            let left = self.bytes.len() - self.start;
            match first_message(&self.bytes[self.start..]) {
                Message::Event(len) if !self.is_broken => {
                    self.send(len, out);
                    self.has_sent = true;
                    self.frames += 1;
                    return Ok(true);
                }
                Message::Definition(len) if !self.is_broken => self.send_definition(len, out)?,
                Message::Invalid if !self.is_broken => {
                    tracing::warn!(
                        file = %self.path.display(),
                        byte = self.offset,
                        "the recording is not a monitor stream from this byte on; the rest is sent \
                         as it is"
                    );
                    self.is_broken = true;
                }
                _ if self.is_broken && left > 0 => {
                    self.send(left, out);
                    return Ok(true);
                }
                _ => {
                    if !self.fill()? {
                        self.warn_if_cut();
                        self.send(self.bytes.len(), out);
                        return Ok(false);
                    }
                }
            }
        }
    }
}

fn first_message(input: &[u8]) -> Message {
    let (body, used) = match split(input, DEFAULT_MAX_FRAME) {
        Ok(Split::Message { body, used }) => (body, used),
        Ok(Split::Incomplete { .. }) => return Message::Incomplete,
        Err(_) => return Message::Invalid,
    };
    match Header::read(&mut Reader::new(body)) {
        Ok(Header::Definition(_)) => Message::Definition(used),
        Ok(Header::Value(_)) => Message::Event(used),
        Err(_) => Message::Invalid,
    }
}

fn recording_error(path: &Path, what: &str, error: &io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("cannot {what} the recording {}: {error}", path.display()),
    )
}
