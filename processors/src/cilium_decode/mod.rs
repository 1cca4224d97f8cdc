//! `cilium_decode`: frames of the monitor socket become events that are known by their type.
//!
//! Follows the message types of Cilium 1.12 to 1.20-dev (`pkg/monitor/api/types.go`). Drops,
//! captures, traces, policy verdicts and recorder captures are checked up to their packet, socket
//! traces and access-log records are checked whole. Debug messages and agent notifications become
//! [`Record::DebugEvent`] and [`Record::AgentEvent`], lost records [`Record::Lost`]. Packets are
//! not looked into. Unknown types go on as they came, with a note; what cannot be what it claims to
//! be is dropped with the decoder's reason.
//!
//! Nothing on the socket names the release that wrote it. What is configured and what the
//! connection has shown so far settle most of what one event leaves open; what they do not is
//! chosen by a rule and counted (`ambiguity.rs`).

mod agent_event;
mod ambiguity;
mod config;
mod files;
mod notes;

use ambiguity::{Choice, Choices, SenderReleases};
pub use config::{Config, KIND};
use files::Files;
use notes::Notes;

use tidegate_model::flow::{FileNumbering, OriginalSource};
use tidegate_model::record::{
    DebugEvent, DebugEventType, Event, EventBody, Frame, Lost, LostSource,
};
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Outcome, Record};
use tidegate_runtime::component::Reasons;
use tidegate_runtime::stage::Processor;
use tidegate_wire::access_log::{self, RecordSpans};
use tidegate_wire::agent_notify;
use tidegate_wire::event::{
    self, DebugMsg, DropNotify, DropV1Header, Hints, PacketEvent, SockLayout, TraceNotify,
    TraceSockNotify, trace_reason,
};
use tidegate_wire::gob;
use tidegate_wire::payload::Payload;
use tidegate_wire::release::{Release, Releases};

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
            let Record::Frame(frame) = *record else {
                return Outcome::Keep;
            };
            match decoder.decode(record, &frame, bytes) {
                Ok(()) => Outcome::Keep,
                Err(reason) => Outcome::Dropped(reason),
            }
        });
        decoder.choices.enter(tally);
        decoder.notes.enter(tally);
    }
}

/// What a stream has taught so far, for the layouts and types that a single event does not settle.
#[derive(Debug, Default)]
struct Decoder {
    /// The releases that the configuration names.
    configured: Releases,
    /// The stream that the hints are about.
    stream: u32,
    hints: Hints,
    access_log: access_log::Decoder,
    agent_notify: agent_notify::Decoder,
    files: Files,
    /// The same for what was shown, whatever is configured.
    shown_files: Files,
    choices: Choices,
    notes: Notes,
}

impl Decoder {
    /// Makes the frame's record what it holds.
    fn decode(
        &mut self,
        record: &mut Record,
        frame: &Frame,
        bytes: &[u8],
    ) -> Result<(), &'static str> {
        if frame.stream != self.stream {
            self.stream = frame.stream;
            self.hints = Hints::configured(self.configured);
            self.choices.reset();
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

    fn sample(
        &mut self,
        record: &mut Record,
        frame: &Frame,
        data: &[u8],
    ) -> Result<(), &'static str> {
        if let Some(header_len) = event::fast_path::header_len(data, &self.hints) {
            let Frame {
                time,
                seq,
                cpu,
                data,
                ..
            } = *frame;
            let body = packet(
                header_len,
                FileNumbering::default(),
                OriginalSource::default(),
            );
            record.overwrite(Record::Event(Event {
                time,
                seq,
                cpu,
                data,
                body,
            }));
            return Ok(());
        }
        let event = event::parse(data, &self.hints).map_err(|reason| reason.as_str())?;
        self.hints.observe(&event);
        match event {
            event::Event::Debug(message) => {
                *record = Record::DebugEvent(self.debug_event(frame, &message))
            }
            event::Event::Agent(_) => {
                let (event, senders) = agent_event::decode(&mut self.agent_notify, frame, data)?;
                self.hints.learn(senders);
                *record = Record::AgentEvent(Box::new(event));
            }
            _ => {
                let Frame {
                    time,
                    seq,
                    cpu,
                    data: span,
                    ..
                } = *frame;
                let body = self.body(&event, data)?;
                record.overwrite(Record::Event(Event {
                    time,
                    seq,
                    cpu,
                    data: span,
                    body,
                }));
            }
        }
        if self.hints.are_contradicted() {
            self.contradict_configuration();
        }
        Ok(())
    }

    /// The event at hand is of none of the releases that are configured.
    fn contradict_configuration(&mut self) {
        self.notes.cilium_version_contradicted += 1;
        self.notes.warn(&self.choices.reopen());
    }

    fn sender(&self) -> SenderReleases {
        SenderReleases {
            releases: self.hints.releases(),
            shown: self.hints.shown(),
        }
    }

