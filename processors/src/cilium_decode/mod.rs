//! `cilium_decode`: frames of the monitor socket become events that are known by their type.
//!
//! Follows the message types of Cilium 1.12 to 1.19 (`pkg/monitor/api/types.go`). Drops, captures, traces and
//! policy verdicts are checked up to their packet, socket traces are checked, access-log records are decoded whole.
//! Debug messages and agent notifications become [`Record::DebugEvent`] and [`Record::AgentEvent`], lost records
//! [`Record::Lost`]. Packets are not looked into. Captures of the recorder, which Hubble has no flow for, and unknown
//! types go on as they came, with a note; what cannot be what it claims to be is dropped with the decoder's reason.

mod agent_event;
mod config;
mod notes;

pub use config::{Config, KIND};
use notes::Notes;

use tidegate_core::record::{DebugEvent, DebugEventType, Event, EventBody, Frame, Lost, LostSource};
use tidegate_core::stage::Processor;
use tidegate_core::{Batch, Outcome, Record, ledger::Tally};
use tidegate_wire::access_log;
use tidegate_wire::event::{self, DebugMsg, DropV1Header, Hints, PacketEvent, SockLayout};
use tidegate_wire::payload::Payload;

/// `Payload.Type` is neither an event sample nor a lost record.
pub const UNKNOWN_PAYLOAD_TYPE: &str = "unknown_payload_type";

/// The processor.
#[derive(Debug, Default)]
pub struct CiliumDecode {
    decoder: Decoder,
}

impl Processor for CiliumDecode {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        let decoder = &mut self.decoder;
        batch.sift(tally, |record, bytes| {
            let Record::Frame(frame) = *record else { return Outcome::Keep };
            match decoder.decode(frame, bytes) {
                Ok(decoded) => *record = decoded,
                Err(reason) => return Outcome::Dropped(reason),
            }
            Outcome::Keep
        });
        decoder.notes.enter(tally);
    }
}

/// What a stream has taught so far, for the layouts and types that a single event does not settle.
#[derive(Debug, Default)]
struct Decoder {
    hints: Hints,
    access_log: access_log::Decoder,
    notes: Notes,
}

impl Decoder {
    fn decode(&mut self, frame: Frame, bytes: &[u8]) -> Result<Record, &'static str> {
        match i64::from(frame.payload_type) {
            Payload::EVENT_SAMPLE => self.sample(&frame, frame.data.of(bytes)),
            Payload::RECORD_LOST => Ok(Record::Lost(Lost {
                time: frame.time,
                source: LostSource::PerfEventRingBuffer,
                count: frame.lost,
                cpu: Some(frame.cpu),
                span: None,
            })),
            _ => Err(UNKNOWN_PAYLOAD_TYPE),
        }
    }

    fn sample(&mut self, frame: &Frame, data: &[u8]) -> Result<Record, &'static str> {
        let event = event::parse(data, &self.hints).map_err(|reason| reason.as_str())?;
        self.hints.observe(&event);
        let body = match event {
            event::Event::Drop(drop) => {
                if drop.version() == 1 && self.hints.drop_v1 == DropV1Header::Unknown {
                    self.notes.drop_v1_header_guessed += 1;
                }
                packet(&drop)
            }
            event::Event::Trace(trace) => packet(&trace),
            event::Event::PolicyVerdict(verdict) => packet(&verdict),
            event::Event::Capture(capture) => packet(&capture),
            event::Event::AccessLog(_) => {
                let record = self.access_log.decode(data).map_err(access_log::Error::as_str)?;
                EventBody::AccessLog(Box::new(record))
            }
            event::Event::TraceSock(sock) => {
                if self.hints.sock == SockLayout::Unknown {
                    self.notes.trace_sock_layout_guessed += 1;
                }
                EventBody::TraceSock { layout: sock.layout() }
            }
            event::Event::Debug(message) => return Ok(Record::DebugEvent(debug_event(frame, &message))),
            event::Event::Agent(_) => {
                let event = agent_event::decode(frame.time, data)?;
                return Ok(Record::AgentEvent(Box::new(event)));
            }
            event::Event::Recorder(_) => undecoded(&mut self.notes.undecoded_recorder),
            event::Event::Unknown(_) => undecoded(&mut self.notes.undecoded_unknown),
        };
        let Frame { time, seq, cpu, data, .. } = *frame;
        Ok(Record::Event(Event { time, seq, cpu, data, body }))
    }
}

fn packet<'a>(event: &impl PacketEvent<'a>) -> EventBody {
    // Headers are tens of bytes; only a forged extension could make one longer, and then nothing is lost by it.
    EventBody::Packet { header_len: u16::try_from(event.packet_offset()).unwrap_or(u16::MAX) }
}

fn debug_event(frame: &Frame, message: &DebugMsg<'_>) -> DebugEvent {
    DebugEvent {
        time: frame.time,
        event_type: DebugEventType(message.subtype()),
        source: message.source(),
        hash: message.hash(),
        args: message.args(),
        cpu: frame.cpu,
    }
}

fn undecoded(count: &mut u64) -> EventBody {
    *count += 1;
    EventBody::Undecoded
}
