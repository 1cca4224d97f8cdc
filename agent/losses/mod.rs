//! Reports lost records: in the log while the agent runs, in the log at its end, and by the exit
//! code.

mod ending;
mod site;
mod tracker;

pub(crate) use ending::{Ending, ShutdownLosses, lost_in_pipelines, lost_in_run};

use std::time::Duration;

use tidegate_runtime::ledger::Ledger;
use tidegate_runtime::stage_id::StageId;
use tokio::time::{Instant, MissedTickBehavior, interval};

use site::{LossSite, loss_sites};
use tracker::{LossEvent, LossTracker, Phase};

/// Time between two readings of the ledger.
const INTERVAL: Duration = Duration::from_secs(1);

/// Logs when losses start, continue and end, until this future is dropped.
pub(crate) async fn watch(ledger: Ledger) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut tracker = LossTracker::default();
    loop {
        ticks.tick().await;
        let now = Instant::now().into_std();
        let events = tracker.observe(now, &loss_sites(&ledger.report()));
        events.iter().for_each(log_event);
    }
}

/// The fields of a site in a log line.
#[derive(Default)]
struct SiteFields<'a> {
    pipeline: Option<&'a str>,
    stage: Option<&'a str>,
    reason: Option<&'a str>,
    reasons: Option<&'a str>,
    source: Option<&'a str>,
}

impl<'a> SiteFields<'a> {
    fn new(site: &'a LossSite) -> Self {
        let stage_fields = |pipeline: &'a String, stage: &'a StageId| Self {
            pipeline: Some(pipeline),
            stage: Some(stage.as_str()),
            ..Self::default()
        };
        match site {
            LossSite::Dropped {
                pipeline,
                stage,
                reason,
            } => Self {
                reason: Some(reason),
                ..stage_fields(pipeline, stage)
            },
            LossSite::Unreadable {
                pipeline,
                stage,
                reasons,
            } => Self {
                reasons: Some(reasons),
                ..stage_fields(pipeline, stage)
            },
            LossSite::Unconfirmed { pipeline, stage } => stage_fields(pipeline, stage),
            LossSite::Upstream { source } => Self {
                source: Some(source),
                ..Self::default()
            },
        }
    }
}

fn log_event(event: &LossEvent) {
    let SiteFields {
        pipeline,
        stage,
        reason,
        reasons,
        source,
    } = SiteFields::new(&event.site);
    let records = event.records;
    let total = event.total;
    let since =
        (event.phase != Phase::Started).then(|| format!("{}s ago", event.duration.as_secs()));
    let message = message(&event.site, event.phase);
    match event.phase {
        Phase::Started | Phase::Continues => {
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

fn message(site: &LossSite, phase: Phase) -> &'static str {
    use Phase::{Continues, Ended, Started};
    match (site, phase) {
        (LossSite::Dropped { .. }, Started) => "records are dropped",
        (LossSite::Dropped { .. }, Continues) => "records are still dropped",
        (LossSite::Dropped { .. }, Ended) => "no more records are dropped",
        (LossSite::Unreadable { .. }, Started) => "records cannot be read, and are dropped",
        (LossSite::Unreadable { .. }, Continues) => "records still cannot be read, and are dropped",
        (LossSite::Unreadable { .. }, Ended) => "all records can be read again",
        (LossSite::Unconfirmed { .. }, Started) => {
            "records were sent, and no answer came in time: they may be lost"
        }
        (LossSite::Unconfirmed { .. }, Continues) => {
            "records are sent, and still no answer comes in time: they may be lost"
        }
        (LossSite::Unconfirmed { .. }, Ended) => "no more records are unconfirmed",
        (LossSite::Upstream { .. }, Started) => {
            "Cilium loses events before they reach the socket; the count is a lower bound, since \
             Cilium does not report all of them"
        }
        (LossSite::Upstream { .. }, Continues) => {
            "Cilium still loses events before they reach the socket; the count is a lower bound, \
             since Cilium does not report all of them"
        }
        (LossSite::Upstream { .. }, Ended) => {
            "Cilium reports no more lost events; the total is a lower bound"
        }
    }
}
