//! A running topology, and how it ends: receivers first, then every stage whose inbox is drained
//! and closed, all within one grace period.

use std::error::Error as _;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::error::RunError;
use super::reload::{ReloadHandle, Request};
use super::runtimes::Runtimes;
use super::tasks::{EarlyEnd, End, EndedTask, Tasks};
use super::topology::Topology;
use super::wiring::{RunContext, Wiring};
use crate::health::Health;
use crate::ledger::Ledger;
use crate::shutdown::Shutdown;
use crate::stage::OutputClosed;
use crate::stage_id::StageId;

/// How long the tear-down waits for stages that do not let themselves be cancelled, because they
/// block their thread.
const UNCANCELLABLE: Duration = Duration::from_secs(1);

/// Started stages.
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

/// What happens next to what runs.
enum Event {
    /// A task has ended; `None` when all have.
    Ended(Option<EndedTask>),
    Request(Request),
    /// A stage that was taken out has had its time.
    RetirementOver,
    StopRequested,
    StopAtOnce,
    GraceOver,
}

impl RunningTopology {
    /// Starts every stage of a topology. Receivers start last, when there is somebody to send to.
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

    /// For reloads.
    #[must_use]
    pub fn control(&self) -> ReloadHandle {
        self.control.clone()
    }

    /// Waits until every stage has ended. A receiver or a processor that fails has the receivers
    /// stop, so that the other stages drain. An exporter that fails, or whose output is closed,
    /// ends alone; when all have ended, the receivers stop. An exporter that fails to start, before
    /// it takes any record, ends the run.
    ///
    /// The first failure is returned. That an output was closed is none, nor is one of an exporter
    /// that a reload has replaced since.
    pub async fn ended(mut self) -> Result<(), RunError> {
        let mut deadline = None;
        loop {
            match self.next(deadline).await {
                Event::Ended(Some(ended)) => self.settle(ended),
                Event::Ended(None) => return self.failure().map_or(Ok(()), Err),
                Event::Request(request) => self.reload(request),
                Event::RetirementOver => self.tasks.end_overdue(),
                Event::StopRequested => deadline = Some(Instant::now() + self.context.grace),
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
        let (shutdown, overdue) = (&self.context.shutdown, self.tasks.next_due());
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
            End::Regular => {}
            End::Fatal(failure) => {
                tracing::error!(error = &failure as &dyn std::error::Error, "stopping");
                self.first_failure.get_or_insert(failure);
                self.context.shutdown.request();
            }
            End::Alone { stage, health, why } => {
                self.lose(stage, &health, why);
                if self.wiring.exporters_have_ended() && !self.context.shutdown.is_requested() {
                    tracing::info!("every exporter has ended, stopping");
                    self.context.shutdown.request();
                }
            }
        }
    }

    /// Goes on without an exporter.
    fn lose(&mut self, stage: StageId, health: &Health, why: EarlyEnd) {
        match why {
            EarlyEnd::OutputClosed => {
                tracing::warn!(stage = stage.as_str(), "its output is closed, it has ended");
                health.ended(OutputClosed.to_string(), false);
            }
            EarlyEnd::Returned => {
                tracing::warn!(stage = stage.as_str(), "it has ended before its input did");
                health.ended("it has ended before its input did", false);
            }
            EarlyEnd::Failed(failure) if failure.is_undelivered() => {
                tracing::warn!(
                    error = &failure as &dyn std::error::Error,
                    "an exporter has ended and lost something"
                );
                health.ended(causes(&failure), true);
                self.failed_exporters.push((stage, failure));
            }
            EarlyEnd::Failed(failure) => {
                tracing::error!(
                    error = &failure as &dyn std::error::Error,
                    "an exporter has failed, and has ended"
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

    /// A request that is dropped is answered with [`super::ShuttingDown`].
    fn reload(&mut self, Request { topology, reply }: Request) {
        if !self.context.shutdown.is_requested() {
            self.context.grace = topology.grace;
            let change = self.wiring.apply(topology, &self.context, &mut self.tasks);
            self.failed_exporters
                .retain(|(stage, _)| change.kept.contains(stage));
            // Whoever asked may have gone; the change stands.
            let _ = reply.send(change);
        }
    }

    /// Ends what is left by force and names it; its records are counted as lost to the end of the
    /// grace period.
    async fn tear_down(&mut self) -> Vec<StageId> {
        self.context.ledger.close();
        let stages = self.tasks.stages();
        // A stage that is stuck keeps its records in flight, and the report says so.
        let _ = tokio::time::timeout(UNCANCELLABLE, self.tasks.shutdown()).await;
        stages
    }
}

/// A failure and its causes, without the stage that is named beside it.
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
