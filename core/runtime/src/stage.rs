//! The three kinds of stages.
//!
//! Receivers and exporters run their own loop. Processors are called with each batch. Only
//! receivers see the [`Shutdown`] signal; every other stage ends when its inbox is drained and
//! closed.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tidegate_model::{Batch, Tally, Timestamp};

use crate::edge::Inbox;
use crate::outbox::Outbox;
use crate::shutdown::Shutdown;

/// Why a stage failed; the runner adds which one.
pub type StageError = Box<dyn std::error::Error + Send + Sync>;

/// Reads what a running component got from files again, and opens its outputs again: certificates,
/// keys and tokens that were renewed, a log that was rotated away. The configuration is unchanged.
///
/// ```
/// use std::path::PathBuf;
/// use std::sync::Mutex;
///
/// use async_trait::async_trait;
/// use tidegate_runtime::stage::{Refresh, StageError};
///
/// /// A token, which the component reads for every request.
/// struct TokenFile {
///     path: PathBuf,
///     token: Mutex<String>,
/// }
///
/// #[async_trait]
/// impl Refresh for TokenFile {
///     async fn refresh(&self) -> Result<(), StageError> {
///         let token = tokio::fs::read_to_string(&self.path).await?;
///         *self.token.lock().map_err(|_| "a thread panicked")? = token;
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait Refresh: Send + Sync {
    /// Refreshes the component. Called while it runs, at the same time as everything else; it may
    /// be called before the component has started, and may be cancelled.
    ///
    /// # Errors
    ///
    /// If a file cannot be used. Then the component keeps what it had.
    async fn refresh(&self) -> Result<(), StageError>;
}

/// Brings records in.
///
/// ```
/// use async_trait::async_trait;
/// use tidegate_model::Record;
/// use tidegate_model::record::Frame;
/// use tidegate_runtime::outbox::Outbox;
/// use tidegate_runtime::shutdown::Shutdown;
/// use tidegate_runtime::stage::{Receiver, StageError};
///
/// /// Sends one frame, then waits for the end of the run.
/// struct Once;
///
/// #[async_trait]
/// impl Receiver for Once {
///     async fn run(self: Box<Self>, out: Outbox, shutdown: Shutdown) -> Result<(), StageError> {
///         let mut batch = out.batch();
///         let data = batch.push_bytes(b"payload");
///         batch.push(Record::Frame(Frame { seq: 1, data, ..Frame::default() }));
///         out.send(batch).await;
///         shutdown.requested().await;
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait Receiver: Send {
    /// Sends records to `out` until the input ends or `shutdown` is requested, then returns.
    async fn run(self: Box<Self>, out: Outbox, shutdown: Shutdown) -> Result<(), StageError>;

    /// Returns what refreshes it while it runs, if it uses files.
    fn refresher(&self) -> Option<Arc<dyn Refresh>> {
        None
    }

    /// Whether its records only complete those of other receivers, as names do. It is told to stop
    /// when all receivers with records of their own have ended.
    fn is_auxiliary(&self) -> bool {
        false
    }
}

/// Changes records. A processor does no I/O, spawns no tasks, and gets the time as an argument.
///
/// ```
/// use tidegate_model::flow::Verdict;
/// use tidegate_model::{Batch, Outcome, Record, Tally};
/// use tidegate_runtime::stage::Processor;
///
/// /// Removes flows that were forwarded.
/// struct DroppedOnly;
///
/// impl Processor for DroppedOnly {
///     fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
///         batch.sift(tally, |record, _bytes| match record {
///             Record::Flow(flow) if flow.verdict == Verdict::Forwarded => {
///                 Outcome::Filtered("forwarded")
///             }
///             _ => Outcome::Keep,
///         });
///     }
/// }
///
/// let mut batch = Batch::new();
/// let mut tally = Tally::default();
/// for verdict in [Verdict::Forwarded, Verdict::Dropped] {
///     batch.push(Record::default());
///     batch.push(Record::Flow(tidegate_model::flow::Flow { verdict, ..Default::default() }));
/// }
/// DroppedOnly.process(&mut batch, &mut tally);
/// assert_eq!((batch.len(), tally.filters()), (3, &[("forwarded", 1)][..]));
/// ```
pub trait Processor: Send {
    /// The rules that come from its configuration, in addition to those that its kind declares: names
    /// by which it filters records.
    fn rules(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Changes a batch in place. Records leave it through [`Batch::sift`]; records that are pushed
    /// are passed on with the others and counted as created.
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally);

    /// Returns how often [`Self::tick`] is to be called; `None` for never.
    fn tick_every(&self) -> Option<Duration> {
        None
    }

    /// Pushes what is due to `out`. Called at the interval of [`Self::tick_every`].
    fn tick(&mut self, now: Timestamp, out: &mut Batch) {
        let _ = (now, out);
    }

