//! `cilium_decode`: frames of the monitor socket become events.
//!
//! Handles the message types of Cilium 1.12 to 1.20-dev (`pkg/monitor/api/types.go`). Drops,
//! captures, traces, policy verdicts and recorder captures are validated up to their packet, which
//! is left to later stages; socket traces and access-log records are validated completely. Debug
//! messages become [`Record::DebugEvent`], agent notifications [`Record::AgentEvent`] and lost
//! records [`Record::Lost`]. Events of unknown type are passed on as they are, with a note. A
//! malformed event is dropped with the decoder's reason.
//!
//! Nothing on the socket identifies the Cilium release that wrote it. The configuration or the
//! agent's API (a record of names that passes), and the earlier events of the connection determine
//! most of what a single event leaves ambiguous; the rest is chosen by a rule and counted (see
//! `ambiguity.rs`).

mod agent_event;
mod agent_release;
mod ambiguity;
mod config;
mod decoder;
mod file_numbering;
mod notes;
mod stated_release;

pub use config::{Config, KIND};

use decoder::{FrameDecoder, UNKNOWN_PAYLOAD_TYPE};
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Outcome, Record};
use tidegate_runtime::component::Reasons;
use tidegate_runtime::stage::Processor;
use tidegate_wire::release::Releases;
use tidegate_wire::{access_log, agent_notify, event, gob};

/// The reasons to drop a frame.
const REASONS: &[Reasons] = &[
    Reasons::input(&[UNKNOWN_PAYLOAD_TYPE, agent_event::BAD_TEXT]),
    Reasons::input(event::Reason::LABELS),
    Reasons::input(access_log::Error::LABELS),
    Reasons::input(agent_notify::Error::LABELS),
    Reasons::input(gob::Error::LABELS),
];

/// The processor.
#[derive(Debug, Default)]
pub struct CiliumDecode {
    decoder: FrameDecoder,
}

impl CiliumDecode {
    /// Creates a processor for agents of these releases.
    fn new(configured: Releases) -> Self {
        Self {
            decoder: FrameDecoder::new(configured),
        }
    }
}

impl Processor for CiliumDecode {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        let decoder = &mut self.decoder;
        batch.sift(tally, |record, bytes| {
            let Record::Frame(frame) = *record else {
                decoder.observe(record);
                return Outcome::Keep;
            };
            match decoder.decode(record, &frame, bytes) {
                Ok(()) => Outcome::Keep,
                Err(reason) => Outcome::Dropped(reason),
            }
        });
        decoder.move_counts_to(tally);
    }
}
