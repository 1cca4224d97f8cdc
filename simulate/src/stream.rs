//! Encodes events in the frames of the monitor socket.

use std::collections::BTreeMap;

use tidegate_wire::payload::{Encoder, Payload};

use crate::options::Options;
use crate::simulator::{Event, Simulator};

/// An endless byte stream, as Cilium's agent writes it to one client.
#[derive(Debug)]
pub struct Stream {
    simulator: Simulator,
    encoder: Encoder,
    summary: Summary,
}

/// Counts of what a stream has written so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Number of frames.
    pub frames: u64,
    /// Number of events by message type, the first byte of their data.
    pub events: BTreeMap<u8, u64>,
    /// Number of loss reports.
    pub loss_reports: u64,
    /// Number of events that were reported as lost.
    pub lost: u64,
}

impl Stream {
    /// Returns a stream with these options.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let encoder = Encoder::new(options.release.first_type_id());
        Self {
            simulator: Simulator::new(options),
            encoder,
            summary: Summary::default(),
        }
    }

    /// Appends the next frame to `out`, and the type definition before the first one.
    pub fn next_frame(&mut self, out: &mut Vec<u8>) {
        let event = self.simulator.next_event();
        self.summary.count(&event);
        match &event {
            Event::Sample { cpu, data } => {
                let payload = Payload {
                    data,
                    cpu: (*cpu).into(),
                    lost: 0,
                    kind: Payload::EVENT_SAMPLE,
                };
                self.encoder.encode(&payload, out);
            }
            Event::Lost { cpu, count } => {
                let payload = Payload {
                    data: &[],
                    cpu: (*cpu).into(),
                    lost: *count,
                    kind: Payload::RECORD_LOST,
                };
                self.encoder.encode(&payload, out);
            }
        }
    }

    /// Counts of what was written so far.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }
}

impl Summary {
    fn count(&mut self, event: &Event) {
        self.frames += 1;
        match event {
            Event::Sample { data, .. } => {
                let message_type = data.first().copied().unwrap_or_default();
                *self.events.entry(message_type).or_default() += 1;
            }
            Event::Lost { count, .. } => {
                self.loss_reports += 1;
                self.lost += count;
            }
        }
    }
}
