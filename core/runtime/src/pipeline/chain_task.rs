//! A chain of processors in one task: no channel between them, one batch at a time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Instant, Interval, interval_at};

use tidegate_model::batch::{Batch, Pool};
use tidegate_model::tally::Tally;
use tidegate_model::time::Timestamp;

use super::handover::HandoverOrder;
use super::stage_cursor::StageCursor;
use crate::edge::{Delivery, Inbox};
use crate::fan_out::{FanOut, send};
use crate::ledger::{StageCounters, Ticket};
use crate::resend::ResendSubscription;
use crate::stage::{Processor, StageError, Stateful};

/// Maximum number of records in one batch that a processor creates.
const MOST_AT_ONCE: usize = 2048;

/// The processors of a chain, and the edges behind the last one.
pub(super) struct ChainTask {
    steps: Vec<ChainStage>,
    exits: Arc<FanOut>,
    pool: Pool,
    tally: Tally,
    place: StageCursor,
    resends: ResendSubscription,
}

/// One processor with its counters.
pub(super) struct ChainStage {
    processor: Box<dyn Processor>,
    counters: Arc<StageCounters>,
    next_tick: Option<(Duration, Instant)>,
}

impl ChainStage {
    pub(super) fn new(processor: Box<dyn Processor>, counters: Arc<StageCounters>) -> Self {
        let next_tick = processor
            .tick_every()
            .map(|every| (every, Instant::now() + every));
        Self {
            processor,
            counters,
            next_tick,
        }
    }
}

impl ChainTask {
    pub(super) fn new(
        steps: Vec<ChainStage>,
        exits: Arc<FanOut>,
        pool: Pool,
        place: StageCursor,
        resends: ResendSubscription,
    ) -> Self {
        Self {
            steps,
            exits,
            pool,
            tally: Tally::default(),
            place,
            resends,
        }
    }

    /// Runs until the inbox ends, then finishes every processor, in order; or until another chain
    /// takes over.
    pub(super) async fn run(
        mut self,
        mut inbox: Inbox,
        mut orders: oneshot::Receiver<HandoverOrder>,
    ) -> Result<(), StageError> {
        self.open_routes();
        let mut order = None;
        let mut ticks = self.ticks();
        // The sender of orders may be dropped without having sent one.
        let mut listens = true;
        loop {
            tokio::select! {
                biased;
                received = &mut orders, if listens => {
                    listens = false;
                    order = received.ok();
                    if order.as_ref().is_some_and(|order| order.at_once) {
                        break;
                    }
                }
                _ = ticks.tick() => {
                    self.tick().await;
                    // A long tick does not starve the inbox.
                    ticks.reset();
                }
                delivery = inbox.recv() => match delivery {
                    Some(delivery) => self.deliver(delivery).await,
                    None => break,
                },
            }
        }
        if listens {
            // Accept an order that was sent before the inbox ended, and refuse later ones.
            orders.close();
            order = orders.try_recv().ok();
        }
        match order {
            Some(order) => self.hand_over(order, inbox).await,
            None => self.finish().await,
        }
        Ok(())
    }

    fn open_routes(&self) {
        for pair in self.steps.windows(2) {
            pair[0]
                .counters
                .route(std::iter::once(pair[1].counters.stage()));
        }
        self.exits.put_in_use();
    }

    /// A timer with the shortest interval of the chain, or a day without one. Ticks before a
    /// processor is due are harmless.
    fn ticks(&self) -> Interval {
        let shortest = self
            .steps
            .iter()
            .filter_map(|step| step.next_tick.map(|(every, _)| every))
            .min();
        let every = shortest
            .unwrap_or(Duration::from_secs(86_400))
            .max(Duration::from_millis(1));
        interval_at(Instant::now() + every, every)
    }

    async fn finish(mut self) {
        for at in 0..self.steps.len() {
            self.repeat_if_requested();
            self.empty(at, |processor, out| processor.finish(Timestamp::now(), out))
                .await;
        }
    }

