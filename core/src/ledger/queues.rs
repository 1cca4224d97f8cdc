//! The queues in front of the stages, as the report shows them. A stage that takes another one's
//! place has an inbox of its own, while the old one drains: they are shown as one, and the time
//! that senders waited goes on.

use std::time::Duration;

use super::EdgeReport;
use crate::edge::{Door, Limits, Queued};

/// All queues, by the pipelines that feed them and the stage that reads them.
#[derive(Debug, Default)]
pub(super) struct Queues(Vec<Row>);

#[derive(Debug)]
struct Row {
    pipelines: String,
    stage: String,
    /// Of the queue that came last.
    limits: Limits,
    doors: Vec<Door>,
    /// Waited before those that are over were over.
    blocked: Duration,
}

impl Queues {
    /// Shows a queue, in place of where it was shown before.
    pub(super) fn watch(&mut self, pipelines: String, stage: &str, door: Door) {
        self.0
            .iter_mut()
            .for_each(|row| row.doors.retain(|other| !other.is(&door)));
        let known = self
            .0
            .iter_mut()
            .find(|row| row.pipelines == pipelines && row.stage == stage);
        match known {
            Some(row) => {
                row.limits = door.limits();
                row.doors.push(door);
            }
            None => {
                let (limits, stage, blocked) = (door.limits(), stage.to_owned(), Duration::ZERO);
                let row = Row {
                    pipelines,
                    stage,
                    limits,
                    doors: vec![door],
                    blocked,
                };
                self.0.push(row);
            }
        }
    }

    /// Leaves out what nobody reads any more where the stage has ended.
    pub(super) fn forget(&mut self, has_ended: impl Fn(&str) -> bool) {
        self.0.iter_mut().for_each(Row::settle);
        self.0
            .retain(|row| !row.doors.is_empty() || !has_ended(&row.stage));
    }

    pub(super) fn report(&mut self) -> Vec<EdgeReport> {
        self.0.iter_mut().map(Row::report).collect()
    }
}

impl Row {
    fn settle(&mut self) {
        let blocked = &mut self.blocked;
        self.doors.retain(|door| {
            let over = door.is_over();
            *blocked += if over { door.blocked() } else { Duration::ZERO };
            !over
        });
    }

    fn report(&mut self) -> EdgeReport {
        self.settle();
        let mut queued = Queued::default();
        self.doors.iter().for_each(|door| queued += door.queued());
        let blocked = self
            .doors
            .iter()
            .fold(self.blocked, |sum, door| sum + door.blocked());
        EdgeReport {
            pipeline: self.pipelines.clone(),
            stage: self.stage.clone(),
            queue_records: queued.records,
            queue_bytes: queued.bytes,
            queue_series: queued.series,
            max_records: self.limits.records as u64,
            max_bytes: self.limits.bytes as u64,
            max_series: self.limits.series as u64,
            when_full: self.limits.when_full,
            blocked_seconds: blocked.as_secs_f64(),
        }
    }
}
