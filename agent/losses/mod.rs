//! Losses, said: in the log while a run goes on and at its end, and by the exit code.

mod ending;
mod entry;
mod watch;

pub(crate) use ending::{AtEnd, Manner, in_this_run, on_the_way};

use std::time::Duration;

use tidegate_core::ledger::Ledger;
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
        watch.observe(Instant::now().into_std(), &entries(&ledger.report())).iter().for_each(say);
    }
}

fn say(line: &Line) {
    let Line { phase, entry, records, total, lasted } = line;
    let (records, total, since) = (*records, *total, format!("{}s ago", lasted.as_secs()));
    match entry {
        Entry::Dropped { pipeline, stage, reason } => match phase {
            Phase::Begins => tracing::warn!(stage, pipeline, reason, records, total, "records are dropped"),
            Phase::GoesOn => {
                tracing::warn!(stage, pipeline, reason, records, total, since, "records are still dropped")
            }
            Phase::Ended => {
                tracing::info!(stage, pipeline, reason, records, total, since, "no more records are dropped")
            }
        },
        Entry::Unreadable { pipeline, stage, reasons } => {
            let reasons = reasons.as_str();
            match phase {
                Phase::Begins => tracing::warn!(stage, pipeline, records, total, reasons, "records cannot be read"),
                Phase::GoesOn => {
                    tracing::warn!(stage, pipeline, records, total, reasons, since, "records still cannot be read");
                }
                Phase::Ended => {
                    tracing::info!(stage, pipeline, records, total, reasons, since, "all records can be read again")
                }
            }
        }
        Entry::Unconfirmed { pipeline, stage } => match phase {
            Phase::Begins => tracing::warn!(
                stage,
                pipeline,
                records,
                total,
                "records were sent and not answered for: they may be lost"
            ),
            Phase::GoesOn => tracing::warn!(
                stage,
                pipeline,
                records,
                total,
                since,
                "records are still not answered for: they may be lost"
            ),
            Phase::Ended => {
                tracing::info!(stage, pipeline, records, total, since, "all records are answered for again")
            }
        },
        Entry::Upstream { source } => match phase {
            Phase::Begins => {
                tracing::warn!(source, at_least = records, total, "Cilium loses events before they reach the socket")
            }
            Phase::GoesOn => {
                tracing::warn!(
                    source,
                    at_least = records,
                    total,
                    since,
                    "Cilium still loses events before they reach the socket"
                );
            }
            Phase::Ended => {
                tracing::info!(source, at_least = records, total, since, "Cilium reports no more lost events")
            }
        },
    }
}