    /// Hands over unchanged processors, the state of changed ones, and the inbox if it is not
    /// drained. Records that changed processors still hold go to the old edges.
    async fn hand_over(mut self, HandoverOrder { handover, at_once }: HandoverOrder, inbox: Inbox) {
        for at in 0..self.steps.len() {
            let ChainStage {
                processor,
                counters,
                ..
            } = &mut self.steps[at];
            if !handover.keeps(counters.stage()) {
                self.place.enter(at);
                handover.take_over(counters.stage(), &mut **processor);
                self.empty(at, retire).await;
            }
        }
        if at_once {
            handover.put_inbox(self.steps[0].counters.stage(), inbox);
        }
        for ChainStage {
            processor,
            counters,
            ..
        } in self.steps
        {
            handover.keep(counters.stage(), processor);
        }
    }

    /// Passes on everything that the processor at `at` still has, in portions.
    async fn empty(&mut self, at: usize, push: impl Fn(&mut dyn Processor, &mut Batch)) {
        let mut has_more = true;
        while has_more {
            let mut out = self.pool.take();
            self.place.enter(at);
            let processor = &mut *self.steps[at].processor;
            push(processor, &mut out);
            has_more = processor.has_more();
            self.emit(at, out).await;
        }
    }

    async fn deliver(&mut self, delivery: Delivery) {
        let (mut batch, mut ticket) = delivery.unpack();
        self.process(0, &mut batch, &mut ticket);
        self.pass_on(0, batch, ticket).await;
    }

    async fn tick(&mut self) {
        self.repeat_if_requested();
        for at in 0..self.steps.len() {
            let step = &mut self.steps[at];
            let Some((every, due)) = step.next_tick else {
                continue;
            };
            if Instant::now() >= due {
                step.next_tick = Some((every, Instant::now() + every));
                let mut out = self.pool.take();
                self.place.enter(at);
                step.processor.tick(Timestamp::now(), &mut out);
                self.emit(at, out).await;
            }
        }
    }

    fn repeat_if_requested(&mut self) {
        if self.resends.is_new() {
            self.steps
                .iter_mut()
                .filter_map(|step| step.processor.as_stateful())
                .for_each(Stateful::resend);
        }
    }

    /// Passes on records that the processor at `at` created, in batches that edges have room for.
    async fn emit(&mut self, at: usize, mut batch: Batch) {
        let mut ticket = Ticket::create(&self.steps[at].counters, batch.len() as u64);
        while !batch.is_empty() {
            let rest = batch.split_off(MOST_AT_ONCE);
            let part = ticket.split(batch.len() as u64);
            self.pass_on(at, batch, part).await;
            batch = rest;
        }
    }

    fn process(&mut self, at: usize, batch: &mut Batch, ticket: &mut Ticket) {
        self.tally.clear();
        self.place.enter(at);
        self.steps[at].processor.process(batch, &mut self.tally);
        ticket.processed(&self.tally, batch.len() as u64);
    }

    /// Passes a batch from the processor at `at` to those behind it, then to the edges.
    async fn pass_on(&mut self, at: usize, mut batch: Batch, mut ticket: Ticket) {
        for next in at + 1..self.steps.len() {
            if batch.is_empty() {
                return;
            }
            ticket = ticket.forward_to(&self.steps[next].counters, &batch);
            self.process(next, &mut batch, &mut ticket);
        }
        if self.exits.is_tight(batch.allocated()) {
            // Lets the readers of the edges run, which may be on this thread.
            yield_now().await;
            if self.exits.is_tight(batch.allocated()) {
                batch.shrink();
            }
        }
        send(vec![self.exits.admit(&Arc::new(batch), ticket)]).await;
    }
}

/// Pushes what a processor holds that its replacement did not take over.
fn retire(processor: &mut dyn Processor, out: &mut Batch) {
    let now = Timestamp::now();
    match processor.as_stateful() {
        Some(stateful) => stateful.retire(now, out),
        None => processor.finish(now, out),
    }
}
