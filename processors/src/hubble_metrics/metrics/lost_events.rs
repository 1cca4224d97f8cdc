//! `hubble_lost_events_total`: what was lost before it became a flow. Always counted, as in Hubble.

use tidegate_core::Timestamp;
use tidegate_core::ledger::Tally;
use tidegate_core::record::{Lost, LostSource};

use crate::hubble_metrics::item::Item;
use crate::hubble_metrics::labels::{ContextLabels, Labels, fixed};
use crate::hubble_metrics::series::{Changes, Count, Table};

const PERF_RING: &str = "perf_event_ring_buffer";
const OBSERVER_QUEUE: &str = "observer_events_queue";
const HUBBLE_RING: &str = "hubble_ring_buffer";

pub(in crate::hubble_metrics) struct LostEvents {
    labels: Labels,
    events: Table<Count>,
    begun: bool,
}

impl LostEvents {
    pub(in crate::hubble_metrics) fn new() -> Self {
        let none = Item { name: "lost_events", options: Vec::new() };
        let labels = Labels::new(&none, ContextLabels::Last, 3).expect("an item without options has nothing wrong");
        let about = ("hubble_lost_events_total", "Number of lost events", "{event}");
        let events = labels.counter(about, &["source"]);
        Self { labels, events, begun: false }
    }

    /// Makes the series that are there from the start, at 0.
    pub(in crate::hubble_metrics) fn begin(&mut self, now: Timestamp) {
        if !std::mem::replace(&mut self.begun, true) {
            for source in [PERF_RING, OBSERVER_QUEUE] {
                fixed(&mut self.labels, &mut self.events, source, now, &mut Tally::default());
            }
        }
    }

    /// Counts a report. The kernel's ring and Hubble's count as one each, however many events a report is
    /// about; the agent's queue by event.
    pub(in crate::hubble_metrics) fn observe(&mut self, lost: &Lost, tally: &mut Tally) {
        self.begin(lost.time);
        let (source, n) = match lost.source {
            LostSource::PerfEventRingBuffer => (PERF_RING, 1),
            LostSource::ObserverEventsQueue => (OBSERVER_QUEUE, lost.count),
            LostSource::HubbleRingBuffer => (HUBBLE_RING, 1),
            LostSource::Unknown => return,
        };
        fixed(&mut self.labels, &mut self.events, source, lost.time, tally).add(n);
    }

    pub(in crate::hubble_metrics) fn table(&mut self) -> &mut dyn Changes {
        &mut self.events
    }
}
