//! The end of the queue: what is left is sent until a deadline, and then stays on disk or is dropped.

use super::RequestQueue;
use crate::otlp::delivery::RequestOutcome;
use crate::otlp::failure::drop_reason;

impl RequestQueue {
    /// Sends everything until that is done or the deadline has passed. What is left then stays on
    /// disk, or is dropped.
    pub(in crate::otlp) async fn drain(&mut self) {
        let mut deadline = self.deadline_passed.subscribe();
        while !self.is_empty() {
            tokio::select! {
                biased;
                _ = deadline.wait_for(|passed| *passed) => break,
                () = self.progress() => {}
            }
        }
        // The requests in flight see the deadline, too.
        loop {
            self.give_up_new();
            if self.in_flight.len() == 0 && self.sealing.is_none() && self.worker.is_idle() {
                break;
            }
            tokio::select! {
                biased;
                finished = self.in_flight.next() => self.request_done(finished),
                result = self.worker.next() => self.job_done(result),
            }
            self.start_job(false);
        }
        while let Some(request) = self.waiting.pop() {
            request.leave(drop_reason::DRAIN_TIMEOUT);
        }
        if let Some(stored) = &mut self.stored {
            stored.leave();
        }
        self.update_gauges();
    }

    /// Drops the new request if it still waits for room on the disk when the deadline has passed.
    pub(super) fn give_up_new(&mut self) {
        if !self.waits_for_room || !*self.deadline_passed.borrow() || self.new.take().is_none() {
            return;
        }
        if let Some((_, tickets)) = self.sealing.take() {
            tickets.settle(RequestOutcome::Dropped(drop_reason::DRAIN_TIMEOUT));
        }
    }
}
