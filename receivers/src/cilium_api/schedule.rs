//! What is read when: a state machine without a clock, a socket or a random number of its own.

mod round;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tidegate_runtime::requests::{Request, ResyncCause};

use super::config::{ApiList, Config, Retry};
use super::failure::Remedy;
use super::source::Source;
use round::Round;

/// The longest wait for the first connection to the monitor socket.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The shortest time between two readings because of losses.
const RESYNC_INTERVAL: Duration = Duration::from_secs(60);
/// When something that is switched off is tried again.
const LATER: Duration = Duration::from_secs(600);
/// How long after the last request for an identity a failure to read one counts: stages ask again
/// after a minute for what they still need.
const IDENTITY_FAILURE: Duration = Duration::from_secs(120);
/// The most identities that wait to be read one by one.
const MAX_WANTED: usize = 64;
/// The most streams whose end is waited for.
const MAX_STREAMS: usize = 16;

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Read the release or a list.
    Read(Source),
    /// Read the labels of an identity.
    ReadIdentity(u32),
    /// Read one endpoint.
    ReadEndpoint(u16),
    /// Do nothing until this time, or until a request arrives.
    Wait(Option<Instant>),
}

/// The state of what is read.
#[derive(Debug)]
pub(super) struct Schedule {
    refresh: Duration,
    retry: Retry,
    /// By [`Source::index`].
    sources: [SourceState; Source::COUNT],
    /// Identities to read one by one, the oldest first.
    wanted: VecDeque<u32>,
    /// When an identity was last requested.
    last_wanted: Option<Instant>,
    /// Endpoints to read one by one.
    round: Round,
    /// The streams of the monitor socket that have begun.
    streams: Vec<u32>,
    /// Whether a stream has ended and none is left, so that the agent may be restarting.
    is_paused: bool,
    /// Nothing is read before this time.
    blocked_until: Option<Instant>,
    /// Failed attempts to connect, one after the other.
    unreachable: u32,
    /// When everything was last requested anew, or will be.
    last_resync: Option<Instant>,
    /// What is being read.
    reading: Option<Source>,
}

/// The state of one source.
#[derive(Clone, Copy, Debug, Default)]
struct SourceState {
    is_configured: bool,
    due: Option<Instant>,
    /// When it is to be read once more, because of what happened while it was being read.
    again: Option<Instant>,
    /// Failures, one after the other.
    failures: u32,
}

impl Schedule {
    pub(super) fn new(config: &Config, now: Instant) -> Self {
        let mut sources = [SourceState::default(); Source::COUNT];
        let lists = config.lists.iter().map(|list| Source::List(*list));
        for source in lists.chain([Source::Release]) {
            sources[source.index()] = SourceState {
                is_configured: true,
                due: Some(now + FIRST_WAIT),
                again: None,
                failures: 0,
            };
        }
        sources[Source::Identity.index()].is_configured =
            config.lists.contains(&ApiList::Identities);
        Self {
            refresh: config.refresh.0,
            retry: config.retry,
            sources,
            wanted: VecDeque::new(),
            last_wanted: None,
            round: Round::default(),
            streams: Vec::new(),
            is_paused: false,
            blocked_until: None,
            unreachable: 0,
            last_resync: None,
            reading: None,
        }
    }

    pub(super) fn next(&self, now: Instant) -> Step {
        if self.is_paused {
            return Step::Wait(None);
        }
        if let Some(until) = self.blocked_until.filter(|until| *until > now) {
            return Step::Wait(Some(until));
        }
        let lists = || Source::all().filter(|source| !source.is_single());
        let due = |source: &Source| self.sources[source.index()].due;
        // What has waited longest comes first, so that a source that times out again and again does
        // not keep others waiting.
        let is_due = |source: &Source| due(source).is_some_and(|due| due <= now);
        if let Some(source) = lists().filter(is_due).min_by_key(due) {
            return Step::Read(source);
        }
        if let Some(endpoint) = self.round.next(now) {
            return Step::ReadEndpoint(endpoint);
        }
        let after = self.sources[Source::Identity.index()].due;
        match self.wanted.front() {
            Some(identity) if after.is_none_or(|after| after <= now) => {
                Step::ReadIdentity(*identity)
            }
            wanted => {
                let identity = after.filter(|_| wanted.is_some());
                let singles = identity.into_iter().chain(self.round.due());
                Step::Wait(
                    lists()
                        .filter_map(|source| due(&source))
                        .chain(singles)
                        .chain(self.identity_failures_end())
                        .min(),
                )
            }
        }
    }

