//! Whoever reads the agent's standard output, well or badly.

use std::io::{BufRead, BufReader};
use std::process::ChildStdout;
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

/// How the output is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// Line by line, to the end.
    ToTheEnd,
    /// So many lines, and then no more until somebody says so.
    Pauses(usize),
    /// So many lines, and then the pipe is closed.
    HangsUp(usize),
}

/// A reader at work.
pub(super) struct Reader {
    resume: Sender<()>,
    thread: JoinHandle<Vec<String>>,
}

impl Reader {
    pub(super) fn start(output: ChildStdout, reading: Reading) -> Self {
        let (resume, resumed) = channel();
        let thread = thread::spawn(move || {
            let (mut output, mut lines) = (BufReader::new(output), Vec::new());
            loop {
                match reading {
                    // The other end may be gone, which says so as well.
                    Reading::Pauses(after) if lines.len() == after => drop(resumed.recv()),
                    Reading::HangsUp(after) if lines.len() == after => return lines,
                    _ => {}
                }
                let mut line = String::new();
                let len = output.read_line(&mut line).unwrap();
                // A line without its end was torn with the agent.
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
        // A reader without a pause may have ended.
        let _ = self.resume.send(());
    }

    /// The whole lines that were read, when the agent has ended.
    pub(super) fn lines(self) -> Vec<String> {
        drop(self.resume);
        self.thread.join().unwrap()
    }
}
