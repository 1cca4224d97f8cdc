//! The queued metric points of an edge: the newest one of each series.
//!
//! A point is a state, not an event: a newer point of a series replaces an older one. So points are
//! queued apart from other records, at most one for each series. They do not compete with other
//! records for room, and no policy of a full queue drops them. A queued point that is replaced is
//! absorbed, and noted as superseded.
//!
//! In front of an exporter, the edge also tracks which series its reader has received and whose end
//! it has not. The end of a series that it never received is absorbed, and that of one that it did
//! receive always fits. A series beyond the limit is dropped and counted; as soon as there is room,
//! the processors of its pipeline are requested to resend their series. In front of a processor,
//! which cannot be stuck forever, senders wait instead.

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::HashMap;

use tidegate_model::batch::Batch;
use tidegate_model::metric::{Point, Series, Value};
use tidegate_model::record::Record;
use tidegate_model::time::Timestamp;

use crate::ledger::{StageCounters, Ticket, reason};
use crate::resend::ResendRequests;

/// Maximum number of points in one delivery.
const MAX_POINTS: usize = 256;
/// Number of outdated entries of the order that are tolerated before a clean-up.
const OUTDATED_LIMIT: usize = 64;

/// The role of the reader of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// An exporter, which receives all its series through this edge.
    Exporter,
    /// A stage behind which there may be series that arrived another way.
    Processor,
}

/// The queued points, and the series that the reader has.
#[derive(Debug)]
pub(super) struct Points {
    reader: Reader,
    /// Maximum number of series.
    max_series: usize,
    /// By the address of the series, which identifies it as long as it is held here.
    series: HashMap<usize, SeriesState>,
    /// Addresses of series in the order of their first queued point; some may have none now.
    order: VecDeque<usize>,
    waiting: usize,
    feeds: Vec<Feed>,
}

/// A series with a queued point, or that the reader has.
#[derive(Debug)]
struct SeriesState {
    series: Arc<Series>,
    /// Index of the feed that it comes from.
    feed: usize,
    /// Whether the reader has received it.
    handed: bool,
    /// The newest point, until it is delivered.
    point: Option<(Timestamp, Value)>,
}

/// A pipeline that is, or was, connected to this edge.
#[derive(Debug)]
struct Feed {
    /// The reader's counters in this pipeline.
    counters: Arc<StageCounters>,
    /// For its queued points.
    ticket: Ticket,
    resends: ResendRequests,
    /// Whether one of its series was refused since the last request to resend.
    refused: bool,
    /// Whether the pipeline was disconnected, so that its series end.
    unwired: bool,
}

impl Points {
    pub(super) fn new(reader: Reader, max_series: usize) -> Self {
        Self {
            reader,
            max_series,
            series: HashMap::new(),
            order: VecDeque::new(),
            waiting: 0,
            feeds: Vec::new(),
        }
    }

    /// The number of queued points.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether senders have to wait until points are taken.
    pub(super) fn are_crowded(&self) -> bool {
        self.reader == Reader::Processor && self.waiting > self.max_series
    }

    /// Connects the pipeline of these counters.
    pub(super) fn wire(&mut self, counters: &Arc<StageCounters>, resends: &ResendRequests) {
        let at = self.feed(counters, resends);
        let feed = &mut self.feeds[at];
        feed.unwired = false;
        feed.resends = resends.clone();
    }

    /// Disconnects a pipeline: its series end.
    pub(super) fn unwire(&mut self, pipeline: &str) {
        let Some(at) = self
            .feeds
            .iter()
            .position(|feed| feed.counters.pipeline() == pipeline)
        else {
            return;
        };
        let Self {
            series,
            order,
            waiting,
            feeds,
            ..
        } = self;
        let feed = &mut feeds[at];
        feed.unwired = true;
        let mut made = 0;
        let now = Timestamp::now();
        series.retain(|address, known| {
            if known.feed != at {
                return true;
            }
            if !known.handed {
                *waiting -= 1;
                feed.ticket.superseded(1);
                return false;
            }
            if known.point.replace((now, Value::Ended)).is_none() {
                *waiting += 1;
                made += 1;
                order.push_back(*address);
            }
            true
        });
        feed.ticket.merge(Ticket::create(&feed.counters, made));
    }

    /// Queues the points of a batch. The ticket is for exactly these.
    pub(super) fn push(
        &mut self,
        batch: &Batch,
        mut ticket: Ticket,
        counters: &Arc<StageCounters>,
        resends: &ResendRequests,
    ) {
        let feed = self.feed(counters, resends);
        if self.feeds[feed].unwired {
            // Their series have already ended for this reader.
            let n = ticket.left();
            return ticket.superseded(n);
        }
        self.feeds[feed].ticket.merge(ticket);
        for record in batch.records() {
            if let Record::Metric(point) = record
                && !self.enter(point, feed)
            {
                self.feeds[feed].ticket.dropped(reason::TOO_MANY_SERIES, 1);
                self.feeds[feed].refused = true;
            }
        }
        self.clean_up();
    }

