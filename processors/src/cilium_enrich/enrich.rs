//! The processor.

use std::any::Any;
use std::time::Duration;

use tidegate_model::names::{NamesList, NamesSource};
use tidegate_model::record::{DebugEvent, Lost, LostSource};
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Outcome, Record, Timestamp};
use tidegate_names::{InterfaceViews, RejectReason, Settings, SharedTable, Views};
use tidegate_runtime::component::BuildContext;
use tidegate_runtime::requests::{Request, RequestKind, Requests, ResyncCause};
use tidegate_runtime::stage::{Processor, Stateful};

use super::metrics::Metrics;
use super::policy_requests::PolicyRequests;
use super::{Config, EVICTED, change_log};

/// How often the age of lists is updated.
const TICK: Duration = Duration::from_secs(10);
/// How long a new table waits for lists until it asks for them: receivers that were there before it
/// have sent them already, and those that start with it send them within this time.
const MAX_WAIT: Duration = Duration::from_secs(5);
/// If records are older than those before them by more than this, the wall clock was set back.
/// Receivers of the same pipeline differ by less.
const SET_BACK: Duration = Duration::from_secs(10);

/// Names flows from a shared table.
#[derive(Debug)]
pub(super) struct CiliumEnrich {
    pub(super) table: SharedTable,
    pub(super) views: Views,
    pub(super) interfaces: InterfaceViews,
    pub(super) skips_unknown_cgroups: bool,
    pub(super) requests: Requests,
    pub(super) policy_requests: PolicyRequests,
    settings: Settings,
    metrics: Metrics,
    /// The entries that were rejected from the current batch.
    rejected: Vec<RejectReason>,
    /// When a new table asks for lists; `None` after that.
    asks_at: Option<Timestamp>,
    /// The time of the last batch.
    latest: Timestamp,
}

impl CiliumEnrich {
    pub(super) fn new(config: &Config, table: SharedTable, context: &BuildContext) -> Self {
        Self {
            views: Views::new(&table),
            table,
            interfaces: InterfaceViews::default(),
            skips_unknown_cgroups: config.skip_unknown_cgroups,
            settings: config.settings(),
            requests: context.requests.clone(),
            policy_requests: PolicyRequests::default(),
            metrics: Metrics::new(context),
            rejected: Vec::new(),
            asks_at: Some(Timestamp::default()),
            latest: Timestamp::default(),
        }
    }

    /// Processes a record. Returns whether it may have changed the table.
    fn process_record(&mut self, record: &mut Record) -> (Outcome, bool) {
        match record {
            Record::Flow(flow) => (self.name_flow(flow), false),
            Record::AgentEvent(event) => {
                let reason = self.views.writer().apply(event).err();
                change_log::log(event, reason);
                self.rejected.extend(reason);
                (Outcome::Keep, true)
            }
            Record::Names(names) => {
                change_log::log_names(names);
                self.rejected
                    .extend(self.views.writer().absorb(names.take()));
                (Outcome::Absorbed, true)
            }
            Record::DebugEvent(event) => {
                self.name_reporter(event);
                (Outcome::Keep, false)
            }
            Record::Lost(lost) => {
                self.note_loss(lost);
                (Outcome::Keep, false)
            }
            _ => (Outcome::Keep, false),
        }
    }

    fn name_reporter(&self, event: &mut DebugEvent) {
        if event.source != 0
            && let Some((identity, names)) = self.views.endpoint(event.source)
        {
            event.source_identity = identity;
            event.source_names = names;
        }
    }

    /// Asks for new lists if announcements may have been lost. Those do not pass the perf ring of the
    /// datapath, so what was lost there does not matter.
    fn note_loss(&self, lost: &Lost) {
        let cause = match lost.source {
            LostSource::PerfEventRingBuffer => return,
            LostSource::ObserverEventsQueue => ResyncCause::PipelineFull,
            LostSource::Unknown | LostSource::HubbleRingBuffer => ResyncCause::UpstreamLost,
        };
        self.requests.send(Request::Resync(cause));
    }

    /// Asks for the lists of a table that was added after they had been sent.
    fn ask_for_lists(&mut self, now: Timestamp) {
        match self.asks_at {
            Some(at) if at == Timestamp::default() => self.asks_at = Some(now + MAX_WAIT),
            Some(at) if at <= now => {
                self.asks_at = None;
                if !self.has_lists() {
                    self.requests.send(Request::Resync(ResyncCause::NewTable));
                }
            }
            _ => {}
        }
    }

