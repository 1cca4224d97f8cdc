//! The requests that wait for a receiver.

use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::sync::Notify;

use super::{Request, RequestKind};
use crate::stage_id::StageId;
use crate::sync::lock;
use crate::telemetry::{Counter, Telemetry};

/// The most requests of one kind that wait for a receiver. A flood of one kind does not displace
/// requests of another.
pub const MAX_WAITING: usize = 64;

/// Counter of requests by the receiver that takes them (`stage`), kind (`request`) and `result`:
/// read, an equal one was waiting already, or dropped since too many were.
pub const REQUESTS: &str = "tidegate_requests_total";

/// The queue of a receiver.
#[derive(Debug, Default)]
pub(super) struct RequestQueue {
    /// The kinds that it takes, each with its counters.
    takes: Vec<(RequestKind, Counters)>,
    state: Mutex<State>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Whether there is a reader.
    is_open: bool,
    /// In the order of their arrival.
    waiting: VecDeque<Request>,
}

#[derive(Debug, Default)]
struct Counters {
    read: Counter,
    duplicate: Counter,
    dropped: Counter,
}

impl RequestQueue {
    pub(super) fn new(stage: &StageId, takes: &[RequestKind], telemetry: &Telemetry) -> Self {
        let counters = |kind: &RequestKind| (*kind, Counters::new(stage, *kind, telemetry));
        Self {
            takes: takes.iter().map(counters).collect(),
            ..Self::default()
        }
    }

    /// The kinds that it takes, as bits.
    pub(super) fn taken(&self) -> u8 {
        self.takes
            .iter()
            .fold(0, |bits, (kind, _)| bits | kind.bit())
    }

    /// Adds a request, if it takes the kind, has a reader, and no equal one is waiting. If too many
    /// of the kind are, the oldest of them is dropped.
    pub(super) fn push(&self, request: Request) {
        let Some(counters) = self.counters(request.kind()) else {
            return;
        };
        let mut state = lock(&self.state);
        if !state.is_open {
            return;
        }
        if state.waiting.contains(&request) {
            counters.duplicate.add(1);
            return;
        }
        if state.drop_oldest_if_full(request.kind()) {
            counters.dropped.add(1);
        }
        state.waiting.push_back(request);
        drop(state);
        self.filled.notify_one();
    }

    /// Takes the oldest request.
    pub(super) fn pop(&self) -> Option<Request> {
        let request = lock(&self.state).waiting.pop_front()?;
        if let Some(counters) = self.counters(request.kind()) {
            counters.read.add(1);
        }
        Some(request)
    }

    /// Waits until a request may have arrived.
    pub(super) async fn filled(&self) {
        self.filled.notified().await;
    }

    pub(super) fn open(&self) {
        lock(&self.state).is_open = true;
    }

    /// Drops what is waiting, and takes no more.
    pub(super) fn close(&self) {
        let mut state = lock(&self.state);
        state.is_open = false;
        for request in state.waiting.drain(..) {
            if let Some(counters) = self.counters(request.kind()) {
                counters.dropped.add(1);
            }
        }
    }

    fn counters(&self, kind: RequestKind) -> Option<&Counters> {
        let found = self.takes.iter().find(|(taken, _)| *taken == kind);
        found.map(|(_, counters)| counters)
    }
}

impl State {
    /// Makes room for a request of this kind; returns whether another one was dropped for it.
    fn drop_oldest_if_full(&mut self, kind: RequestKind) -> bool {
        let mut of_kind = (0..self.waiting.len()).filter(|at| self.waiting[*at].kind() == kind);
        let oldest = of_kind.next();
        let is_full = oldest.is_some() && of_kind.count() + 1 >= MAX_WAITING;
        match oldest {
            Some(at) if is_full => self.waiting.remove(at).is_some(),
            _ => false,
        }
    }
}

impl Counters {
    fn new(stage: &StageId, kind: RequestKind, telemetry: &Telemetry) -> Self {
        let counter = |result| {
            let help = "Requests of other stages to a receiver.";
            let labels = [
                ("stage", stage.as_str()),
                ("request", kind.name()),
                ("result", result),
            ];
            telemetry.counter(REQUESTS, help, &labels)
        };
        Self {
            read: counter("read"),
            duplicate: counter("duplicate"),
            dropped: counter("dropped"),
        }
    }
}
