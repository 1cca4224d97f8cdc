//! A running topology, and how it ends: receivers first, then every stage whose inbox is drained
//! and closed, all within one grace period.

use std::error::Error as _;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::error::RunError;
use super::reload::{ReloadHandle, Request, TopologyChange};
use super::runtimes::Runtimes;
use super::tasks::{EarlyEnd, EndedTask, TaskOutcome, Tasks};
use super::topology::Topology;
use super::wiring::{RunContext, Wiring};
use crate::health::Health;
use crate::ledger::Ledger;
use crate::shutdown::Shutdown;
use crate::stage::OutputClosed;
use crate::stage_id::StageId;

/// How long an abort waits for stages that cannot be cancelled because they block their thread.
const UNCANCELLABLE: Duration = Duration::from_secs(1);

/// A topology that was started.
pub struct RunningTopology {
    tasks: Tasks,
    wiring: Wiring,
    context: RunContext,
    control: ReloadHandle,
    requests: mpsc::Receiver<Request>,
    /// The failure that ends the run.
    first_failure: Option<RunError>,
    /// Exporters that failed while the run went on.
    failed_exporters: Vec<(StageId, RunError)>,
}

/// An event of the run.
enum Event {
    /// A task has ended; `None` when all have.
    Ended(Option<EndedTask>),
    Request(Request),
    /// The grace period of a removed stage is over.
    RetirementOver,
    StopRequested,
    StopAtOnce,
    GraceOver,
}

impl RunningTopology {
    /// Starts every stage of a topology. Receivers start last, when the stages behind them are
    /// running.
    #[must_use]
    pub fn start(
        topology: Topology,
        runtimes: impl Into<Runtimes>,
        ledger: &Ledger,
        shutdown: Shutdown,
    ) -> Self {
        let (control, requests) = ReloadHandle::new();
        let context = RunContext::new(ledger.clone(), shutdown, topology.grace);
        let mut running = Self {
            tasks: Tasks::new(runtimes.into()),
            wiring: Wiring::default(),
            context,
            control,
            requests,
            first_failure: None,
            failed_exporters: Vec::new(),
        };
        running
            .wiring
            .apply(topology, &running.context, &mut running.tasks);
        running
    }

    /// The handle for reloads and refreshes.
    #[must_use]
    pub fn control(&self) -> ReloadHandle {
        self.control.clone()
    }

    /// Waits until every stage has ended. If a receiver or a processor fails, the shutdown is
    /// requested, and the other stages drain. If an exporter fails or its output is closed, the
    /// others keep running; when all exporters have ended, the shutdown is requested. An exporter
    /// of the first topology that fails before it takes a record ends the run.
    ///
    /// # Errors
    ///
    /// Returns the first error. A closed output is no error, and neither is one of an exporter that
    /// a reload has replaced since.
    pub async fn ended(mut self) -> Result<(), RunError> {
        let mut deadline = None;
        loop {
            match self.next(deadline).await {
                Event::Ended(Some(ended)) => self.settle(ended),
                Event::Ended(None) => return self.failure().map_or(Ok(()), Err),
                Event::Request(request) => self.answer(request),
                Event::RetirementOver => self.tasks.end_overdue(),
                Event::StopRequested => {
                    deadline = Some(Instant::now() + self.context.grace);
                    self.wiring.request_end_of_exporters();
                }
                Event::StopAtOnce => {
                    let stages = self.tear_down().await;
                    return Err(self.failure().unwrap_or(RunError::Forced { stages }));
                }
                Event::GraceOver => {
                    let stages = self.tear_down().await;
                    let grace = self.context.grace;
                    return Err(self
                        .failure()
                        .unwrap_or(RunError::GracePeriodExceeded { stages, grace }));
                }
            }
        }
    }

