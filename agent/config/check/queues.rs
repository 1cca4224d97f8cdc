//! Queues whose limits defeat their purpose.

use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::Lint;
use tidegate_runtime::config::ExporterQueue;
use tidegate_runtime::limits::{Limits, WhenFull};

use super::super::component::Component;
use super::super::{Config, Problem, Problems, QUEUE};

/// Warns about queues that hold less than a batch, and about exporters that hold up a receiver.
pub(super) fn check(config: &Config, problems: &mut Problems) {
    for component in &config.processors {
        check_size(component, problems);
    }
    for (at, component) in config.exporters.iter().enumerate() {
        let takes = component.config.as_ref().map(|config| config.consumes());
        // Points of metrics wait beside the batches.
        if takes.is_some_and(|takes| takes != Kinds::of(&[Kind::Metric])) {
            check_size(component, problems);
        }
        check_policy(config, at, problems);
    }
}

fn check_size<C: ?Sized>(component: &Component<C>, problems: &mut Problems) {
    let Some(queue) = component.queue else { return };
    let limits = queue.limits(Limits::DEFAULT, |_| None);
    for (path, text) in limits.below_a_batch() {
        let title = format!("`{}.{path}` is less than a batch", component.stage);
        problems.push(
            Problem::warning(Lint::QueueBelowBatch, title, component.span_of(path))
                .label(text)
                .note("a larger batch is accepted only when the queue is empty"),
        );
    }
}

/// Warns if the exporter at this index blocks by configuration, and a receiver cannot wait.
fn check_policy(config: &Config, exporter: usize, problems: &mut Problems) {
    let component = &config.exporters[exporter];
    let blocks = component
        .queue
        .and_then(|queue: ExporterQueue| queue.when_full?.fixed())
        == Some(WhenFull::Block);
    let receivers = config.receivers_that_cannot_wait(exporter);
    if !blocks || receivers.is_empty() {
        return;
    }
    let key = format!("{QUEUE}.when_full");
    let title = format!(
        "`{}` can hold up `{}`, which cannot wait",
        component.stage,
        receivers.join("`, `")
    );
    problems.push(
        Problem::warning(Lint::BlockedReceiver, title, component.span_of(&key))
            .note("while it blocks, all exporters of its pipelines wait, and the receiver drops")
            .help("use \"auto\", \"drop_newest\" or \"drop_oldest\""),
    );
}