    /// Whether lists have arrived, and not only some of the agent's: those that it does not announce are
    /// read more often.
    fn has_lists(&self) -> bool {
        let lists = self.table.counts().lists;
        let has = |list| {
            lists
                .iter()
                .any(|one| (one.0, one.1) == (NamesSource::CiliumApi, list))
        };
        let mut sources = lists.iter().map(|(source, ..)| *source);
        has(NamesList::Addresses)
            || has(NamesList::Endpoints)
            || sources.any(|source| source != NamesSource::CiliumApi)
    }

    /// Follows the clock of the records. If it was set back, lists that were read since then may have
    /// been ignored.
    fn follow_clock(&mut self, now: Timestamp) {
        if now.is_known() && self.latest.since(now) > SET_BACK {
            let seconds = self.latest.since(now).as_secs();
            tracing::info!(seconds, "the wall clock was set back; names are read again");
            self.views.set_back(now);
            self.policy_requests = PolicyRequests::default();
            self.asks_at = None;
            self.requests
                .send(Request::Resync(ResyncCause::ClockSetBack));
        }
        self.latest = now;
    }

    /// Asks for what flows and announcements show to be missing.
    fn ask_for_entries(&mut self, now: Option<Timestamp>) {
        while let Some(identity) = self.views.next_wanted() {
            self.requests.send(Request::IdentityWanted(identity));
        }
        if self.views.take_wanted_cgroups() {
            self.requests.send(Request::CgroupsWanted);
        }
        if let Some(now) = now {
            self.ask_for_endpoints(now);
        }
    }

    /// Asks for endpoints, if one of the pipeline's receivers can answer: others may have another.
    fn ask_for_endpoints(&self, now: Timestamp) {
        if self.requests.is_taken(RequestKind::EndpointWanted) {
            while let Some(id) = self.table.next_wanted_endpoint(now) {
                self.requests.send(Request::EndpointWanted(id));
            }
        }
    }
}

impl Processor for CiliumEnrich {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        let is_taken = self.requests.is_taken(RequestKind::IdentityWanted);
        self.views.want_identities(is_taken);
        let mut is_changed = false;
        let last = batch.records().iter().rev().find_map(time_of);
        if let Some(now) = batch.records().iter().find_map(time_of) {
            self.follow_clock(now);
            is_changed = self.views.writer().expire(now);
            self.ask_for_lists(now);
        }
        batch.sift(tally, |record, _| {
            let (outcome, may_change) = self.process_record(record);
            is_changed |= may_change;
            outcome
        });
        self.rejected.extend(self.views.take_rejected());
        for reason in self.rejected.drain(..) {
            tally.note(reason.as_str());
        }
        self.ask_for_entries(last);
        self.metrics.count_unnamed(self.views.take_unnamed());
        if is_changed {
            let counts = self.table.counts();
            if counts.evicted != 0 {
                tally.note_times(EVICTED, self.table.take_evicted());
            }
            self.metrics.set_entries(&counts);
        }
    }

    fn tick_every(&self) -> Option<Duration> {
        Some(TICK)
    }

    fn tick(&mut self, now: Timestamp, _: &mut Batch) {
        let counts = self.table.counts();
        self.metrics.set_entries(&counts);
        self.metrics.set_ages(&counts, now);
        self.ask_for_endpoints(now);
    }

    fn as_stateful(&mut self) -> Option<&mut dyn Stateful> {
        Some(self)
    }
}

impl Stateful for CiliumEnrich {
    /// Continues with the table of the processor that it replaces, under the new settings.
    fn take_over(&mut self, old: &mut dyn Stateful) {
        if let Some(old) = (old as &mut dyn Any).downcast_ref::<Self>() {
            self.table = old.table.clone();
            self.table.configure(self.settings);
            self.views = Views::new(&self.table);
            self.interfaces = InterfaceViews::default();
            self.asks_at = None;
        }
    }
}

/// The time of a record, on the clock of frames.
fn time_of(record: &Record) -> Option<Timestamp> {
    match record {
        Record::Flow(flow) => Some(flow.time),
        Record::AgentEvent(event) => Some(event.time),
        Record::DebugEvent(event) => Some(event.time),
        _ => None,
    }
}
