//! The end of the pipeline: chooses the records to print, and prints them.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tidegate_filter::{Context, Matcher};
use tidegate_model::{Record, Timestamp};
use tidegate_receivers::Tail;
use tidegate_runtime::edge::{Delivery, Inbox};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Exporter, StageError};
use tokio::time::timeout;

use super::output::Output;
use super::selectors::{Part, Selection};
use crate::telemetry::TapProgress;

/// How long nothing arrives before a file that may grow counts as read. Messages found in packets wait
/// a second in the processors.
const QUIET: Duration = Duration::from_millis(1500);

/// Prints records.
pub(super) struct View {
    pub(super) matcher: Matcher,
    pub(super) context: Context,
    pub(super) selection: Selection,
    pub(super) output: Output,
    pub(super) summary: Summary,
    /// Ends the receiver when nothing more is to be printed.
    pub(super) shutdown: Shutdown,
    /// A file that may grow.
    pub(super) tail: Option<Tail>,
    /// The last records, until it is known that no more follow.
    pub(super) last: VecDeque<Record>,
    /// Whether nothing more is to be printed.
    pub(super) is_done: bool,
}

/// What was printed, as the view counts it.
#[derive(Clone, Debug, Default)]
pub(super) struct Summary(Arc<Mutex<Counts>>);

/// The counts and the failure of a view.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) progress: TapProgress,
    /// Why the rest could not be printed.
    pub(super) failure: Option<io::Error>,
}

impl Summary {
    pub(super) fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Exporter for View {
    async fn run(mut self: Box<Self>, mut inbox: Inbox) -> Result<(), StageError> {
        while let Some(delivery) = self.next(&mut inbox).await {
            self.take(delivery);
            while !self.output.is_full()
                && let Some(delivery) = recv_now(&mut inbox).await
            {
                self.take(delivery);
            }
            self.attempt(Output::write);
        }
        self.print_last();
        self.attempt(Output::finish);
        Ok(())
    }
}

impl View {
    /// The next delivery. Prints the last records meanwhile when a file that may grow has been read.
    async fn next(&mut self, inbox: &mut Inbox) -> Option<Delivery> {
        while self.waits_for_end() {
            match timeout(QUIET, inbox.recv()).await {
                Ok(delivery) => return delivery,
                Err(_) if self.tail.as_ref().is_some_and(Tail::has_caught_up) => {
                    self.tail = None;
                    self.selection.part = Part::All;
                    self.print_last();
                    self.attempt(Output::write);
                }
                Err(_) => {}
            }
        }
        inbox.recv().await
    }

    fn waits_for_end(&self) -> bool {
        self.tail.is_some() && matches!(self.selection.part, Part::Last(_))
    }

    fn take(&mut self, delivery: Delivery) {
        for record in delivery.records() {
            self.add(record, delivery.bytes());
        }
        delivery.absorbed();
    }

    fn add(&mut self, record: &Record, bytes: &[u8]) {
        if self.is_done {
            return;
        }
        let matches = self.selection.has_time(time(record))
            && self.matcher.matches(record, bytes, &self.context);
        {
            let progress = &mut self.summary.counts().progress;
            progress.seen += 1;
            progress.matched += u64::from(matches);
        }
        if !matches {
            return;
        }
        match self.selection.part {
            Part::All => self.print(record),
            Part::First(count) => {
                self.print(record);
                if self.summary.counts().progress.shown == count {
                    self.end();
                }
            }
            Part::Last(count) => {
                if self.last.len() == count {
                    self.last.pop_front();
                }
                self.last.push_back(record.clone());
            }
        }
    }

    fn print(&mut self, record: &Record) {
        self.summary.counts().progress.shown += 1;
        self.attempt(|output| output.push(record));
    }

    fn print_last(&mut self) {
        for record in std::mem::take(&mut self.last) {
            if self.is_done {
                return;
            }
            self.print(&record);
        }
    }

    /// Writes; after a failure, nothing more is printed. A reader that closed the output has what it
    /// needs.
    fn attempt(&mut self, write: impl FnOnce(&mut Output) -> io::Result<()>) {
        if let Err(error) = write(&mut self.output) {
            self.output.discard();
            if error.kind() != ErrorKind::BrokenPipe {
                self.summary.counts().failure.get_or_insert(error);
            }
            self.end();
        }
    }

    fn end(&mut self) {
        self.is_done = true;
        self.shutdown.request();
    }
}

/// Returns the next delivery if there is one already.
async fn recv_now(inbox: &mut Inbox) -> Option<Delivery> {
    tokio::select! {
        biased;
        delivery = inbox.recv() => delivery,
        () = std::future::ready(()) => None,
    }
}

fn time(record: &Record) -> Timestamp {
    match record {
        Record::Frame(frame) => frame.time,
        Record::Event(event) => event.time,
        Record::Flow(flow) => flow.time,
        Record::AgentEvent(event) => event.time,
        Record::DebugEvent(event) => event.time,
        Record::Lost(lost) => lost.time,
        Record::Metric(point) => point.time,
        Record::Names(names) => names.asked,
    }
}