    /// Takes a request; returns whether what is being read is out of date. `jitter` is in 0..1.
    pub(super) fn requested(&mut self, request: Request, now: Instant, jitter: f64) -> bool {
        match request {
            Request::StreamStarted(stream) => {
                self.begin_stream(stream, now);
                true
            }
            Request::StreamEnded(stream) => {
                self.streams.retain(|known| *known != stream);
                self.is_paused = self.streams.is_empty();
                if self.is_paused {
                    self.reading = None;
                    self.wanted.clear();
                    self.round.clear();
                }
                self.is_paused
            }
            Request::Resync(ResyncCause::NewTable) => {
                self.renew_all(now);
                false
            }
            Request::Resync(_) => {
                self.resync(now, jitter);
                false
            }
            Request::IdentityWanted(identity) => {
                self.want(identity, now);
                false
            }
            Request::EndpointWanted(endpoint) => {
                self.want_endpoint(endpoint, now);
                false
            }
            Request::CgroupsWanted => {
                self.want_list(ApiList::Cgroups, now);
                false
            }
            Request::RuleLogsWanted => {
                self.want_list(ApiList::RuleLogs, now);
                false
            }
        }
    }

    /// Has everything read for a stream that has begun.
    fn begin_stream(&mut self, stream: u32, now: Instant) {
        self.streams.retain(|known| *known != stream);
        if self.streams.len() < MAX_STREAMS {
            self.streams.push(stream);
        }
        self.is_paused = false;
        self.blocked_until = None;
        self.unreachable = 0;
        self.last_resync = Some(now);
        self.reading = None;
        for source in self.configured() {
            source.due = Some(now);
            source.failures = 0;
        }
        self.round = Round::default();
        for single in [Source::Identity, Source::Endpoint] {
            let state = &mut self.sources[single.index()];
            state.due = None;
            state.failures = 0;
        }
    }

    /// Ends the failures of single identities if none was requested for a while; returns whether it
    /// did.
    pub(super) fn forget_identity_failures(&mut self, now: Instant) -> bool {
        let is_over = self.identity_failures_end().is_some_and(|end| end <= now);
        if is_over {
            self.sources[Source::Identity.index()].failures = 0;
        }
        is_over
    }

    fn identity_failures_end(&self) -> Option<Instant> {
        let has_failed = self.sources[Source::Identity.index()].failures > 0;
        let last = self.last_wanted.filter(|_| has_failed)?;
        self.wanted.is_empty().then_some(last + IDENTITY_FAILURE)
    }

    /// Has everything read again, at most once in [`RESYNC_INTERVAL`].
    fn resync(&mut self, now: Instant, jitter: f64) {
        let earliest = self.last_resync.map(|last| last + RESYNC_INTERVAL);
        let at = earliest.unwrap_or(now).max(now) + Duration::from_secs_f64(jitter);
        if self.last_resync.is_some_and(|last| last > now) {
            return;
        }
        self.last_resync = Some(at);
        self.renew_all(at);
    }

    /// Has everything read again at this time. What has failed keeps its pause.
    fn renew_all(&mut self, at: Instant) {
        for source in Source::all().filter(|source| !source.is_single()) {
            self.renew(source, at);
        }
    }

    /// Has a list read at this time at the latest, and once more if it is being read. What has failed
    /// keeps its pause.
    fn renew(&mut self, source: Source, at: Instant) {
        let is_being_read = self.reading == Some(source);
        let state = &mut self.sources[source.index()];
        let is_pausing = state.failures > 0 && !is_being_read;
        if state.is_configured && !is_pausing {
            let time = if is_being_read {
                &mut state.again
            } else {
                &mut state.due
            };
            *time = Some(time.map_or(at, |time| time.min(at)));
        }
    }

