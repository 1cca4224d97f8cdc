//! Gathers endpoints that are asked for, so that many pods that start at a time cost few requests.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long others are waited for after an endpoint was asked for.
const GATHER: Duration = Duration::from_secs(1);
/// The shortest time between two rounds.
const INTERVAL: Duration = Duration::from_secs(5);
/// The most endpoints that are read one by one: beyond these, one list costs the agent less, and it
/// allows four such requests at a time (`daemon/restapi/api_limits.go`, v1.12 to v1.20).
const MAX_ENDPOINTS: usize = 4;

/// The endpoints to read one by one, and when.
#[derive(Debug, Default)]
pub(super) struct Round {
    endpoints: VecDeque<u16>,
    /// The endpoint that is being read. If it is asked for meanwhile, it is read once more.
    reading: Option<u16>,
    /// When these endpoints are read.
    due: Option<Instant>,
    /// When the next round is, or the last one was.
    at: Option<Instant>,
}

impl Round {
    /// When to read what is asked for now.
    pub(super) fn time(&self, now: Instant) -> Instant {
        match self.at {
            Some(at) if at > now => at,
            Some(at) => (now + GATHER).max(at + INTERVAL),
            None => now + GATHER,
        }
    }

    /// Notes that something is read in the round of this time.
    pub(super) fn plan(&mut self, at: Instant) {
        self.at = Some(at);
    }

    /// Adds an endpoint to the planned round, or to one that has begun. Returns `false` if there are too
    /// many to be read one by one.
    pub(super) fn add(&mut self, id: u16) -> bool {
        self.due = self.due.or(self.at);
        if !self.endpoints.contains(&id) {
            self.endpoints.push_back(id);
        }
        self.endpoints.len() <= MAX_ENDPOINTS
    }

    /// The next endpoint to read.
    pub(super) fn next(&self, now: Instant) -> Option<u16> {
        let is_due = self.due.is_some_and(|due| due <= now);
        self.endpoints.front().copied().filter(|_| is_due)
    }

    /// When there is an endpoint to read.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Notes that the next endpoint is being read.
    pub(super) fn began(&mut self) {
        self.reading = self.endpoints.pop_front();
    }

    /// Has the endpoint that could not be read for now read again.
    pub(super) fn put_back(&mut self) {
        if let Some(id) = self.reading.take()
            && !self.endpoints.contains(&id)
        {
            self.endpoints.push_front(id);
        }
    }

    /// Notes that the endpoint was read.
    pub(super) fn done(&mut self) {
        self.reading = None;
        if self.endpoints.is_empty() {
            self.due = None;
        }
    }

    /// Gives up the endpoints.
    pub(super) fn clear(&mut self) {
        self.endpoints.clear();
        self.reading = None;
        self.due = None;
    }
}
