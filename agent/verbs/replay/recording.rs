//! Cuts a recording into gob messages, without looking at what they say.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use tidegate_wire::gob::{Header, Reader, Split, split};
use tidegate_wire::payload::DEFAULT_MAX_FRAME;

use crate::monitor_server::Frames;

/// Bytes that one read of the file takes.
const READ_BYTES: usize = 256 * 1024;

/// A recording on its way to one client.
#[derive(Debug)]
pub(super) struct Recording {
    path: PathBuf,
    file: File,
    repeat: bool,
    /// `bytes[start..]` was read and not played.
    bytes: Vec<u8>,
    start: usize,
    /// Definitions that were played: a stream has each only once, however many streams it was made
    /// from.
    definitions: HashSet<Vec<u8>>,
    /// Whether this pass has played an event, without which another one would play none either.
    played: bool,
    /// There are no messages to be found any more.
    broken: bool,
}

/// What the bytes that were read begin with.
#[derive(Clone, Copy)]
enum Found {
    Definition(usize),
    Event(usize),
    Incomplete,
    Nothing,
}

impl Recording {
    /// Opens a recording, which begins anew at its end if it is to `repeat`.
    pub(super) fn open(path: &Path, repeat: bool) -> io::Result<Self> {
        let file = File::open(path).map_err(|error| explain(path, "open", &error))?;
        Ok(Self {
            path: path.to_owned(),
            file,
            repeat,
            bytes: Vec::new(),
            start: 0,
            definitions: HashSet::new(),
            played: false,
            broken: false,
        })
    }

    /// Moves bytes to `out`.
    fn play(&mut self, len: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes[self.start..self.start + len]);
        self.start += len;
    }

    fn play_definition(&mut self, len: usize, out: &mut Vec<u8>) {
        let definition = &self.bytes[self.start..self.start + len];
        if self.definitions.contains(definition) {
            self.start += len;
        } else {
            self.definitions.insert(definition.to_vec());
            self.play(len, out);
        }
    }

    /// Reads on, at the end from the beginning if that is wanted; false if there is nothing more.
    fn fill(&mut self) -> io::Result<bool> {
        self.bytes.drain(..self.start);
        self.start = 0;
        if self.read()? {
            return Ok(true);
        }
        let again = self.repeat && self.played && self.bytes.is_empty();
        if again {
            self.file
                .rewind()
                .map_err(|error| explain(&self.path, "rewind", &error))?;
            self.played = false;
        }
        Ok(again)
    }

    fn read(&mut self) -> io::Result<bool> {
        let before = self.bytes.len();
        self.bytes.resize(before + READ_BYTES, 0);
        let n = self
            .file
            .read(&mut self.bytes[before..])
            .map_err(|error| explain(&self.path, "read", &error))?;
        self.bytes.truncate(before + n);
        Ok(n > 0)
    }
}

impl Frames for Recording {
    /// Bytes that are no message are a frame each time that they are read, or come with the end.
    fn next_frame(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        loop {
            let left = self.bytes.len() - self.start;
            match find(&self.bytes[self.start..]) {
                Found::Event(len) if !self.broken => {
                    self.play(len, out);
                    self.played = true;
                    return Ok(true);
                }
                Found::Definition(len) if !self.broken => self.play_definition(len, out),
                Found::Nothing if !self.broken => {
                    tracing::warn!(file = %self.path.display(), "the recording is broken; the rest is played as it is");
                    self.broken = true;
                }
                _ if self.broken && left > 0 => {
                    self.play(left, out);
                    return Ok(true);
                }
                _ => {
                    if !self.fill()? {
                        self.play(self.bytes.len(), out);
                        return Ok(false);
                    }
                }
            }
        }
    }
}

fn find(input: &[u8]) -> Found {
    let (body, used) = match split(input, DEFAULT_MAX_FRAME) {
        Ok(Split::Message { body, used }) => (body, used),
        Ok(Split::Incomplete { .. }) => return Found::Incomplete,
        Err(_) => return Found::Nothing,
    };
    match Header::read(&mut Reader::new(body)) {
        Ok(Header::Definition(_)) => Found::Definition(used),
        Ok(Header::Value(_)) => Found::Event(used),
        Err(_) => Found::Nothing,
    }
}

fn explain(path: &Path, what: &str, error: &io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("cannot {what} the recording {}: {error}", path.display()),
    )
}
