//! `hubble_lost_events_total`: events that were lost before they became flows. Always present, as
//! in Hubble.

use tidegate_model::Timestamp;
use tidegate_model::metric::{Family, MetricKind};
use tidegate_model::record::{Lost, LostSource};

use crate::hubble_metrics::series::{Collect, CounterValue, SeriesKey, SeriesTable};

/// The values of the only label, `source`.
const SOURCES: [&str; 3] = [
    "perf_event_ring_buffer",
    "observer_events_queue",
    "hubble_ring_buffer",
];
const PERF_RING: u32 = 0;
const OBSERVER_QUEUE: u32 = 1;
const HUBBLE_RING: u32 = 2;

pub(in crate::hubble_metrics) struct LostEvents {
    events: SeriesTable<CounterValue>,
    started: bool,
}

impl LostEvents {
    pub(in crate::hubble_metrics) fn new() -> Self {
        let family = Family {
            name: "hubble_lost_events_total".to_owned(),
            help: "Number of lost events".to_owned(),
            unit: "{event}".to_owned(),
            kind: MetricKind::Counter,
            label_names: vec!["source".to_owned()],
        };
        Self {
            events: SeriesTable::new(family, SOURCES.len()),
            started: false,
        }
    }

    /// Adds the series of all sources, with the value 0. Hubble begins without that of its ring buffer.
    pub(in crate::hubble_metrics) fn start(&mut self, now: Timestamp) {
        if !std::mem::replace(&mut self.started, true) {
            for source in [PERF_RING, OBSERVER_QUEUE, HUBBLE_RING] {
                self.value(source, now);
            }
        }
    }

    /// Counts a report: as one for the ring buffers of the kernel and of Hubble, and as the number
    /// of lost events for the agent's queue.
    pub(in crate::hubble_metrics) fn observe(&mut self, lost: &Lost) {
        self.start(lost.time);
        let (source, n) = match lost.source {
            LostSource::PerfEventRingBuffer => (PERF_RING, 1),
            LostSource::ObserverEventsQueue => (OBSERVER_QUEUE, lost.count),
            LostSource::HubbleRingBuffer => (HUBBLE_RING, 1),
            LostSource::Unknown => return,
        };
        self.value(source, lost.time).add(n);
    }

    pub(in crate::hubble_metrics) fn table(&mut self) -> &mut dyn Collect {
        &mut self.events
    }

    fn value(&mut self, source: u32, start: Timestamp) -> &mut CounterValue {
        let key = SeriesKey::new([source, 0, 0, 0], 0);
        let row = self.events.find(&key).unwrap_or_else(|| {
            let labels = vec![SOURCES[source as usize].into()];
            self.events.insert(key, labels, start)
        });
        self.events.value_mut(row)
    }
}