    fn body(&mut self, event: &event::Event<'_>, data: &[u8]) -> Result<EventBody, &'static str> {
        Ok(match event {
            event::Event::Drop(drop) => self.drop(drop),
            event::Event::Trace(trace) => self.trace(trace),
            event::Event::PolicyVerdict(verdict) => self.packet(verdict, FileNumbering::default()),
            event::Event::Capture(capture) => self.packet(capture, FileNumbering::default()),
            event::Event::Recorder(recorder) => packet(
                recorder.packet_offset(),
                FileNumbering::default(),
                OriginalSource::default(),
            ),
            event::Event::AccessLog(_) => {
                let record = self
                    .access_log
                    .read(data)
                    .map_err(access_log::Error::as_str)?;
                self.hints.learn(record.variant.senders());
                EventBody::AccessLog(Box::new(RecordSpans::of(&record, data)))
            }
            event::Event::TraceSock(sock) => self.sock(sock),
            _ => {
                self.notes.undecoded_unknown += 1;
                EventBody::Undecoded
            }
        })
    }

    fn drop(&mut self, drop: &DropNotify<'_>) -> EventBody {
        let written = DropV1Header::of(drop.senders());
        if drop.version() == 1 {
            self.settle(Choice::DropHeader, written, DropV1Header::of);
        }
        // Where the header had to be guessed, so is the numbering, by the same guess.
        let among = |releases: Releases| releases.and(drop.senders()).unwrap_or(drop.senders());
        let sender = self.sender();
        let file = self.files.numbering(drop.file(), among(sender.releases));
        let shown = self.shown_files.numbering(drop.file(), among(sender.shown));
        self.choices
            .count_if_open(Choice::DropSourceFile, sender, |releases| {
                if releases == sender.releases {
                    file.is_ambiguous
                } else {
                    shown.is_ambiguous
                }
            });
        if drop.version() != 1 || DropV1Header::of(sender.shown) != DropV1Header::Unknown {
            self.hints.learn_from_number(shown.senders);
        }
        self.packet(drop, file.numbering)
    }

    fn trace(&mut self, trace: &TraceNotify<'_>) -> EventBody {
        const OLD: Releases = Releases::before(Release::V1_16);
        // The other rule for the direction finds the same for a reply, unless the reporting
        // endpoint sent it to itself.
        let is_reply_or_unknown = matches!(
            trace.reason(),
            trace_reason::CT_REPLY | trace_reason::UNKNOWN
        );
        let sender = self.sender();
        if trace.source() != 0 && trace.orig_ip().is_some() && !is_reply_or_unknown {
            self.choices
                .count_if_open(Choice::TrafficDirection, sender, |releases| {
                    is_open(releases, Release::V1_16)
                });
        }
        let is_old = sender.releases.within(OLD);
        let original_source = if is_old {
            OriginalSource::ImpliesNothing
        } else {
            OriginalSource::ImpliesEgress
        };
        self.count_extension(trace);
        packet(
            trace.packet_offset(),
            FileNumbering::default(),
            original_source,
        )
    }

    fn sock(&mut self, sock: &TraceSockNotify<'_>) -> EventBody {
        self.settle(Choice::TraceSockLayout, sock.layout(), SockLayout::of);
        if sock.has_mapped_ip() {
            self.choices
                .count_if_open(Choice::MappedAddress, self.sender(), |releases| {
                    is_open(releases, Release::V1_20)
                });
        }
        let keeps_mapped = !self
            .hints
            .releases()
            .within(Releases::before(Release::V1_20));
        EventBody::TraceSock {
            layout: sock.layout(),
            keeps_mapped,
        }
    }

    /// A layout that the event was read with, and which one releases have if they have one. What is
    /// configured does not outweigh the values of the event.
    fn settle<L: PartialEq + Default>(&mut self, choice: Choice, read: L, of: fn(Releases) -> L) {
        let sender = self.sender();
        self.choices
            .count_if_open(choice, sender, |releases| of(releases) == L::default());
        let expected = of(sender.releases);
        if expected != L::default() && expected != read {
            self.contradict_configuration();
        }
    }

    fn debug_event(&mut self, frame: &Frame, message: &DebugMsg<'_>) -> DebugEvent {
        let event_type = DebugEventType(message.subtype());
        let new_text_since = event_type.new_text_since();
        if let Some(since) = new_text_since {
            self.choices
                .count_if_open(Choice::DebugText, self.sender(), |releases| {
                    is_open(releases, since)
                });
        }
        let releases = self.hints.releases();
        DebugEvent {
            time: frame.time,
            event_type,
            source: message.source(),
            source_identity: 0,
            source_names: None,
            hash: message.hash(),
            args: message.args(),
            cpu: frame.cpu,
            has_old_text: new_text_since
                .is_some_and(|since| releases.within(Releases::before(since))),
        }
    }

    fn packet<'a>(&mut self, event: &impl PacketEvent<'a>, files: FileNumbering) -> EventBody {
        self.count_extension(event);
        packet(event.packet_offset(), files, OriginalSource::default())
    }

    fn count_extension<'a>(&mut self, event: &impl PacketEvent<'a>) {
        if event.ext_version() != 0 {
            self.choices.add(Choice::HeaderExtension);
        }
    }
}

/// Whether some of the releases are before `since`, and some are not.
fn is_open(releases: Releases, since: Release) -> bool {
    releases.and(Releases::before(since)).is_some()
        && releases.and(Releases::since(since)).is_some()
}

fn packet(offset: usize, files: FileNumbering, original_source: OriginalSource) -> EventBody {
    // Headers are tens of bytes; only a forged extension could make one longer, and then nothing is
    // lost by it.
    EventBody::Packet {
        header_len: u16::try_from(offset).unwrap_or(u16::MAX),
        files,
        original_source,
    }
}

fn lost(frame: &Frame) -> Lost {
    let source = LostSource::PerfEventRingBuffer;
    Lost {
        time: frame.time,
        source,
        count: frame.lost,
        cpu: Some(frame.cpu),
        span: None,
    }
}
