//! `cilium_decode`: frames of the monitor socket become events that are known by their type.
//!
//! Follows the message types of Cilium 1.12 to 1.20-dev (`pkg/monitor/api/types.go`). Drops, captures, traces, policy
//! verdicts and recorder captures are checked up to their packet, socket traces and access-log records are checked
//! whole. Debug messages and agent notifications become [`Record::DebugEvent`] and [`Record::AgentEvent`], lost
//! records [`Record::Lost`]. Packets are not looked into. Unknown types go on as they came, with a note; what cannot be
//! what it claims to be is dropped with the decoder's reason.
//!
//! Nothing on the socket names the release that wrote it. What is configured and what the connection has shown so far
//! settle most of what one event leaves open; what they do not is chosen by a rule and counted (`doubt.rs`).

mod agent_event;
mod config;
mod doubt;
mod files;
mod notes;

pub use config::{Config, KIND};
use doubt::{Doubt, Doubts};
use files::Files;
use notes::Notes;

use tidegate_core::component::Reasons;
use tidegate_core::flow::FileNumbering;
use tidegate_core::record::{DebugEvent, DebugEventType, Event, EventBody, Frame, Lost, LostSource};
use tidegate_core::stage::Processor;
use tidegate_core::{Batch, Outcome, Record, ledger::Tally};
use tidegate_wire::access_log::{self, Kept};
use tidegate_wire::agent_notify;
use tidegate_wire::event::{self, DebugMsg, DropNotify, DropV1Header, Hints, PacketEvent, SockLayout};
use tidegate_wire::gob;
use tidegate_wire::payload::Payload;
use tidegate_wire::release::Releases;

/// `Payload.Type` is neither an event sample nor a lost record.
pub const UNKNOWN_PAYLOAD_TYPE: &str = "unknown_payload_type";

/// Why frames are dropped.
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
    decoder: Decoder,
}

impl Processor for CiliumDecode {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        let decoder = &mut self.decoder;
        batch.sift(tally, |record, bytes| {
            let Record::Frame(frame) = *record else { return Outcome::Keep };
            match decoder.decode(record, &frame, bytes) {
                Ok(()) => Outcome::Keep,
                Err(reason) => Outcome::Dropped(reason),
            }
        });
        decoder.doubts.enter(tally);
        decoder.notes.enter(tally);
    }
}

/// What a stream has taught so far, for the layouts and types that a single event does not settle.
#[derive(Debug, Default)]
struct Decoder {
    /// The releases that the configuration names.
    said: Releases,
    /// The stream that the hints are about.
    stream: u32,
    hints: Hints,
    access_log: access_log::Decoder,
    agent_notify: agent_notify::Decoder,
    files: Files,
    doubts: Doubts,
    notes: Notes,
}

impl Decoder {
    /// Makes the frame's record what it holds.
    fn decode(&mut self, record: &mut Record, frame: &Frame, bytes: &[u8]) -> Result<(), &'static str> {
        if frame.stream != self.stream {
            (self.stream, self.hints) = (frame.stream, Hints::from(self.said));
        }
        match i64::from(frame.payload_type) {
            Payload::EVENT_SAMPLE => self.sample(record, frame, frame.data.of(bytes)),
            Payload::RECORD_LOST => {
                *record = Record::Lost(lost(frame));
                Ok(())
            }
            _ => Err(UNKNOWN_PAYLOAD_TYPE),
        }
    }

    fn sample(&mut self, record: &mut Record, frame: &Frame, data: &[u8]) -> Result<(), &'static str> {
        if let Some(header_len) = event::plain_header(data, &self.hints) {
            let Frame { time, seq, cpu, data, .. } = *frame;
            let body = packet(header_len, FileNumbering::default());
            record.overwrite(Record::Event(Event { time, seq, cpu, data, body }));
            return Ok(());
        }
        let event = event::parse(data, &self.hints).map_err(|reason| reason.as_str())?;
        self.hints.observe(&event);
        match event {
            event::Event::Debug(message) => *record = Record::DebugEvent(debug_event(frame, &message)),
            event::Event::Agent(_) => {
                let (event, senders) = agent_event::decode(&mut self.agent_notify, frame, data)?;
                self.hints.learn(senders);
                *record = Record::AgentEvent(Box::new(event));
            }
            _ => {
                let Frame { time, seq, cpu, data: span, .. } = *frame;
                let body = self.body(&event, data)?;
                record.overwrite(Record::Event(Event { time, seq, cpu, data: span, body }));
            }
        }
        self.notes.cilium_version_contradicted += u64::from(self.hints.are_contradicted());
        Ok(())
    }

    fn body(&mut self, event: &event::Event<'_>, data: &[u8]) -> Result<EventBody, &'static str> {
        Ok(match event {
            event::Event::Drop(drop) => self.drop(drop),
            event::Event::Trace(trace) => self.packet(trace, FileNumbering::default()),
            event::Event::PolicyVerdict(verdict) => self.packet(verdict, FileNumbering::default()),
            event::Event::Capture(capture) => self.packet(capture, FileNumbering::default()),
            event::Event::Recorder(recorder) => packet(recorder.packet_offset(), FileNumbering::default()),
            event::Event::AccessLog(_) => {
                let record = self.access_log.read(data).map_err(access_log::Error::as_str)?;
                self.hints.learn(record.variant.senders());
                EventBody::AccessLog(Box::new(Kept::of(&record, data)))
            }
            event::Event::TraceSock(sock) => {
                if self.hints.sock() == SockLayout::Unknown {
                    self.doubts.add(Doubt::TraceSockLayout);
                }
                EventBody::TraceSock { layout: sock.layout() }
            }
            _ => {
                self.notes.undecoded_unknown += 1;
                EventBody::Undecoded
            }
        })
    }

    fn drop(&mut self, drop: &DropNotify<'_>) -> EventBody {
        if drop.version() == 1 && self.hints.drop_v1() == DropV1Header::Unknown {
            self.doubts.add(Doubt::DropHeader);
        }
        // Where the header had to be guessed, so is the numbering, by the same guess.
        let releases = self.hints.releases().and(drop.senders()).unwrap_or(drop.senders());
        let file = self.files.numbering(drop.file(), releases);
        if file.is_ambiguous {
            self.doubts.add(Doubt::DropSourceFile);
        }
        self.packet(drop, file.numbering)
    }

    fn packet<'a>(&mut self, event: &impl PacketEvent<'a>, files: FileNumbering) -> EventBody {
        if event.ext_version() != 0 {
            self.doubts.add(Doubt::HeaderExtension);
        }
        packet(event.packet_offset(), files)
    }
}

fn packet(offset: usize, files: FileNumbering) -> EventBody {
    // Headers are tens of bytes; only a forged extension could make one longer, and then nothing is lost by it.
    EventBody::Packet { header_len: u16::try_from(offset).unwrap_or(u16::MAX), files }
}

fn lost(frame: &Frame) -> Lost {
    let source = LostSource::PerfEventRingBuffer;
    Lost { time: frame.time, source, count: frame.lost, cpu: Some(frame.cpu), span: None }
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
