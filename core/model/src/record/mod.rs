//! The records that stages exchange. Each frame of the monitor socket is one [`Record`], which
//! processors convert in place from a frame to an event and from an event to a flow.

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
use crate::names::Names;
use crate::span::Span;
use crate::time::Timestamp;

/// One record. All variants fit the same slot, so that a stage can convert a record in place.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "flows are the common case, and boxing them would cost an allocation per event"
)]
pub enum Record {
    /// A message of the monitor socket, not decoded yet.
    Frame(Frame),
    /// A monitor event whose type is decoded.
    Event(Event),
    /// A network flow.
    Flow(Flow),
    /// An event of Cilium's agent.
    AgentEvent(Box<AgentEvent>),
    /// A debug message of the datapath.
    DebugEvent(DebugEvent),
    /// A report of events that were lost before the decoder.
    Lost(Lost),
    /// The current value of one metric series.
    Metric(Point),
    /// Names of addresses and pods, from an API.
    Names(Box<Names>),
}

impl Record {
    /// The kind of this record.
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
            Self::Names(_) => Kind::Names,
        }
    }

    /// Replaces this record with an empty flow of the given time and position, and returns it to be
    /// filled in place.
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

    /// Replaces this record. Frames and packet events own no heap memory and are overwritten
    /// without running the destructor, which would have to match on every variant.
    #[inline(always)]
    pub fn overwrite(&mut self, other: Self) {
        if self.needs_no_drop() {
            std::mem::forget(std::mem::replace(self, other));
        } else {
            *self = other;
        }
    }

    /// Drops this record and leaves an empty frame.
    pub(crate) fn clear(&mut self) {
        if let Self::Flow(flow) = self {
            flow.release();
            // The flow owns nothing after `release`.
            std::mem::forget(std::mem::take(self));
        } else {
            self.overwrite(Self::default());
        }
    }

    /// Whether the record is a frame or a packet event. A field with a destructor in these is a
    /// compile error.
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

    /// Bytes on the heap that this record owns, for the byte limits of edges.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        match self {
            Self::Flow(flow) => flow.heap_bytes(),
            Self::AgentEvent(event) => event.heap_bytes(),
            Self::Event(Event {
                body: EventBody::AccessLog(spans),
                ..
            }) => size_of_val(&**spans),
            Self::Metric(point) => point.heap_bytes(),
            Self::Names(names) => names.heap_bytes(),
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
    /// When it was read from the socket; monitor events contain no time. The frames of one read are
    /// one nanosecond apart, which preserves their order but is not a duration: the time between
    /// two frames is known only to within the time between two reads.
    pub time: Timestamp,
    /// Position in the receiver's stream, starting at 1; unique within a process.
    pub seq: u64,
    /// Number of the connection or recording that it was read from, unique within the process; 0 if
    /// unknown. All frames of a stream are from the same agent.
    pub stream: u32,
    /// `Payload.Type`: 9 for an event sample, 2 for a lost record.
    pub payload_type: i32,
    /// `Payload.CPU`.
    pub cpu: i32,
    /// `Payload.Lost`: number of events lost by the kernel's perf ring; 0 for samples.
    pub lost: u64,
    /// `Payload.Data`, in the batch's bytes.
    pub data: Span,
}

/// A monitor event whose type is decoded. Its content is still in the batch's bytes.
#[derive(Clone, Debug)]
pub struct Event {
    /// When its frame was received.
    pub time: Timestamp,
    /// Position of its frame in the receiver's stream.
    pub seq: u64,
    /// The CPU that reported it.
    pub cpu: i32,
    /// `Payload.Data`, in the batch's bytes.
    pub data: Span,
    /// Type of the data.
    pub body: EventBody,
}

/// The properties of a datapath event's header that depend on Cilium's release. The decoder
/// determines them, because the header's version byte is not sufficient.
#[derive(Clone, Copy, Debug, Default)]
pub struct DecodedHeader {
    /// Length of the header, after which the packet starts.
    pub len: u16,
    /// Numbering of a drop's source file.
    pub files: FileNumbering,
    /// What the original source of a trace implies for its direction.
    pub original_source: OriginalSource,
}

/// Content of a monitor event.
#[derive(Clone, Debug)]
pub enum EventBody {
    /// A validated datapath event with captured packet bytes after its header: drop (1), capture
    /// (3), trace (4), policy verdict (5) or recorder capture (6).
    Packet(DecodedHeader),
    /// A validated socket trace (7), which has no packet.
    TraceSock {
        /// Layout of its fields, which the decoder determines because it has no version byte.
        layout: SockLayout,
        /// Whether an IPv4-mapped address is displayed as IPv6, as in Hubble since 1.20.
        keeps_mapped: bool,
    },
    /// A validated access-log record (129) of a proxy.
    AccessLog(Box<RecordSpans>),
    /// A message type without a decoder, unchanged.
    Undecoded,
}

/// Hubble's `flow.LostEvent` (v1.19.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// When the report was received or created.
    pub time: Timestamp,
    /// Where the events were lost.
    pub source: LostSource,
    /// Number of lost events.
    pub count: u64,
    /// The CPU whose ring overflowed; `None` for sources that are not per CPU.
    pub cpu: Option<i32>,
    /// Times of the first and the last lost event, if they are known.
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
    /// A reader of Hubble's ring was too slow.
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

    /// Batches contain thousands of records, so a larger record must be a deliberate change.
    #[test]
    fn the_size_of_a_record_does_not_grow() {
        assert!(size_of::<Record>() <= 288, "{} bytes", size_of::<Record>());
    }
}
