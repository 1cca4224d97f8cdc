//! Losses, said: in the log while a run goes on and at its end, and by the exit code.

mod ending;
mod entry;
mod watch;

pub(crate) use ending::{AtEnd, Manner, in_this_run, on_the_way};

use std::time::Duration;

use tidegate_runtime::ledger::Ledger;
use tokio::time::{Instant, MissedTickBehavior, interval};

use entry::{Entry, entries};
use watch::{Line, Phase, Watch};

/// How often the books are read.
const EVERY: Duration = Duration::from_secs(1);

/// Reads the books once a second, and says in the log when losses begin, go on and end.
pub(crate) async fn watch(ledger: Ledger) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut watch = Watch::default();
    loop {
        ticks.tick().await;
        watch
            .observe(Instant::now().into_std(), &entries(&ledger.report()))
            .iter()
            .for_each(say);
    }
}

fn say(line: &Line) {
    let Line {
        phase,
        entry,
        records,
        total,
        lasted,
    } = line;
    let (mut pipeline, mut stage, mut reason, mut reasons, mut source) =
        (None, None, None, None, None);
    match entry {
        Entry::Dropped {
            pipeline: of,
            stage: at,
            reason: why,
        } => {
            (pipeline, stage, reason) = (Some(of.as_str()), Some(at.as_str()), Some(*why));
        }
        Entry::Unreadable {
            pipeline: of,
            stage: at,
            reasons: why,
        } => {
            (pipeline, stage, reasons) = (Some(of.as_str()), Some(at.as_str()), Some(why.as_str()));
        }
        Entry::Unconfirmed {
            pipeline: of,
            stage: at,
        } => (pipeline, stage) = (Some(of.as_str()), Some(at.as_str())),
        Entry::Upstream { source: of } => source = Some(*of),
    }
    let since = (*phase != Phase::Begins).then(|| format!("{}s ago", lasted.as_secs()));
    let message = message(entry, *phase);
    match phase {
        Phase::Begins | Phase::GoesOn => {
            tracing::warn!(
                stage,
                pipeline,
                source,
                reason,
                reasons,
                records,
                total,
                since,
                "{message}"
            );
        }
        Phase::Ended => {
            tracing::info!(
                stage,
                pipeline,
                source,
                reason,
                reasons,
                records,
                total,
                since,
                "{message}"
            );
        }
    }
}

fn message(entry: &Entry, phase: Phase) -> &'static str {
    use Phase::{Begins, Ended, GoesOn};
    match (entry, phase) {
        (Entry::Dropped { .. }, Begins) => "records are dropped",
        (Entry::Dropped { .. }, GoesOn) => "records are still dropped",
        (Entry::Dropped { .. }, Ended) => "no more records are dropped",
        (Entry::Unreadable { .. }, Begins) => "records cannot be read, and are dropped",
        (Entry::Unreadable { .. }, GoesOn) => "records still cannot be read, and are dropped",
        (Entry::Unreadable { .. }, Ended) => "all records can be read again",
        (Entry::Unconfirmed { .. }, Begins) => {
            "records were sent, and no answer came in time: they may be lost"
        }
        (Entry::Unconfirmed { .. }, GoesOn) => {
            "records are sent, and still no answer comes in time: they may be lost"
        }
        (Entry::Unconfirmed { .. }, Ended) => "no more records are unconfirmed",
        (Entry::Upstream { .. }, Begins) => {
            "Cilium loses events before they reach the socket; it does not report all of them, so there are at least so many"
        }
        (Entry::Upstream { .. }, GoesOn) => {
            "Cilium still loses events before they reach the socket, at least so many, as it does not report all of them"
        }
        (Entry::Upstream { .. }, Ended) => {
            "Cilium reports no more lost events, at least so many in all"
        }
    }
}