    /// Takes that a source is being read.
    pub(super) fn began(&mut self, source: Source) {
        self.reading = Some(source);
        self.sources[source.index()].again = None;
        if source == Source::Endpoint {
            self.round.began();
        }
    }

    fn want(&mut self, identity: u32, now: Instant) {
        self.last_wanted = Some(now);
        let is_read = self.sources[Source::Identity.index()].is_configured;
        if is_read && self.wanted.len() < MAX_WANTED && !self.wanted.contains(&identity) {
            self.wanted.push_back(identity);
        }
    }

    /// Has an endpoint read in the next round, and the control groups of its containers with it.
    fn want_endpoint(&mut self, endpoint: u16, now: Instant) {
        let source = Source::List(ApiList::Endpoints);
        let list = self.sources[source.index()];
        let at = self.round.time(now);
        let is_listed_by_then =
            list.due.is_some_and(|due| due <= at) && self.reading != Some(source);
        if !list.is_configured || is_listed_by_then {
            return;
        }
        self.round.plan(at);
        self.renew(Source::List(ApiList::Cgroups), at);
        let after = self.sources[Source::Endpoint.index()].due;
        let is_refused = after.is_some_and(|after| after > at);
        if is_refused || !self.round.add(endpoint) {
            self.round.clear();
            self.renew(Source::List(ApiList::Endpoints), at);
        }
    }

    /// Has a list read in the next round.
    fn want_list(&mut self, list: ApiList, now: Instant) {
        let at = self.round.time(now);
        self.round.plan(at);
        self.renew(Source::List(list), at);
    }

    /// All that is configured, apart from single identities and endpoints.
    fn configured(&mut self) -> impl Iterator<Item = &mut SourceState> {
        let lists = self.sources[..Source::LISTS].iter_mut();
        lists.filter(|source| source.is_configured)
    }

    /// Takes the success of a source. `jitter` is in 0..1.
    pub(super) fn succeeded(&mut self, source: Source, now: Instant, jitter: f64) {
        self.unreachable = 0;
        let refresh = self.refresh.mul_f64(0.9 + 0.2 * jitter);
        let is_refreshed = source.changes_silently() && !self.refresh.is_zero();
        self.reading = None;
        let again = self.sources[source.index()].again;
        self.sources[source.index()] = SourceState {
            due: is_refreshed
                .then(|| now + refresh)
                .into_iter()
                .chain(again)
                .min(),
            again: None,
            failures: 0,
            ..self.sources[source.index()]
        };
        match source {
            Source::Identity => {
                self.wanted.pop_front();
            }
            Source::Endpoint => self.round.done(),
            Source::Release | Source::List(_) => {}
        }
    }

    /// Takes the failure of a source. `jitter` is in 0..1.
    pub(super) fn failed(&mut self, source: Source, remedy: Remedy, now: Instant, jitter: f64) {
        self.reading = None;
        if remedy == Remedy::RetryAll {
            self.round.put_back();
            self.blocked_until = Some(now + self.pause(self.unreachable, jitter));
            self.unreachable = self.unreachable.saturating_add(1);
            return;
        }
        self.unreachable = 0;
        let failures = self.sources[source.index()].failures;
        let pause = match remedy {
            Remedy::RetryLater | Remedy::Unsupported => LATER.mul_f64(0.9 + 0.2 * jitter),
            Remedy::Retry(asked_for) => self.pause(failures, jitter).max(asked_for),
            Remedy::RetryAll => self.pause(failures, jitter),
        };
        let state = &mut self.sources[source.index()];
        state.due = Some(now + pause);
        state.failures = failures.saturating_add(1);
        match source {
            Source::Identity => {
                self.wanted.pop_front();
            }
            // The list has the same.
            Source::Endpoint => {
                self.round.clear();
                self.want_list(ApiList::Endpoints, now);
            }
            Source::Release | Source::List(_) => {}
        }
    }

    /// The pause after this many failures in front of the last one.
    fn pause(&self, failures: u32, jitter: f64) -> Duration {
        let bound = self
            .retry
            .initial
            .get()
            .saturating_mul(1 << failures.min(20));
        bound.min(self.retry.max.get()).mul_f64(0.5 + 0.5 * jitter)
    }
}

#[cfg(test)]
mod tests;
