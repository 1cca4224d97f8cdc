//! `hubble_lost_events_total`: what was lost before it became a flow. Always counted, as in Hubble.

use tidegate_core::Timestamp;
use tidegate_core::metric::{Family, MetricKind};
use tidegate_core::record::{Lost, LostSource};

use crate::hubble_metrics::series::{Changes, Count, Key, Table};

/// Values of the only label.
const SOURCES: [&str; 3] = [
    "perf_event_ring_buffer",
    "observer_events_queue",
    "hubble_ring_buffer",
];
const PERF_RING: u32 = 0;
const OBSERVER_QUEUE: u32 = 1;
const HUBBLE_RING: u32 = 2;

pub(in crate::hubble_metrics) struct LostEvents {
    events: Table<Count>,
    begun: bool,
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
            events: Table::new(family, SOURCES.len()),
            begun: false,
        }
    }

    /// Makes the series that are there from the start, at 0.
    pub(in crate::hubble_metrics) fn begin(&mut self, now: Timestamp) {
        if !std::mem::replace(&mut self.begun, true) {
            for source in [PERF_RING, OBSERVER_QUEUE] {
                self.of(source, now);
            }
        }
    }

    /// Counts a report. The kernel's ring and Hubble's count as one each, however many events a
    /// report is about; the agent's queue by event.
    pub(in crate::hubble_metrics) fn observe(&mut self, lost: &Lost) {
        self.begin(lost.time);
        let (source, n) = match lost.source {
            LostSource::PerfEventRingBuffer => (PERF_RING, 1),
            LostSource::ObserverEventsQueue => (OBSERVER_QUEUE, lost.count),
            LostSource::HubbleRingBuffer => (HUBBLE_RING, 1),
            LostSource::Unknown => return,
        };
        self.of(source, lost.time).add(n);
    }

    pub(in crate::hubble_metrics) fn table(&mut self) -> &mut dyn Changes {
        &mut self.events
    }

    fn of(&mut self, source: u32, start: Timestamp) -> &mut Count {
        let key = Key::new([source, 0, 0, 0], 0);
        let labels = || vec![SOURCES[source as usize].into()];
        let at = self
            .events
            .find(&key)
            .unwrap_or_else(|| self.events.add(key, labels(), start));
        self.events.value(at)
    }
}
