//! A thread that writes. Standard output can block for as long as its reader likes, which must hold up
//! neither the other stages nor the end of the process: a runtime waits for its blocking tasks, nobody
//! waits for a thread.

use std::io::{self, ErrorKind, Write};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc;

/// How long to wait for an output that somebody who shares it has made non-blocking.
const RETRY: Duration = Duration::from_millis(2);

/// The near end of the thread, which ends when this is dropped.
pub(super) struct Output {
    work: mpsc::Sender<String>,
    done: mpsc::Receiver<io::Result<String>>,
}

impl Output {
    /// Starts the thread.
    pub(super) fn start(writer: Box<dyn Write + Send>) -> io::Result<Self> {
        let (work, todo) = mpsc::channel(1);
        let (report, done) = mpsc::channel(1);
        thread::Builder::new().name("stdout".to_owned()).spawn(move || work_off(writer, todo, &report))?;
        Ok(Self { work, done })
    }

    /// Writes all of `text`, and gives its memory back, emptied.
    pub(super) async fn write(&mut self, text: String) -> io::Result<String> {
        let gone = || io::Error::other("the thread that writes has ended");
        self.work.send(text).await.map_err(|_| gone())?;
        self.done.recv().await.unwrap_or_else(|| Err(gone()))
    }
}

fn work_off(
    mut writer: Box<dyn Write + Send>,
    mut todo: mpsc::Receiver<String>,
    report: &mpsc::Sender<io::Result<String>>,
) {
    while let Some(mut text) = todo.blocking_recv() {
        let written = write_all(&mut *writer, text.as_bytes());
        text.clear();
        if report.blocking_send(written.map(|()| text)).is_err() {
            return;
        }
    }
}

fn write_all(writer: &mut dyn Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match writer.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => bytes = &bytes[n..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(RETRY),
            Err(error) => return Err(error),
        }
    }
    writer.flush()
}
