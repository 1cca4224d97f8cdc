//! Decodes the frames of a connection.

use tidegate_model::Record;
use tidegate_model::flow::{FileNumbering, OriginalSource};
use tidegate_model::names::NamesContent;
use tidegate_model::record::{
    DebugEvent, DebugEventType, DecodedHeader, Event, EventBody, Frame, Lost, LostSource,
};
use tidegate_model::tally::Tally;
use tidegate_wire::access_log::{self, RecordSpans};
use tidegate_wire::agent_notify;
use tidegate_wire::event::{
    self, DebugMsg, DropNotify, DropV1Header, Hints, PacketEvent, SockLayout, TraceNotify,
    TraceSockNotify, trace_reason,
};
use tidegate_wire::payload::Payload;
use tidegate_wire::release::{Release, Releases};

use super::agent_event;
use super::agent_release::{AgentRelease, Contradiction};
use super::ambiguity::{Ambiguities, Ambiguity, SenderReleases};
use super::file_numbering::FileNumberingCache;
use super::notes::Notes;

/// `Payload.Type` is neither an event sample nor a lost record.
pub(super) const UNKNOWN_PAYLOAD_TYPE: &str = "unknown_payload_type";

/// Decodes frames, and learns from them which releases the agent can be of.
#[derive(Debug, Default)]
pub(super) struct FrameDecoder {
    /// The release that the agent is said to have.
    agent: AgentRelease,
    /// The stream that `hints` are about.
    stream: u32,
    hints: Hints,
    access_log: access_log::Decoder,
    agent_notify: agent_notify::Decoder,
    /// File numberings of the releases that configuration and events leave possible.
    file_numbering: FileNumberingCache,
    /// File numberings of the releases that the events alone leave possible.
    shown_file_numbering: FileNumberingCache,
    ambiguities: Ambiguities,
    notes: Notes,
}

impl FrameDecoder {
    pub(super) fn new(configured: Releases) -> Self {
        Self {
            agent: AgentRelease::configured(configured),
            hints: Hints::configured(configured),
            ..Self::default()
        }
    }

    /// Replaces the record of a frame by what the frame holds.
    ///
    /// # Errors
    /// The reason to drop the frame.
    pub(super) fn decode(
        &mut self,
        record: &mut Record,
        frame: &Frame,
        bytes: &[u8],
    ) -> Result<(), &'static str> {
        if frame.stream != self.stream {
            self.stream = frame.stream;
            self.agent.start_stream();
            self.hints = Hints::configured(self.agent.releases());
            self.ambiguities.start_stream();
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

    /// Takes the release of the agent from a record of names that passes.
    #[cold]
    pub(super) fn observe(&mut self, record: &Record) {
        if let Record::Names(names) = record
            && let NamesContent::Release(release) = &names.content
        {
            self.agent.report(release);
            self.hints.reconfigure(self.agent.releases());
        }
    }

    /// Moves the counts of a batch to the stage's tally.
    pub(super) fn move_counts_to(&mut self, tally: &mut Tally) {
        self.ambiguities.move_to(tally);
        self.notes.move_to(tally);
    }

    fn sample(
        &mut self,
        record: &mut Record,
        frame: &Frame,
        data: &[u8],
    ) -> Result<(), &'static str> {
        if let Some(header_len) = event::fast_path::header_len(data, &self.hints) {
            let files = FileNumbering::default();
            let body = packet_body(header_len, files, OriginalSource::default());
            set_event(record, frame, body);
            return Ok(());
        }
        let event = event::parse(data, &self.hints).map_err(|reason| reason.as_str())?;
        self.hints.observe(&event);
        match event {
            event::Event::Debug(message) => {
                *record = Record::DebugEvent(self.debug_event(frame, &message));
            }
            event::Event::Agent(_) => {
                let (event, senders) = agent_event::decode(&mut self.agent_notify, frame, data)?;
                self.hints.narrow_to(senders);
                *record = Record::AgentEvent(Box::new(event));
            }
            _ => {
                let body = self.body(&event, data)?;
                set_event(record, frame, body);
            }
        }
        if self.hints.are_contradicted() {
            self.note_contradiction();
        }
        Ok(())
    }

