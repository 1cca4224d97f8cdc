//! Reads the agent's standard output, with pauses or up to a limit.

use std::io::{BufRead, BufReader};
use std::process::ChildStdout;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

/// How the output is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadMode {
    /// Line by line, to the end.
    ToEnd,
    /// This number of lines, then the rest after [`OutputReader::resume`].
    PauseAfter(usize),
    /// This number of lines, then the pipe is closed.
    CloseAfter(usize),
}

/// A thread that reads.
pub(super) struct OutputReader {
    resume: Sender<()>,
    thread: JoinHandle<Vec<String>>,
}

impl OutputReader {
    pub(super) fn start(output: ChildStdout, mode: ReadMode) -> Self {
        let (resume, resumed) = channel();
        let thread = thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut lines = Vec::new();
            loop {
                match mode {
                    // A dropped sender ends the pause as well.
                    ReadMode::PauseAfter(count) if lines.len() == count => drop(resumed.recv()),
                    ReadMode::CloseAfter(count) if lines.len() == count => return lines,
                    _ => {}
                }
                let mut line = String::new();
                let len = output.read_line(&mut line).unwrap();
                // The agent exited while it wrote an unterminated line.
                if len == 0 || !line.ends_with('\n') {
                    return lines;
                }
                lines.push(line);
            }
        });
        Self { resume, thread }
    }

    /// Ends the pause.
    pub(super) fn resume(&self) {
        // Fails if the thread has ended.
        let _ = self.resume.send(());
    }

    /// The complete lines that were read. Call it after the agent has exited.
    pub(super) fn lines(self) -> Vec<String> {
        drop(self.resume);
        self.thread.join().unwrap()
    }
}
