//! The outputs of a receiver into its pipelines, which reloads replace while records are flowing.

use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use tidegate_model::batch::Batch;

use crate::edge::EdgeHandle;
use crate::fan_out::{Admitted, FanOut};
use crate::ledger::{Ledger, StageCounters, Ticket};
use crate::stage_id::StageId;
use crate::sync::lock;

/// The output into one pipeline.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    pub(crate) counters: Arc<StageCounters>,
    pub(crate) fan_out: Arc<FanOut>,
}

/// All lanes of a receiver. A record goes to the lanes that were open when it was received.
#[derive(Debug)]
pub(crate) struct Lanes {
    stage: StageId,
    state: RwLock<State>,
    /// The receiver's buffer, if it has one.
    buffer: Mutex<Option<EdgeHandle>>,
}

#[derive(Debug)]
struct State {
    open: Vec<Lane>,
    /// Lanes for records that are in flight, without new ones.
    closing: Vec<Lane>,
}

impl Lanes {
    pub(crate) fn new(stage: &StageId, open: Vec<Lane>) -> Self {
        let state = RwLock::new(State {
            open,
            closing: Vec::new(),
        });
        Self {
            stage: stage.clone(),
            state,
            buffer: Mutex::default(),
        }
    }

    /// Replaces the open lanes.
    pub(crate) fn replace(&self, open: Vec<Lane>, ledger: &Ledger) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::replace(&mut state.open, open);
        let State { open, closing } = &mut *state;
        closing.extend(old);
        closing.retain(|lane| !lane.is_in(open) && !lane.counters.is_idle());
        drop(state);
        if let Some(handle) = lock(&self.buffer).clone() {
            ledger.watch(self.pipelines(), &self.stage, handle.probe());
        }
    }

    /// Adds the receiver's buffer to the ledger.
    pub(super) fn behind(&self, handle: EdgeHandle, ledger: &Ledger) {
        *lock(&self.buffer) = Some(handle.clone());
        ledger.watch(self.pipelines(), &self.stage, handle.probe());
    }

    /// Counts `n` records as received in every open lane.
    pub(super) fn enter(&self, n: u64) -> Ticket {
        let state = self.state();
        Ticket::enter(
            state
                .open
                .iter()
                .map(|lane| Arc::clone(&lane.counters))
                .collect(),
            n,
        )
    }

    /// Admits a batch to the edges behind the lanes in which it was counted.
    pub(super) fn admit(&self, batch: &Arc<Batch>, ticket: Ticket) -> Vec<Admitted> {
        let state = self.state();
        let lanes = || state.open.iter().chain(&state.closing);
        let tickets = ticket.apart().into_iter();
        let admit = |ticket: Ticket| {
            let lane = lanes().find(|lane| ticket.is_in(&lane.counters))?;
            Some(lane.fan_out.admit(batch, ticket))
        };
        let admitted = tickets.filter_map(admit).collect();
        let closing = !state.closing.is_empty();
        drop(state);
        if closing {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            state.closing.retain(|lane| !lane.counters.is_idle());
        }
        admitted
    }

    /// Whether a batch of this many bytes should be shrunk for any of them.
    pub(super) fn are_tight(&self, bytes: usize) -> bool {
        self.state()
            .open
            .iter()
            .any(|lane| lane.fan_out.is_tight(bytes))
    }

    pub(super) fn dropped(&self, reason: &'static str, n: u64) {
        self.state()
            .open
            .iter()
            .for_each(|lane| lane.counters.lost_on_arrival(reason, n));
    }

    fn pipelines(&self) -> String {
        let state = self.state();
        let names: Vec<_> = state
            .open
            .iter()
            .map(|lane| lane.counters.pipeline())
            .collect();
        names.join(",")
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    fn is_in(&self, lanes: &[Self]) -> bool {
        lanes
            .iter()
            .any(|lane| Arc::ptr_eq(&lane.counters, &self.counters))
    }
}
