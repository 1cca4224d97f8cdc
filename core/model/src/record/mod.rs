//! What travels between stages: one [`Record`] for each frame of the monitor socket, which the
//! processors turn from a frame into an event and from an event into a flow, in place.

mod agent_event;
mod debug_event;
mod kind;

pub use agent_event::{
    AgentEvent, AgentEventType, EndpointRegen, EndpointUpdate, IpCache, Notification, PolicyUpdate,
    ServiceAddress, ServiceDelete, ServiceUpsert,
};
pub use debug_event::{DebugEvent, DebugEventType};
pub use kind::{Kind, Kinds};

use tidegate_wire::access_log::RecordSpans;
use tidegate_wire::event::SockLayout;

use crate::flow::{FileNumbering, Flow, OriginalSource};
use crate::metric::Point;
use crate::span::Span;
use crate::time::Timestamp;

/// One record. All variants share one slot, so a stage changes a record by overwriting it.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a flow is the common case, and boxing it would cost an allocation an event"
)]
pub enum Record {
    /// A message of the monitor socket whose content nobody has looked at.
    Frame(Frame),
    /// A monitor event that is known by its type, its bytes still in the batch.
    Event(Event),
    /// A network flow.
    Flow(Flow),
    /// What Cilium's agent reports about itself.
    AgentEvent(Box<AgentEvent>),
    /// A debug message of the datapath.
    DebugEvent(DebugEvent),
    /// A loss that somebody upstream of the decoder reported.
    Lost(Lost),
    /// The current value of one metric series.
    Metric(Point),
}

impl Record {
    /// Which kind of record this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Frame(_) => Kind::Frame,
            Self::Event(_) => Kind::Event,
            Self::Flow(_) => Kind::Flow,
            Self::AgentEvent(_) => Kind::AgentEvent,
            Self::DebugEvent(_) => Kind::DebugEvent,
            Self::Lost(_) => Kind::Lost,
            Self::Metric(_) => Kind::Metric,
        }
    }

    /// Makes this an empty flow of the given time and position, to be filled where it lies.
    pub fn begin_flow(&mut self, time: Timestamp, seq: u64) -> &mut Flow {
        self.overwrite(Self::Flow(Flow {
            time,
            seq,
            ..Flow::default()
        }));
        match self {
            Self::Flow(flow) => flow,
            _ => unreachable!(),
        }
    }

    /// Replaces this record. Frames and packet events own no heap memory, so they are overwritten
    /// without running their destructor, which would have to look at every variant.
    #[inline(always)]
    pub fn overwrite(&mut self, other: Self) {
        if self.needs_no_drop() {
            std::mem::forget(std::mem::replace(self, other));
        } else {
            *self = other;
        }
    }

    /// Drops what the record owns and leaves an empty frame.
    pub(crate) fn clear(&mut self) {
        if let Self::Flow(flow) = self {
            flow.release();
            // Nothing is left to drop.
            std::mem::forget(std::mem::take(self));
        } else {
            self.overwrite(Self::default());
        }
    }

    /// Returns whether the record is a frame or a packet event. A field that has to be dropped
    /// does not compile here.
    #[inline(always)]
    fn needs_no_drop(&self) -> bool {
        match self {
            Self::Frame(frame) => {
                assert_no_drop!(frame);
                true
            }
            Self::Event(Event {
                time,
                seq,
                cpu,
                data,
                body: EventBody::Packet(header),
            }) => {
                assert_no_drop!(time, seq, cpu, data, header);
                true
            }
            _ => false,
        }
    }

    /// Bytes on the heap that only this record holds, for the byte limits of edges.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Flow(flow) => flow.heap_bytes(),
            Self::AgentEvent(event) => event.heap_bytes(),
            Self::Event(Event {
                body: EventBody::AccessLog(kept),
                ..
            }) => size_of_val(&**kept),
            Self::Metric(point) => point.heap_bytes(),
            _ => 0,
        }
    }
}

impl Default for Record {
    /// An empty frame.
    fn default() -> Self {
        Self::Frame(Frame::default())
    }
}

