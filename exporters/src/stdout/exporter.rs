//! From the inbox to the output: lines are gathered while more records wait, and written when they are
//! many or when none waits. So a pipe gets big writes and a person sees each line at once.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;

use async_trait::async_trait;
use tidegate_core::component::{Cause, Reasons};
use tidegate_core::edge::{Delivery, Inbox};
use tidegate_core::ledger::Ticket;
use tidegate_core::stage::{self, OutputClosed, StageError};

use super::Lines;
use super::output::Output;

/// Bytes of lines that are enough for one write.
const WRITE_BYTES: usize = 64 << 10;
/// Memory for lines that is kept from one write to the next.
const KEEP_BYTES: usize = 256 << 10;

/// The reader of the output has gone.
const OUTPUT_CLOSED: &str = "output_closed";
/// The output could not be written to.
const WRITE_FAILED: &str = "write_failed";

/// Why lines are dropped.
pub(super) const REASONS: &[Reasons] =
    &[Reasons { cause: Cause::Unwanted, names: &[OUTPUT_CLOSED] }, Reasons::load(&[WRITE_FAILED])];

/// Why lines could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to {place}")]
pub struct WriteError {
    place: String,
    source: io::Error,
}

/// Writes lines.
pub struct Exporter {
    lines: Lines,
    /// `None` for standard output, which is not touched before the exporter runs.
    writer: Option<Box<dyn Write + Send>>,
}

impl Exporter {
    /// Writes to standard output.
    #[must_use]
    pub fn to_stdout(lines: Lines) -> Self {
        Self { lines, writer: None }
    }

    /// Writes to `writer`.
    #[must_use]
    pub fn to(writer: impl Write + Send + 'static, lines: Lines) -> Self {
        Self { lines, writer: Some(Box::new(writer)) }
    }
}

#[async_trait]
impl stage::Exporter for Exporter {
    async fn run(self: Box<Self>, mut inbox: Inbox) -> Result<(), StageError> {
        let (writer, place) = match self.writer {
            Some(writer) => (writer, "the output".to_owned()),
            None => (standard_output()?, standard_output_place()),
        };
        let mut page = Page { lines: self.lines, place, text: String::new(), tickets: Vec::new() };
        let mut output = Output::start(writer).map_err(|source| page.write_error(source))?;
        while let Some(delivery) = inbox.recv().await {
            page.add(delivery);
            while page.text.len() < WRITE_BYTES
                && let Some(delivery) = waiting(&mut inbox).await
            {
                page.add(delivery);
            }
            page.write(&mut output).await?;
        }
        Ok(())
    }
}

/// The next delivery if one is there already.
async fn waiting(inbox: &mut Inbox) -> Option<Delivery> {
    tokio::select! {
        biased;
        delivery = inbox.recv() => delivery,
        () = std::future::ready(()) => None,
    }
}

/// Lines that are not written yet, with the tickets of their records.
struct Page {
    lines: Lines,
    place: String,
    text: String,
    tickets: Vec<Ticket>,
}

impl Page {
    fn add(&mut self, delivery: Delivery) {
        delivery.records().for_each(|record| self.lines.push(&mut self.text, record));
        let (_, ticket) = delivery.into_parts();
        self.tickets.push(ticket);
    }

    /// Writes the page. If that fails, all its records count as lost, since nobody can tell which of its
    /// lines came through.
    async fn write(&mut self, output: &mut Output) -> Result<(), StageError> {
        // If the stage is ended by force meanwhile, the thread has written some of it, or will.
        self.tickets.iter_mut().for_each(|ticket| ticket.set_at_peer(true));
        match output.write(std::mem::take(&mut self.text)).await {
            Ok(memory) => {
                self.text = memory;
                self.text.shrink_to(KEEP_BYTES);
                self.tickets.drain(..).for_each(Ticket::absorb_all);
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.drop_all(OUTPUT_CLOSED);
                Err(OutputClosed.into())
            }
            Err(source) => {
                self.drop_all(WRITE_FAILED);
                Err(self.write_error(source).into())
            }
        }
    }

    fn drop_all(&mut self, reason: &'static str) {
        self.tickets.drain(..).for_each(|ticket| ticket.drop_all(reason));
    }

    fn write_error(&self, source: io::Error) -> WriteError {
        WriteError { place: self.place.clone(), source }
    }
}

/// Standard output without the line buffer of the standard library.
fn standard_output() -> Result<Box<dyn Write + Send>, WriteError> {
    match io::stdout().as_fd().try_clone_to_owned() {
        Ok(fd) => Ok(Box::new(File::from(fd))),
        Err(source) => Err(WriteError { place: standard_output_place(), source }),
    }
}

/// Standard output, with the file or pipe that it is.
fn standard_output_place() -> String {
    match fs::read_link("/proc/self/fd/1") {
        Ok(file) => format!("standard output ({})", file.display()),
        Err(_) => "standard output".to_owned(),
    }
}