    /// Queues a point that is on the feed's ticket; returns whether there was room.
    fn enter(&mut self, point: &Point, feed: usize) -> bool {
        let address = Arc::as_ptr(&point.series).addr();
        let is_end = point.value == Value::Ended;
        let is_exporter = self.reader == Reader::Exporter;
        let Some(known) = self.series.get_mut(&address) else {
            return self.enter_first(point, feed);
        };
        let waited = known.point.is_some();
        if waited {
            // The earlier point is superseded.
            self.feeds[known.feed].ticket.superseded(1);
            self.waiting -= 1;
        }
        if is_end && is_exporter && !known.handed {
            self.series.remove(&address);
            self.feeds[feed].ticket.superseded(1);
            return true;
        }
        known.feed = feed;
        known.point = Some(newest(point));
        self.waiting += 1;
        if !waited {
            self.order.push_back(address);
        }
        true
    }

    /// Queues the first point of a series; returns whether there was room.
    fn enter_first(&mut self, point: &Point, feed: usize) -> bool {
        let is_exporter = self.reader == Reader::Exporter;
        if is_exporter && point.value == Value::Ended {
            self.feeds[feed].ticket.superseded(1);
            return true;
        }
        if is_exporter && self.series.len() >= self.max_series {
            return false;
        }
        let address = Arc::as_ptr(&point.series).addr();
        self.series.insert(
            address,
            SeriesState {
                series: Arc::clone(&point.series),
                feed,
                handed: false,
                point: Some(newest(point)),
            },
        );
        self.order.push_back(address);
        self.waiting += 1;
        true
    }

    /// Takes the next points of one pipeline, the oldest first.
    pub(super) fn take(&mut self) -> Option<(Batch, Ticket)> {
        let mut batch = Batch::new();
        let mut from = None;
        while batch.len() < MAX_POINTS
            && let Some(address) = self.order.front()
        {
            let address = *address;
            let Some(known) = self
                .series
                .get_mut(&address)
                .filter(|known| known.point.is_some())
            else {
                self.order.pop_front();
                continue;
            };
            if *from.get_or_insert(known.feed) != known.feed {
                break;
            }
            self.order.pop_front();
            known.handed = true;
            let series = Arc::clone(&known.series);
            let Some((time, value)) = known.point.take() else {
                continue;
            };
            if value == Value::Ended || self.reader == Reader::Processor {
                self.series.remove(&address);
            }
            batch.push(Record::Metric(Point {
                series,
                time,
                value,
            }));
        }
        self.waiting -= batch.len();
        let ticket = self.feeds[from?].ticket.split(batch.len() as u64);
        self.ask_for_refused();
        Some((batch, ticket))
    }

    /// Drops everything because the reader has ended; returns the tickets.
    pub(super) fn abandon(&mut self) -> Vec<Ticket> {
        self.series = HashMap::new();
        self.order = VecDeque::new();
        self.waiting = 0;
        self.feeds.drain(..).map(|feed| feed.ticket).collect()
    }

    fn ask_for_refused(&mut self) {
        if self.series.len() < self.max_series {
            for feed in self.feeds.iter_mut().filter(|feed| feed.refused) {
                feed.refused = false;
                feed.resends.request();
            }
        }
    }

    /// Returns the index of a pipeline's feed; creates the feed if it is new.
    fn feed(&mut self, counters: &Arc<StageCounters>, resends: &ResendRequests) -> usize {
        if let Some(at) = self
            .feeds
            .iter()
            .position(|feed| Arc::ptr_eq(&feed.counters, counters))
        {
            return at;
        }
        let ticket = Ticket::enter(vec![Arc::clone(counters)], 0);
        self.feeds.push(Feed {
            counters: Arc::clone(counters),
            ticket,
            resends: resends.clone(),
            refused: false,
            unwired: false,
        });
        self.feeds.len() - 1
    }

    /// Removes outdated entries from the order, if these are most of it.
    fn clean_up(&mut self) {
        if self.order.len() > 2 * self.waiting + OUTDATED_LIMIT {
            let series = &self.series;
            self.order.retain(|address| {
                series
                    .get(address)
                    .is_some_and(|known| known.point.is_some())
            });
        }
    }
}

fn newest(point: &Point) -> (Timestamp, Value) {
    (point.time, point.value.clone())
}

#[cfg(test)]
mod tests;
