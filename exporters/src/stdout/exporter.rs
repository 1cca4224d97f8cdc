//! From the inbox to the output: lines are gathered while more records wait, and written when they
//! are many or when none waits. So a pipe gets big writes and a person sees each line at once.
//!
//! An output that fails or blocks is this exporter's failure alone. It does not read its inbox
//! meanwhile, which fills, and whose rule then applies. The reader's end is the end of the
//! exporter, and no failure. Any other error (a full disk) is tried again until `give_up_after`,
//! from the last whole line on. A blocked output is waited for.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use async_trait::async_trait;
use tidegate_runtime::component::{Cause, Reasons};
use tidegate_runtime::edge::{Delivery, Inbox};
use tidegate_runtime::health::Health;
use tidegate_runtime::ledger::Ticket;
use tidegate_runtime::stage;
use tidegate_runtime::stage::{OutputClosed, StageError};
use tokio::time::{Instant, sleep, timeout};

use super::Lines;
use super::output::{Output, Page};
use super::patience::{Movement, Pace, Patience};
use super::sink::{FileSink, Plain, Sink};

/// Bytes of lines that are enough for one write.
const WRITE_BYTES: usize = 64 << 10;
/// Memory for lines that is kept from one write to the next.
const KEEP_BYTES: usize = 256 << 10;

/// The reader of the output has gone.
const OUTPUT_CLOSED: &str = "output_closed";
/// The output could not be written to.
const WRITE_FAILED: &str = "write_failed";

/// How often in the time of a stall to look whether it is one.
const LOOKS: u32 = 5;

/// How long half a line may take to be ended when the output is given up.
const LAST_NEWLINE: Duration = Duration::from_secs(1);

/// Why lines are dropped.
pub(super) const REASONS: &[Reasons] = &[
    Reasons {
        cause: Cause::Unwanted,
        names: &[OUTPUT_CLOSED],
    },
    Reasons::load(&[WRITE_FAILED]),
];

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
    sink: Option<Box<dyn Sink>>,
    health: Health,
    pace: Pace,
}

impl Exporter {
    /// Writes to standard output.
    #[must_use]
    pub fn to_stdout(lines: Lines) -> Self {
        Self {
            lines,
            sink: None,
            health: Health::default(),
            pace: Pace::default(),
        }
    }

    /// Writes to `writer`.
    #[must_use]
    pub fn to(writer: impl Write + Send + 'static, lines: Lines) -> Self {
        Self {
            sink: Some(Box::new(Plain(writer))),
            ..Self::to_stdout(lines)
        }
    }

    /// Writes to an open file, pipe or device, as it writes to standard output.
    ///
    /// # Errors
    ///
    /// If the kernel does not say what it is.
    pub fn to_file(file: File, lines: Lines) -> io::Result<Self> {
        Ok(Self {
            sink: Some(Box::new(FileSink::new(file)?)),
            ..Self::to_stdout(lines)
        })
    }

    /// Reports to this health, and is as patient as `pace` says.
    #[must_use]
    pub fn with(self, health: Health, pace: Pace) -> Self {
        Self {
            health,
            pace,
            ..self
        }
    }
}

