//! The exporter: writes what arrives, and survives a file that cannot be written.
//!
//! Lines that cannot be written are kept and retried until `give_up_after`. After that they are
//! dropped with the reason, and so is what arrives between two further attempts, each of which is
//! made with the newest records. The inbox is not read during the retries, so it fills and its
//! `when_full` applies.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tidegate_runtime::edge::{Delivery, Inbox};
use tidegate_runtime::health::Health;
use tidegate_runtime::stage::{self, Refresh, StageError};
use tidegate_runtime::telemetry::Counter;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::failure::{OpenError, drop_reason, is_wrong_path};
use super::sink::RotatingSink;
use crate::lines::{LineFormatter, LineWriter, Output, WriteTimeouts};

/// How often the sink does what is due while nothing arrives.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);

/// Writes to a file.
pub(super) struct FileExporter {
    pub(super) formatter: LineFormatter,
    pub(super) sink: RotatingSink,
    pub(super) health: Health,
    pub(super) timeouts: WriteTimeouts,
    /// Counts bytes that were written.
    pub(super) bytes: Counter,
}

/// A file that could not be written until it was given up.
struct Outage {
    /// Why records are dropped.
    reason: &'static str,
    /// When the next attempt is made.
    retry_at: Instant,
}

#[async_trait]
impl stage::Exporter for FileExporter {
    async fn run(self: Box<Self>, mut inbox: Inbox) -> Result<(), StageError> {
        let control = Arc::clone(&self.sink.control);
        let mut running = self.start().await?;
        let mut ticks = interval(IDLE_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                () = control.wake.notified() => running.prepare().await,
                _ = ticks.tick() => running.prepare().await,
                delivery = inbox.recv() => match delivery {
                    Some(delivery) => running.write(delivery, &mut inbox).await,
                    None => break,
                },
            }
        }
        control.end();
        running.prepare().await;
        // The lock of the file is free for the exporter that replaces this one.
        running.writer.end().await;
        Ok(())
    }

    fn refresher(&self) -> Option<Arc<dyn Refresh>> {
        Some(Arc::clone(&self.sink.control) as Arc<dyn Refresh>)
    }
}

impl FileExporter {
    /// Opens the file.
    ///
    /// # Errors
    ///
    /// If the file cannot be used, for a reason that waiting does not mend.
    async fn start(self) -> Result<RunningExporter, OpenError> {
        let path = self.sink.names.path().to_owned();
        let output = Output {
            name: path.display().to_string(),
            stalled: "nothing was written to it",
            thread: "file",
            wake: Arc::clone(&self.sink.control.wake),
            bytes: self.bytes,
            sink: Box::new(self.sink),
        };
        let error = |source| OpenError {
            path: path.clone(),
            source,
        };
        let writer = LineWriter::start(output, self.formatter, self.health, self.timeouts);
        let mut running = RunningExporter {
            writer: writer.map_err(error)?,
            outage: None,
            max_delay: self.timeouts.max_delay,
        };
        match running.writer.prepare().await {
            Err(source) if is_wrong_path(&source) => Err(error(source)),
            prepared => {
                running.report(&prepared);
                Ok(running)
            }
        }
    }
}

/// The exporter while it runs.
struct RunningExporter {
    writer: LineWriter,
    outage: Option<Outage>,
    max_delay: Duration,
}

impl RunningExporter {
    /// Writes a delivery and those that are waiting behind it.
    async fn write(&mut self, delivery: Delivery, inbox: &mut Inbox) {
        if let Some(outage) = &self.outage
            && Instant::now() < outage.retry_at
        {
            return delivery.dropped(outage.reason);
        }
        self.writer.collect(delivery, inbox).await;
        self.outage = self.writer.write().await.err().map(|error| {
            let reason = drop_reason(&error);
            self.writer.settle(reason);
            let name = self.writer.name();
            let problem = format!("cannot write to {name}: {error}; records are dropped");
            self.writer.set_degraded(problem);
            Outage {
                reason,
                retry_at: Instant::now() + self.max_delay,
            }
        });
    }

    /// Does what is due.
    async fn prepare(&mut self) {
        let prepared = self.writer.prepare().await;
        self.report(&prepared);
    }

    /// Reports a file that cannot be opened. That it can does not end an outage, because the disk
    /// may still be full.
    fn report(&mut self, prepared: &io::Result<()>) {
        match prepared {
            Err(error) => {
                let name = self.writer.name();
                let problem = format!("cannot write to {name}: {error}; trying again");
                self.writer.set_degraded(problem);
            }
            Ok(()) if self.outage.is_none() => self.writer.report_health(),
            Ok(()) => {}
        }
    }
}