    /// Notes that no stated release sends the current event.
    fn note_contradiction(&mut self) {
        let contradiction = self.agent.contradicted();
        if contradiction == Contradiction::EarlierAgent {
            self.hints.reconfigure(self.agent.releases());
            return;
        }
        self.notes.cilium_version_contradicted += 1;
        let resolved_by_it = self.ambiguities.distrust_configuration();
        self.notes.warn(contradiction, &resolved_by_it);
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
            event::Event::Recorder(recorder) => packet_body(
                recorder.packet_offset(),
                FileNumbering::default(),
                OriginalSource::default(),
            ),
            event::Event::AccessLog(_) => {
                let record = self
                    .access_log
                    .read(data)
                    .map_err(access_log::Error::as_str)?;
                self.hints.narrow_to(record.variant.senders());
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
        if drop.version() == 1 {
            let layout = DropV1Header::of(drop.senders());
            self.check_layout(Ambiguity::DropHeader, layout, DropV1Header::of);
        }
        // If the header was guessed, the numbering follows from the same guess.
        let among = |releases: Releases| releases.and(drop.senders()).unwrap_or(drop.senders());
        let sender = self.sender();
        let numbered = self.file_numbering.of(drop.file(), among(sender.releases));
        let shown = self
            .shown_file_numbering
            .of(drop.file(), among(sender.shown));
        self.ambiguities
            .count_if(Ambiguity::DropSourceFile, sender, |releases| {
                if releases == sender.releases {
                    numbered.is_ambiguous
                } else {
                    shown.is_ambiguous
                }
            });
        if drop.version() != 1 || DropV1Header::of(sender.shown) != DropV1Header::Unknown {
            self.hints.narrow_to_if_consistent(shown.senders);
        }
        self.packet(drop, numbered.numbering)
    }

    fn trace(&mut self, trace: &TraceNotify<'_>) -> EventBody {
        // For a reply both rules give the same direction, unless the reporting endpoint sent it to
        // itself.
        let is_reply_or_unknown = matches!(
            trace.reason(),
            trace_reason::CT_REPLY | trace_reason::UNKNOWN
        );
        let sender = self.sender();
        if trace.source() != 0 && trace.orig_ip().is_some() && !is_reply_or_unknown {
            self.ambiguities
                .count_if(Ambiguity::TrafficDirection, sender, |releases| {
                    are_on_both_sides(releases, Release::V1_16)
                });
        }
        let is_old = sender.releases.within(Releases::before(Release::V1_16));
        let original_source = if is_old {
            OriginalSource::ImpliesNothing
        } else {
            OriginalSource::ImpliesEgress
        };
        self.count_extension(trace);
        packet_body(
            trace.packet_offset(),
            FileNumbering::default(),
            original_source,
        )
    }

    fn sock(&mut self, sock: &TraceSockNotify<'_>) -> EventBody {
        self.check_layout(Ambiguity::TraceSockLayout, sock.layout(), SockLayout::of);
        let sender = self.sender();
        if sock.has_mapped_ip() {
            self.ambiguities
                .count_if(Ambiguity::MappedAddress, sender, |releases| {
                    are_on_both_sides(releases, Release::V1_20)
                });
        }
        let is_old = sender.releases.within(Releases::before(Release::V1_20));
        EventBody::TraceSock {
            layout: sock.layout(),
            keeps_mapped: !is_old,
        }
    }

    /// Compares the layout that an event was read with to that of the sender's releases. The values
    /// of the event outweigh the configuration.
    fn check_layout<L: PartialEq + Default>(
        &mut self,
        ambiguity: Ambiguity,
        read: L,
        layout_of: fn(Releases) -> L,
    ) {
        let sender = self.sender();
        self.ambiguities.count_if(ambiguity, sender, |releases| {
            layout_of(releases) == L::default()
        });
        let expected = layout_of(sender.releases);
        if expected != L::default() && expected != read {
            self.note_contradiction();
        }
    }

    fn debug_event(&mut self, frame: &Frame, message: &DebugMsg<'_>) -> DebugEvent {
        let event_type = DebugEventType(message.subtype());
        let new_text_since = event_type.new_text_since();
        let sender = self.sender();
        if let Some(since) = new_text_since {
            self.ambiguities
                .count_if(Ambiguity::DebugText, sender, |releases| {
                    are_on_both_sides(releases, since)
                });
        }
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
                .is_some_and(|since| sender.releases.within(Releases::before(since))),
        }
    }

    fn packet<'a>(&mut self, event: &impl PacketEvent<'a>, files: FileNumbering) -> EventBody {
        self.count_extension(event);
        packet_body(event.packet_offset(), files, OriginalSource::default())
    }

    fn count_extension<'a>(&mut self, event: &impl PacketEvent<'a>) {
        if event.ext_version() != 0 {
            self.ambiguities.add(Ambiguity::HeaderExtension);
        }
    }
}

/// Whether some of the releases are before `since` and some are not.
fn are_on_both_sides(releases: Releases, since: Release) -> bool {
    releases.and(Releases::before(since)).is_some()
        && releases.and(Releases::since(since)).is_some()
}

fn packet_body(offset: usize, files: FileNumbering, original_source: OriginalSource) -> EventBody {
    // Headers have some tens of bytes; only a forged extension can make one longer than 64 KiB.
    EventBody::Packet(DecodedHeader {
        len: u16::try_from(offset).unwrap_or(u16::MAX),
        files,
        original_source,
    })
}

/// Replaces a frame's record by an event.
#[inline(always)]
fn set_event(record: &mut Record, frame: &Frame, body: EventBody) {
    record.overwrite(Record::Event(Event {
        time: frame.time,
        seq: frame.seq,
        cpu: frame.cpu,
        data: frame.data,
        body,
    }));
}

fn lost(frame: &Frame) -> Lost {
    Lost {
        time: frame.time,
        source: LostSource::PerfEventRingBuffer,
        count: frame.lost,
        cpu: Some(frame.cpu),
        span: None,
    }
}