#[async_trait]
impl stage::Exporter for Exporter {
    async fn run(self: Box<Self>, mut inbox: Inbox) -> Result<(), StageError> {
        let (sink, place) = match self.sink {
            Some(sink) => (sink, "the output".to_owned()),
            None => (standard_output()?, standard_output_place()),
        };
        let output = Output::start(sink).map_err(|source| WriteError {
            place: place.clone(),
            source,
        })?;
        let mut run = Run {
            lines: self.lines,
            place,
            page: Page::default(),
            tickets: Vec::new(),
            patience: Patience::new(self.pace),
            stall: self.pace.stall,
            health: self.health,
            is_degraded: false,
            output,
        };
        while let Some(delivery) = inbox.recv().await {
            run.add(delivery);
            while run.page.text.len() < WRITE_BYTES
                && let Some(delivery) = waiting(&mut inbox).await
            {
                run.add(delivery);
            }
            run.write().await?;
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

/// A running exporter.
struct Run {
    lines: Lines,
    place: String,
    /// Lines that are not written yet, but while the output has them.
    page: Page,
    /// The tickets of the page's records. A line is a record.
    tickets: Vec<Ticket>,
    patience: Patience,
    stall: Duration,
    health: Health,
    is_degraded: bool,
    output: Output,
}

impl Run {
    fn add(&mut self, delivery: Delivery) {
        delivery
            .records()
            .for_each(|record| self.lines.push(&mut self.page.text, record));
        let (_, ticket) = delivery.into_parts();
        self.tickets.push(ticket);
    }

    /// Writes the page, however often that takes.
    async fn write(&mut self) -> Result<(), StageError> {
        loop {
            let before = self.page.written;
            let result = self.attempt().await;
            if result.is_ok() || self.page.written > before {
                self.patience.progress();
            }
            let error = match result {
                Ok(()) => {
                    self.tickets.drain(..).for_each(Ticket::absorb_all);
                    self.output.finished();
                    self.page.text.clear();
                    self.page.text.shrink_to(KEEP_BYTES);
                    self.page.written = 0;
                    self.well();
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                    self.settle(OUTPUT_CLOSED);
                    return Err(OutputClosed.into());
                }
                Err(error) => error,
            };
            match self.patience.failed(Instant::now()) {
                Some(delay) => {
                    self.degraded(format!(
                        "cannot write to {}: {error}; trying again",
                        self.place
                    ));
                    sleep(delay).await;
                }
                None => {
                    self.settle(WRITE_FAILED);
                    self.end_half_line().await;
                    return Err(WriteError {
                        place: self.place.clone(),
                        source: error,
                    }
                    .into());
                }
            }
        }
    }

    /// Has the rest of the page written, and watches whether it moves.
    async fn attempt(&mut self) -> io::Result<()> {
        self.output.write(std::mem::take(&mut self.page)).await?;
        let mut movement = Movement::begin(self.output.bytes(), Instant::now());
        loop {
            if let Ok((page, result)) = timeout(self.stall / LOOKS, self.output.done()).await {
                self.page = page;
                return result;
            }
            if movement.is_stalled(self.output.bytes(), self.stall, Instant::now()) {
                self.degraded(format!(
                    "{} is blocked: nothing was read from it for {:?}",
                    self.place, self.stall
                ));
            } else {
                self.well();
            }
        }
    }

    /// Enters the records of lines that were written as delivered, and the others as lost.
    fn settle(&mut self, reason: &'static str) {
        let mut written = self.page.lines();
        for mut ticket in self.tickets.drain(..) {
            let here = written.min(ticket.left());
            written -= here;
            ticket.absorbed(here);
            ticket.drop_all(reason);
        }
    }

    /// Ends half a line, so that what is written next begins a line. Waits a second at most, since
    /// the output may be blocked.
    async fn end_half_line(&mut self) {
        if self.page.half_line() > 0 {
            let newline = Page {
                text: "\n".to_owned(),
                written: 0,
            };
            let write = async {
                self.output.write(newline).await?;
                self.output.done().await.1
            };
            let _ = timeout(LAST_NEWLINE, write).await;
        }
    }

    fn degraded(&mut self, why: String) {
        self.is_degraded = true;
        self.health.degraded(why);
    }

    fn well(&mut self) {
        if std::mem::take(&mut self.is_degraded) {
            self.health.well();
        }
    }
}

/// The stage was ended by force while the output had the page: lines that were written are
/// delivered, those in the write at hand may or may not come through, and the thread writes no
/// others.
impl Drop for Run {
    fn drop(&mut self) {
        let (mut written, mut attempted) = self.output.abandon();
        for mut ticket in self.tickets.drain(..) {
            let here = written.min(ticket.left());
            written -= here;
            ticket.absorbed(here);
            let maybe = attempted.min(ticket.left());
            attempted -= maybe;
            ticket.split(maybe).set_at_peer(true);
            ticket.set_at_peer(false);
        }
    }
}

/// Standard output without the line buffer of the standard library.
fn standard_output() -> Result<Box<dyn Sink>, WriteError> {
    let open = || FileSink::new(File::from(io::stdout().as_fd().try_clone_to_owned()?));
    match open() {
        Ok(sink) => Ok(Box::new(sink)),
        Err(source) => Err(WriteError {
            place: standard_output_place(),
            source,
        }),
    }
}

/// Standard output, with the file or pipe that it is.
fn standard_output_place() -> String {
    match fs::read_link("/proc/self/fd/1") {
        Ok(file) => format!("standard output ({})", file.display()),
        Err(_) => "standard output".to_owned(),
    }
}
