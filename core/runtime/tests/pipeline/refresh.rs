//! Refreshes: which instances of which components are refreshed, and what their failures do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tidegate_model::Batch;
use tidegate_model::tally::Tally;
use tidegate_runtime::edge::Inbox;
use tidegate_runtime::outbox::Outbox;
use tidegate_runtime::pipeline::{ExporterNode, ReceiverNode, Refreshed, ShuttingDown};
use tidegate_runtime::shutdown::Shutdown;
use tidegate_runtime::stage::{Exporter, Processor, Receiver, Refresh, StageError};

use crate::support::{ExporterBehavior, ROOMY, ReceiverStep, Started, TestTopology, processor};

/// How a refresh ends.
#[derive(Clone, Copy)]
enum RefreshBehavior {
    Succeeds,
    Fails,
    Hangs,
}

/// Counts refreshes.
#[derive(Clone)]
struct Counted {
    count: Arc<AtomicU64>,
    behavior: RefreshBehavior,
}

impl Counted {
    fn new(behavior: RefreshBehavior) -> Self {
        Self {
            count: Arc::default(),
            behavior,
        }
    }

    fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Refresh for Counted {
    async fn refresh(&self) -> Result<(), StageError> {
        self.count.fetch_add(1, Ordering::Relaxed);
        match self.behavior {
            RefreshBehavior::Succeeds => Ok(()),
            RefreshBehavior::Fails => Err("the file is not a certificate".into()),
            RefreshBehavior::Hangs => std::future::pending().await,
        }
    }
}

/// A component with a refresher.
struct WithRefresher<C: ?Sized>(Counted, Box<C>);

#[async_trait]
impl Receiver for WithRefresher<dyn Receiver> {
    async fn run(self: Box<Self>, out: Outbox, shutdown: Shutdown) -> Result<(), StageError> {
        self.1.run(out, shutdown).await
    }

    fn refresher(&self) -> Option<Arc<dyn Refresh>> {
        Some(Arc::new(self.0.clone()))
    }
}

#[async_trait]
impl Exporter for WithRefresher<dyn Exporter> {
    async fn run(self: Box<Self>, inbox: Inbox) -> Result<(), StageError> {
        self.1.run(inbox).await
    }

    fn refresher(&self) -> Option<Arc<dyn Refresh>> {
        Some(Arc::new(self.0.clone()))
    }
}

/// A processor that keeps everything.
struct Pass(Counted);

impl Processor for Pass {
    fn process(&mut self, _: &mut Batch, _: &mut Tally) {}

    fn refresher(&self) -> Option<Arc<dyn Refresh>> {
        Some(Arc::new(self.0.clone()))
    }
}

/// One instance of a receiver, a processor and an exporter.
struct Instances {
    receiver: Counted,
    processor: Counted,
    exporter: Counted,
}

impl Instances {
    fn new(exporter: RefreshBehavior) -> Self {
        Self {
            receiver: Counted::new(RefreshBehavior::Succeeds),
            processor: Counted::new(RefreshBehavior::Succeeds),
            exporter: Counted::new(exporter),
        }
    }

    fn counts(&self) -> [u64; 3] {
        [
            self.receiver.count(),
            self.processor.count(),
            self.exporter.count(),
        ]
    }

    /// Adds them to a topology, in one pipeline.
    fn add_to(&self, builder: TestTopology) -> TestTopology {
        let chain = vec![processor("a", Pass(self.processor.clone()))];
        let mut builder = builder
            .receiver(&[ReceiverStep::Send(3), ReceiverStep::UntilShutdown])
            .exporter(ExporterBehavior::Drains, ROOMY)
            .pipeline("p", &[0], chain, &[0]);
        let receiver = builder.topology.receivers.pop().unwrap();
        builder.topology.receivers.push(ReceiverNode {
            receiver: Box::new(WithRefresher(self.receiver.clone(), receiver.receiver)),
            ..receiver
        });
        let exporter = builder.topology.exporters.pop().unwrap();
        builder.topology.exporters.push(ExporterNode {
            exporter: Box::new(WithRefresher(self.exporter.clone(), exporter.exporter)),
            ..exporter
        });
        builder
    }
}

/// Refreshes, and returns the stages with their errors.
async fn refresh(started: &Started) -> Vec<(String, Option<String>)> {
    let outcomes = started.control.refresh().await.unwrap();
    let outcome = |one: Refreshed| {
        let error = one.result.err().map(|error| error.to_string());
        (one.stage.as_str().to_owned(), error)
    };
    outcomes.into_iter().map(outcome).collect()
}

async fn end(started: Started) {
    started.shutdown.request();
    let ended = started.ended().await;
    assert_eq!(
        (ended.result_text().as_str(), &*ended.kept[0]),
        ("ok", &[1, 2, 3][..])
    );
}

#[tokio::test(start_paused = true)]
async fn every_running_component_is_refreshed_and_failures_are_reported() {
    for (behavior, error) in [
        (RefreshBehavior::Succeeds, None),
        (
            RefreshBehavior::Fails,
            Some("the file is not a certificate"),
        ),
        (RefreshBehavior::Hangs, Some("it did not finish within 5s")),
    ] {
        let instances = Instances::new(behavior);
        let started = instances.add_to(TestTopology::new()).start();
        let outcomes = refresh(&started).await;
        let expected = [
            ("exporters.e0", error),
            ("processors.a", None),
            ("receivers.r0", None),
        ];
        let expected = expected.map(|(stage, error)| (stage.to_owned(), error.map(str::to_owned)));
        assert_eq!(outcomes, expected);
        assert_eq!(instances.counts(), [1, 1, 1]);
        end(started).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_instances_that_run_after_a_reload_are_refreshed() {
    let old = Instances::new(RefreshBehavior::Succeeds);
    let mut started = old.add_to(TestTopology::new()).start();
    tokio::time::sleep(Duration::from_secs(1)).await;

    let unused = Instances::new(RefreshBehavior::Succeeds);
    let again = unused.add_to(started.next());
    assert!(started.reload(again).await.is_empty());
    refresh(&started).await;
    assert_eq!((old.counts(), unused.counts()), ([1, 1, 1], [0, 0, 0]));

    let new = Instances::new(RefreshBehavior::Succeeds);
    let mut changed = new.add_to(started.next()).changed_exporter(0);
    changed.topology.pipelines[0].processors[0]
        .fingerprint
        .push('!');
    started.reload(changed).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(refresh(&started).await.len(), 3);
    assert_eq!((old.counts(), new.counts()), ([2, 1, 1], [0, 1, 1]));
    end(started).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_refreshed_during_the_shutdown() {
    let instances = Instances::new(RefreshBehavior::Succeeds);
    let started = instances.add_to(TestTopology::gated()).start();
    tokio::time::sleep(Duration::from_secs(1)).await;
    started.shutdown.request();
    let control = started.control.clone();
    let refused = tokio::spawn(async move { control.refresh().await.map(|list| list.len()) });
    tokio::time::sleep(Duration::from_secs(1)).await;
    started.gate.add_permits(1);
    started.ended().await;
    assert_eq!(refused.await.unwrap(), Err(ShuttingDown));
    assert_eq!(instances.counts(), [0, 0, 0]);
}