/// One gob message of the monitor socket: Cilium's `payload.Payload`, with the time of receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// When it was read from the socket; monitor events carry no time of their own. Frames of one
    /// read follow each other by a nanosecond, which tells their order and no duration: what
    /// happened between two frames is known only to within the time between two reads.
    pub time: Timestamp,
    /// Position in the receiver's stream, from 1; never repeats within a process.
    pub seq: u64,
    /// The connection or recording that it came in, whose frames are of one agent: a number that no
    /// other stream of the process has; 0 where nobody knows.
    pub stream: u32,
    /// `Payload.Type`: 9 for an event sample, 2 for a lost record.
    pub payload_type: i32,
    /// `Payload.CPU`.
    pub cpu: i32,
    /// `Payload.Lost`: events that the kernel's perf ring lost; 0 for samples.
    pub lost: u64,
    /// `Payload.Data`, in the batch's bytes.
    pub data: Span,
}

/// A monitor event that is decoded as far as its type, so that the next stage knows what to read.
#[derive(Clone, Debug)]
pub struct Event {
    /// When its frame was received.
    pub time: Timestamp,
    /// Its frame's position in the stream.
    pub seq: u64,
    /// The CPU that reported it.
    pub cpu: i32,
    /// The whole of `Payload.Data`, in the batch's bytes.
    pub data: Span,
    /// What the data is.
    pub body: EventBody,
}

/// The parts of a datapath event's header that depend on Cilium's release, as the decoder settled
/// them: the header's version byte alone does not tell.
#[derive(Clone, Copy, Debug, Default)]
pub struct DecodedHeader {
    /// Bytes of the header, which is where the packet begins.
    pub len: u16,
    /// How a drop's source file is numbered.
    pub files: FileNumbering,
    /// What a trace's original source implies about its direction.
    pub original_source: OriginalSource,
}

/// What a monitor event holds.
#[derive(Clone, Debug)]
pub enum EventBody {
    /// A checked event of the datapath with captured packet bytes behind its header: drop (1),
    /// capture (3), trace (4), policy verdict (5) or recorder capture (6).
    Packet(DecodedHeader),
    /// A checked socket trace (7), which has no packet.
    TraceSock {
        /// How its fields lie; settled by the decoder, because no version byte tells.
        layout: SockLayout,
        /// Whether an IPv4-mapped address is written as IPv6, as Hubble has done since 1.20.
        keeps_mapped: bool,
    },
    /// An access-log record (129) of a proxy, which is right as a whole.
    AccessLog(Box<RecordSpans>),
    /// A message type without a decoder, as it came.
    Undecoded,
}

/// Hubble's `flow.LostEvent` (v1.19.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// When the report was received or made.
    pub time: Timestamp,
    /// Who lost the events.
    pub source: LostSource,
    /// How many.
    pub count: u64,
    /// The CPU whose ring overflowed; `None` where the source is not one CPU's.
    pub cpu: Option<i32>,
    /// Time of the first and of the last lost event, where they are known.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// Hubble's `flow.LostEventSource` (v1.19.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum LostSource {
    /// The source is not known.
    Unknown = 0,
    /// The kernel's perf ring was full before Cilium read it.
    PerfEventRingBuffer = 1,
    /// The agent's own queue behind the socket was full.
    ObserverEventsQueue = 2,
    /// A reader of Hubble's ring was overtaken.
    HubbleRingBuffer = 3,
}

impl LostSource {
    /// The protobuf enum's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN_LOST_EVENT_SOURCE",
            Self::PerfEventRingBuffer => "PERF_EVENT_RING_BUFFER",
            Self::ObserverEventsQueue => "OBSERVER_EVENTS_QUEUE",
            Self::HubbleRingBuffer => "HUBBLE_RING_BUFFER",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Record;

    /// Batches are made of records by the thousand: what makes every one of them larger has to be
    /// meant.
    #[test]
    fn a_record_is_no_larger_than_it_was() {
        assert!(size_of::<Record>() <= 272, "{} bytes", size_of::<Record>());
    }
}