    /// Pushes all that is left to `out`. Called after the last batch, and again as long as
    /// [`Self::has_more`] says so.
    fn finish(&mut self, now: Timestamp, out: &mut Batch) {
        self.tick(now, out);
    }

    /// Returns whether [`Self::finish`] or [`Stateful::retire`] left something for another call,
    /// because all of it at once would take more memory than the stage itself.
    fn has_more(&self) -> bool {
        false
    }

    /// Returns the processor as one with [state that outlives it](Stateful), if it is one.
    fn as_stateful(&mut self) -> Option<&mut dyn Stateful> {
        None
    }

    /// Returns what refreshes it while it runs, if it uses data from files. That runs apart from
    /// the processor, which does no I/O.
    fn refresher(&self) -> Option<Arc<dyn Refresh>> {
        None
    }
}

/// A processor with state that a reload hands over to its replacement, or that stages behind it
/// hold a copy of.
///
/// ```
/// use std::any::Any;
///
/// use tidegate_model::{Batch, Tally};
/// use tidegate_runtime::stage::{Processor, Stateful};
///
/// /// Counts records.
/// #[derive(Default)]
/// struct Counter {
///     records: u64,
/// }
///
/// impl Processor for Counter {
///     fn process(&mut self, batch: &mut Batch, _: &mut Tally) {
///         self.records += batch.len() as u64;
///     }
///
///     fn as_stateful(&mut self) -> Option<&mut dyn Stateful> {
///         Some(self)
///     }
/// }
///
/// impl Stateful for Counter {
///     fn take_over(&mut self, old: &mut dyn Stateful) {
///         if let Some(old) = (old as &mut dyn Any).downcast_mut::<Self>() {
///             self.records = std::mem::take(&mut old.records);
///         }
///     }
/// }
///
/// let mut old = Counter { records: 7 };
/// let mut new = Counter::default();
/// new.as_stateful().unwrap().take_over(&mut old);
/// assert_eq!((old.records, new.records), (0, 7));
/// ```
pub trait Stateful: Processor + Any {
    /// Takes over the state of `old` that is still valid. Called before the first batch on a
    /// processor that replaces one of the same name with another configuration.
    fn take_over(&mut self, old: &mut dyn Stateful) {
        let _ = old;
    }

    /// Pushes what is left after the state may have been taken over. Called in place of
    /// [`Processor::finish`] on a processor that a reload removes or replaces, and again as long as
    /// [`Processor::has_more`] says so.
    fn retire(&mut self, now: Timestamp, out: &mut Batch) {
        self.finish(now, out);
    }

    /// Marks everything that was passed on once and still holds to be passed on again at the next
    /// tick: a stage behind this one is new, or had no room for all of it.
    fn resend(&mut self) {}
}

/// Takes records out of the process.
///
/// ```
/// use async_trait::async_trait;
/// use tidegate_runtime::edge::Inbox;
/// use tidegate_runtime::stage::{Exporter, StageError};
///
/// /// Takes every record and delivers it nowhere.
/// struct Discard;
///
/// #[async_trait]
/// impl Exporter for Discard {
///     async fn run(self: Box<Self>, mut inbox: Inbox) -> Result<(), StageError> {
///         while let Some(delivery) = inbox.recv().await {
///             delivery.absorbed();
///         }
///         Ok(())
///     }
/// }
/// ```
#[async_trait]
pub trait Exporter: Send {
    /// Handles what arrives until the inbox ends, then returns. Every delivery's ticket has to be
    /// settled.
    async fn run(self: Box<Self>, inbox: Inbox) -> Result<(), StageError>;

    /// Returns whether the exporter runs on another thread than the processors in front of it. It
    /// has to if it blocks, or takes so long for a batch that they would fall behind. Otherwise it
    /// shares their thread and finds its batches in their cache.
    fn runs_apart(&self) -> bool {
        true
    }

    /// Returns what refreshes it while it runs, if it uses files.
    fn refresher(&self) -> Option<Arc<dyn Refresh>> {
        None
    }
}

/// The error of an exporter whose output was closed by its reader, as after `tidegate run | head`.
/// The exporter has ended, and has not failed.
#[derive(Debug, thiserror::Error)]
#[error("the reader of the output has closed it")]
pub struct OutputClosed;

/// The error of an exporter that ended in order, but had no time to deliver data that it keeps
/// beside the records, such as the last values of metrics.
#[derive(Debug, thiserror::Error)]
#[error("{what} could not be delivered{}", .problem.as_ref().map_or_else(
    || format!(" in time (raise `{key}` to allow more)"),
    |problem| format!(": {problem}; `{key}` allows more time"),
))]
pub struct Undelivered {
    /// What was left.
    pub what: String,
    /// The configuration key that limits the time.
    pub key: String,
    /// What the exporter cannot do, if it is degraded.
    pub problem: Option<String>,
}
