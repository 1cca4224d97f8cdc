//! The three kinds of stages.
//!
//! Who does not know its input owns its loop (receivers, exporters); who does is called
//! (processors). Only receivers hear [`Shutdown`]; every other stage ends when its inbox is drained and
//! closed.

use std::any::Any;
use std::time::Duration;

use async_trait::async_trait;

use tidegate_model::batch::Batch;
use tidegate_model::tally::Tally;
use tidegate_model::time::Timestamp;

use crate::edge::Inbox;
use crate::outbox::Outbox;
use crate::shutdown::Shutdown;

/// Why a stage failed; the runner adds which one.
pub type StageError = Box<dyn std::error::Error + Send + Sync>;

/// Brings records in.
#[async_trait]
pub trait Receiver: Send {
    /// Sends records to `out` until the input ends or `shutdown` is requested, then returns.
    async fn run(self: Box<Self>, out: Outbox, shutdown: Shutdown) -> Result<(), StageError>;
}

/// Changes records. Does no I/O, spawns nothing, and sees time as an argument.
pub trait Processor: Any + Send {
    /// Works on a batch in place. Records leave it through [`Batch::sift`]; records that are pushed
    /// go on with the others and are entered in the books as created.
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally);

    /// How often [`Self::tick`] is to be called; `None` for never.
    fn tick_every(&self) -> Option<Duration> {
        None
    }

    /// Called at the interval: pushes what is due to `out`, for the stages behind this one.
    fn tick(&mut self, now: Timestamp, out: &mut Batch) {
        let _ = (now, out);
    }

    /// Called when no batch will come any more, and again while there [is more](Self::has_more):
    /// pushes all that is left.
    fn finish(&mut self, now: Timestamp, out: &mut Batch) {
        self.tick(now, out);
    }

    /// Called before the first batch when this takes the place of a processor of the same name,
    /// whose configuration was another one: takes over what is still good of its state.
    fn adopt(&mut self, old: &mut dyn Processor) {
        let _ = old;
    }

    /// Called in place of [`Self::finish`] when the pipeline goes on without this processor, after
    /// somebody may have adopted its state: pushes all that is left, in as many calls.
    fn retire(&mut self, now: Timestamp, out: &mut Batch) {
        self.finish(now, out);
    }

    /// Whether [`Self::finish`] or [`Self::retire`] left something for another call, because all of
    /// it at once would take more memory than the stage itself.
    fn has_more(&self) -> bool {
        false
    }

    /// There is somebody new behind this stage, who knows nothing of what was handed on before:
    /// what was said once, and still holds, is to be said again at the next tick.
    fn repeat(&mut self) {}
}

/// Takes records out of the process.
#[async_trait]
pub trait Exporter: Send {
    /// Handles what comes until the inbox ends, then returns. Every delivery's ticket has to be
    /// settled.
    async fn run(self: Box<Self>, inbox: Inbox) -> Result<(), StageError>;

    /// Whether it runs apart from the processors in front of it, as it has to if it blocks its
    /// thread, or takes so long for a batch that they would fall behind. One that need not shares
    /// their thread, and finds its batches in their cache.
    fn runs_apart(&self) -> bool {
        true
    }
}

/// The error of an exporter whose output nobody reads any more, as after `tidegate run | head`. The
/// exporter has ended, and has not failed.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the output any more")]
pub struct OutputClosed;

/// The error of an exporter that has ended in order, but had no time to deliver what it keeps
/// beside the records, such as the last values of metrics. The run has lost something at its end,
/// by a limit of its own.
#[derive(Debug, thiserror::Error)]
#[error("{what} could not be delivered in time (`{key}` gives it more)")]
pub struct Undelivered {
    /// What was left.
    pub what: String,
    /// The key that gives more time.
    pub key: String,
}
