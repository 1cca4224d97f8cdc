//! The exporter. A pipe gets large writes, and a person sees each line at once.
//!
//! A failing or blocked output affects only this exporter. It does not read its inbox in the
//! meantime, so the inbox fills and its `when_full` applies. If the reader closes the output, the
//! exporter ends without a failure. After any other error, such as a full disk, it retries from the
//! end of the last whole line until `give_up_after`. It waits for a blocked output without limit.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::sync::Arc;

use async_trait::async_trait;
use tidegate_runtime::edge::Inbox;
use tidegate_runtime::health::Health;
use tidegate_runtime::stage::{self, OutputClosed, StageError};
use tidegate_runtime::telemetry::Counter;
use tokio::sync::Notify;

use super::failure::{OUTPUT_CLOSED, WRITE_FAILED, WriteError};
use super::sink::{FileSink, WriterSink};
use crate::lines::{LineFormatter, LineSink, LineWriter, Output, WriteTimeouts};

/// Writes lines.
pub struct Exporter {
    formatter: LineFormatter,
    /// `None` for standard output, which is opened when the exporter runs.
    sink: Option<Box<dyn LineSink>>,
    health: Health,
    timeouts: WriteTimeouts,
    /// Counts bytes that were written.
    bytes: Counter,
}

impl Exporter {
    /// Writes to standard output.
    #[must_use]
    pub fn to_stdout(formatter: LineFormatter) -> Self {
        Self {
            formatter,
            sink: None,
            health: Health::default(),
            timeouts: WriteTimeouts::default(),
            bytes: Counter::default(),
        }
    }

    /// Writes to `writer`.
    #[must_use]
    pub fn to_writer(writer: impl Write + Send + 'static, formatter: LineFormatter) -> Self {
        Self {
            sink: Some(Box::new(WriterSink(writer))),
            ..Self::to_stdout(formatter)
        }
    }

    /// Writes to an open file, pipe or device in the way it writes to standard output.
    ///
    /// # Errors
    ///
    /// If the type of the file cannot be determined.
    pub fn to_file(file: File, formatter: LineFormatter) -> io::Result<Self> {
        Ok(Self {
            sink: Some(Box::new(FileSink::new(file)?)),
            ..Self::to_stdout(formatter)
        })
    }

    /// Sets the health to report to, and the timeouts.
    #[must_use]
    pub fn with(self, health: Health, timeouts: WriteTimeouts) -> Self {
        Self {
            health,
            timeouts,
            ..self
        }
    }

    /// Sets the counter of the bytes that were written.
    #[must_use]
    pub fn counting(self, bytes: Counter) -> Self {
        Self { bytes, ..self }
    }
}

#[async_trait]
impl stage::Exporter for Exporter {
    async fn run(self: Box<Self>, mut inbox: Inbox) -> Result<(), StageError> {
        let (sink, name) = match self.sink {
            Some(sink) => (sink, "the output".to_owned()),
            None => (open_stdout()?, stdout_name()),
        };
        let output = Output {
            sink,
            name: name.clone(),
            stalled: "nothing was read from it",
            thread: "stdout",
            wake: Arc::new(Notify::new()),
            bytes: self.bytes,
        };
        let mut writer = LineWriter::start(output, self.formatter, self.health, self.timeouts)
            .map_err(|source| WriteError {
                output: name,
                source,
            })?;
        while let Some(delivery) = inbox.recv().await {
            writer.collect(delivery, &mut inbox).await;
            if let Err(source) = writer.write().await {
                return Err(end(writer, source).await);
            }
        }
        Ok(())
    }
}

/// Gives the records that cannot be written their outcome. Returns the error of the exporter.
async fn end(mut writer: LineWriter, source: io::Error) -> StageError {
    if source.kind() == ErrorKind::BrokenPipe {
        writer.settle(OUTPUT_CLOSED);
        return OutputClosed.into();
    }
    if writer.settle(WRITE_FAILED) {
        writer.end_line().await;
    }
    let output = writer.name().to_owned();
    WriteError { output, source }.into()
}

/// Opens standard output without the line buffer of the standard library.
fn open_stdout() -> Result<Box<dyn LineSink>, WriteError> {
    let open = || FileSink::new(File::from(io::stdout().as_fd().try_clone_to_owned()?));
    match open() {
        Ok(sink) => Ok(Box::new(sink)),
        Err(source) => Err(WriteError {
            output: stdout_name(),
            source,
        }),
    }
}

/// Returns the name of standard output, with the file or pipe that it is.
fn stdout_name() -> String {
    match fs::read_link("/proc/self/fd/1") {
        Ok(file) => format!("standard output ({})", file.display()),
        Err(_) => "standard output".to_owned(),
    }
}
