//! The metric points that wait in an edge: the newest of each series.
//!
//! A point is a state, not an event: a newer point of a series supersedes an older one. So points
//! wait apart from other records, one for each series at most. They do not compete with other
//! records for room, and no policy of a full queue drops them. A point that is superseded while it
//! waits is absorbed, as it went into the newer one, and noted as such.
//!
//! In front of an exporter, the edge also remembers which series its reader was handed and has not
//! seen the end of. That settles which ends it has to be handed: the end of a series that it never
//! saw is absorbed, and that of one that it did see always has a place. A series beyond the bound
//! is refused with a count; as soon as there is room, the processors of its pipeline are asked to
//! repeat what they handed on. In front of a processor, which cannot be stuck for ever, senders
//! wait instead.

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::HashMap;

use tidegate_model::batch::Batch;
use tidegate_model::metric::{Point, Series, Value};
use tidegate_model::record::Record;
use tidegate_model::time::Timestamp;

use crate::ledger::{StageCounters, Ticket, reason};
use crate::resend::ResendRequests;

/// Points that are handed over at once.
const PORTION: usize = 256;
/// Outdated entries of the order that are not worth a clean-up.
const FEW: usize = 64;

/// What reads an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// An exporter, which has no series when the edge is new: all that it will ever have come
    /// through this edge.
    Exporter,
    /// A stage behind which series may be known that came another way.
    Processor,
}

/// The points that wait, and the series that the reader has.
#[derive(Debug)]
pub(super) struct Points {
    reader: Reader,
    /// Series at most.
    most: usize,
    /// By the address of the series, which is its identity while it is held here.
    series: HashMap<usize, Known>,
    /// Addresses of series in the order in which they began to wait; some may not wait any more.
    order: VecDeque<usize>,
    waiting: usize,
    feeds: Vec<Feed>,
}

/// A series of which a point waits, or that the reader has.
#[derive(Debug)]
struct Known {
    series: Arc<Series>,
    /// Index of the pipeline that it comes from.
    feed: usize,
    /// Whether the reader has it.
    handed: bool,
    /// The newest point, until it is handed over.
    point: Option<(Timestamp, Value)>,
}

/// A pipeline that ends, or ended, in this edge.
#[derive(Debug)]
struct Feed {
    /// Of the reader, for this pipeline.
    counters: Arc<StageCounters>,
    /// For its points that wait.
    ticket: Ticket,
    resends: ResendRequests,
    /// Whether a series of it was refused since the last request to repeat.
    refused: bool,
    /// Whether the pipeline leads here no more, so that none of its series is to be kept.
    unwired: bool,
}

impl Points {
    pub(super) fn new(reader: Reader, most: usize) -> Self {
        Self {
            reader,
            most,
            series: HashMap::new(),
            order: VecDeque::new(),
            waiting: 0,
            feeds: Vec::new(),
        }
    }

    /// Points that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether senders have to wait until some points are taken.
    pub(super) fn are_crowded(&self) -> bool {
        self.reader == Reader::Processor && self.waiting > self.most
    }

    /// The pipeline with these books leads here from now on.
    pub(super) fn wire(&mut self, counters: &Arc<StageCounters>, resends: &ResendRequests) {
        let at = self.feed(counters, resends);
        let feed = &mut self.feeds[at];
        feed.unwired = false;
        feed.resends = resends.clone();
    }

    /// The pipeline leads here no more: its series end.
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
        let (mut made, now) = (0, Timestamp::now());
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

    /// Takes in the points of a batch. The ticket is for exactly these, in the books of the reader.
    pub(super) fn push(
        &mut self,
        batch: &Batch,
        mut ticket: Ticket,
        counters: &Arc<StageCounters>,
        resends: &ResendRequests,
    ) {
        let feed = self.feed(counters, resends);
        if self.feeds[feed].unwired {
            // Their series have ended for this reader, which supersedes them.
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

    /// Whether there is a place for the point, which is on the feed's ticket.
    fn enter(&mut self, point: &Point, feed: usize) -> bool {
        let address = Arc::as_ptr(&point.series).addr();
        let is_end = point.value == Value::Ended;
        let is_exporter = self.reader == Reader::Exporter;
        let Some(known) = self.series.get_mut(&address) else {
            if is_end && is_exporter {
                self.feeds[feed].ticket.superseded(1);
                return true;
            }
            if is_exporter && self.series.len() >= self.most {
                return false;
            }
            let series = Arc::clone(&point.series);
            self.series.insert(
                address,
                Known {
                    series,
                    feed,
                    handed: false,
                    point: Some(newest(point)),
                },
            );
            self.order.push_back(address);
            self.waiting += 1;
            return true;
        };
        let waited = known.point.is_some();
        if waited {
            // The point that is superseded.
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

    /// The next points of one pipeline, those that have waited longest first.
    pub(super) fn take(&mut self) -> Option<(Batch, Ticket)> {
        let (mut batch, mut from) = (Batch::new(), None);
        while batch.len() < PORTION
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

    /// The reader has ended.
    pub(super) fn abandon(&mut self) -> Vec<Ticket> {
        self.series = HashMap::new();
        self.order = VecDeque::new();
        self.waiting = 0;
        self.feeds.drain(..).map(|feed| feed.ticket).collect()
    }

    fn ask_for_refused(&mut self) {
        if self.series.len() < self.most {
            for feed in self.feeds.iter_mut().filter(|feed| feed.refused) {
                feed.refused = false;
                feed.resends.request();
            }
        }
    }

    /// The index of a pipeline.
    fn feed(&mut self, counters: &Arc<StageCounters>, resends: &ResendRequests) -> usize {
        if let Some(at) = self
            .feeds
            .iter()
            .position(|feed| Arc::ptr_eq(&feed.counters, counters))
        {
            return at;
        }
        let ticket = Ticket::enter(vec![Arc::clone(counters)], 0);
        let (counters, resends) = (Arc::clone(counters), resends.clone());
        self.feeds.push(Feed {
            counters,
            ticket,
            resends,
            refused: false,
            unwired: false,
        });
        self.feeds.len() - 1
    }

    /// Forgets the order of series that have ended, if these are most of it.
    fn clean_up(&mut self) {
        if self.order.len() > 2 * self.waiting + FEW {
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