    async fn next(&mut self, deadline: Option<Instant>) -> Event {
        let shutdown = &self.context.shutdown;
        let overdue = self.tasks.next_due();
        let running = !self.tasks.is_empty();
        tokio::select! {
            biased;
            () = shutdown.forced(), if running => Event::StopAtOnce,
            ended = self.tasks.join_next() => Event::Ended(ended),
            () = shutdown.requested(), if deadline.is_none() => Event::StopRequested,
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => Event::GraceOver,
            () = sleep_until(overdue.unwrap_or_else(Instant::now)), if overdue.is_some() => Event::RetirementOver,
            Some(request) = self.requests.recv() => Event::Request(request),
        }
    }

    fn settle(&mut self, ended: EndedTask) {
        match self.tasks.settle(ended) {
            TaskOutcome::Regular => self.wiring.stop_auxiliary_receivers(),
            TaskOutcome::Fatal(failure) => {
                tracing::error!(error = &failure as &dyn std::error::Error, "shutting down");
                self.first_failure.get_or_insert(failure);
                self.context.shutdown.request();
            }
            TaskOutcome::Alone { stage, health, why } => {
                self.lose(stage, &health, why);
                if self.wiring.exporters_have_ended() && !self.context.shutdown.is_requested() {
                    tracing::info!("every exporter has ended, shutting down");
                    self.context.shutdown.request();
                }
            }
        }
    }

    /// Logs that an exporter has ended, and sets its health.
    fn lose(&mut self, stage: StageId, health: &Health, why: EarlyEnd) {
        match why {
            EarlyEnd::OutputClosed => {
                tracing::warn!(
                    stage = stage.as_str(),
                    "the output of the exporter is closed; it has ended"
                );
                health.ended(OutputClosed.to_string(), false);
            }
            EarlyEnd::Returned => {
                tracing::warn!(
                    stage = stage.as_str(),
                    "the exporter has ended before its input did"
                );
                health.ended("it has ended before its input did", false);
            }
            EarlyEnd::Failed(failure) if failure.is_undelivered() => {
                tracing::warn!(
                    error = &failure as &dyn std::error::Error,
                    "an exporter has ended and could not deliver everything"
                );
                health.ended(causes(&failure), true);
                self.failed_exporters.push((stage, failure));
            }
            EarlyEnd::Failed(failure) => {
                tracing::error!(
                    error = &failure as &dyn std::error::Error,
                    "an exporter has failed and has ended"
                );
                health.ended(causes(&failure), true);
                self.failed_exporters.push((stage, failure));
            }
        }
    }

    fn failure(&mut self) -> Option<RunError> {
        let exporters = self.failed_exporters.drain(..).map(|(_, failure)| failure);
        self.first_failure
            .take()
            .or_else(|| exporters.into_iter().next())
    }

    fn answer(&mut self, request: Request) {
        if self.context.shutdown.is_requested() {
            return;
        }
        // Whoever asked may have been cancelled; a change is in effect nevertheless.
        match request {
            Request::Reload { topology, reply } => _ = reply.send(self.reload(topology)),
            Request::Refreshers { reply } => _ = reply.send(self.wiring.refreshers()),
        }
    }

    fn reload(&mut self, topology: Topology) -> TopologyChange {
        self.context.grace = topology.grace;
        let change = self.wiring.apply(topology, &self.context, &mut self.tasks);
        self.failed_exporters
            .retain(|(stage, _)| change.kept.contains(stage));
        change
    }

    /// Aborts the remaining stages and returns them; their records are counted as lost to the grace
    /// period.
    async fn tear_down(&mut self) -> Vec<StageId> {
        self.context.ledger.close();
        let stages = self.tasks.stages();
        // The records of a stage that blocks its thread stay in flight in the report.
        let _ = tokio::time::timeout(UNCANCELLABLE, self.tasks.shutdown()).await;
        stages
    }
}

/// The causes of an error, without the stage, which is shown beside them.
fn causes(failure: &RunError) -> String {
    let mut causes = Vec::new();
    let mut source = failure.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    if causes.is_empty() {
        "it panicked".to_owned()
    } else {
        causes.join(": ")
    }
}
