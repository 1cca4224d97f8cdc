//! Monitor events: `Payload.Data` as checked, borrowed views, one for each event type.
//!
//! Follows the datapath's structures (`bpf/lib/{drop,trace,policy_log,dbg,trace_sock,pcap}.h`) and
//! their reader (`pkg/monitor/datapath_*.go`) of Cilium 1.12 to 1.19. The length is checked when a
//! view is created; no accessor fails after that.
//!
//! The names of drop reasons, observation points and the like belong to the flow model. The agent's
//! two event types (129, 130) are recognised only; [`access_log`](crate::access_log) and
//! [`agent_notify`](crate::agent_notify) decode their gob streams.

mod capture;
mod debug;
mod drop;
mod encode;
pub mod fast_path;
mod fields;
mod hints;
mod policy;
mod reason;
mod recorder;
mod sample;
mod senders;
mod sock;
mod trace;

pub use capture::DebugCapture;
pub use debug::DebugMsg;
pub use drop::DropNotify;
pub use encode::{Encoder, Profile};
pub use fields::{
    CaptureFields, Common, DebugFields, DropFields, PolicyFields, RecorderFields, SockFields,
    TraceFields,
};
pub use hints::{DropV1Header, Hints, SockLayout};
pub use policy::PolicyVerdictNotify;
pub use reason::{Bound, Reason};
pub use recorder::RecorderCapture;
pub use sample::{PacketEvent, Sample};
pub use sock::TraceSockNotify;
pub use trace::{TraceNotify, observation_point, trace_reason};

/// The first byte of `Payload.Data`.
pub mod message_type {
    /// `DropNotify` and a packet.
    pub const DROP: u8 = 1;
    /// `DebugMsg`.
    pub const DEBUG: u8 = 2;
    /// `DebugCapture` and a packet.
    pub const CAPTURE: u8 = 3;
    /// `TraceNotify` and a packet.
    pub const TRACE: u8 = 4;
    /// `PolicyVerdictNotify` and a packet.
    pub const POLICY_VERDICT: u8 = 5;
    /// `RecorderCapture` and a packet; sent through 1.18.
    pub const RECORDER: u8 = 6;
    /// `TraceSockNotify`; sent since 1.13.
    pub const TRACE_SOCK: u8 = 7;
    /// A gob stream with one `LogRecord`.
    pub const ACCESS_LOG: u8 = 129;
    /// A gob stream with one `AgentNotify`.
    pub const AGENT: u8 = 130;
}

/// Bits in the flags of drops and traces.
pub mod flags {
    /// The packet is IPv6. Before 1.18 the bit can be missing in an IPv6 packet.
    pub const IPV6: u8 = 0x01;
    /// The packet has no Ethernet header.
    pub const L3_DEVICE: u8 = 0x02;
    /// The outer packet carries VXLAN; set since 1.18.
    pub const VXLAN: u8 = 0x04;
    /// The outer packet carries Geneve; set since 1.18.
    pub const GENEVE: u8 = 0x08;
}

/// One monitor event.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A packet was dropped.
    Drop(DropNotify<'a>),
    /// A packet passed an observation point.
    Trace(TraceNotify<'a>),
    /// The verdict of a network policy on the first packet of a connection.
    PolicyVerdict(PolicyVerdictNotify<'a>),
    /// A packet at one of the debug capture points.
    Capture(DebugCapture<'a>),
    /// A debug message without a packet.
    Debug(DebugMsg<'a>),
    /// A socket address translation.
    TraceSock(TraceSockNotify<'a>),
    /// A packet of the 1.12 - 1.18 recorder.
    Recorder(RecorderCapture<'a>),
    /// The gob stream of a `LogRecord`, without the type byte.
    AccessLog(&'a [u8]),
    /// The gob stream of an `AgentNotify`, without the type byte.
    Agent(&'a [u8]),
    /// A type that no known release sends.
    Unknown(u8),
}

/// Reads an event again that [`parse`] accepted, with its packet at `packet_offset`.
///
/// # Errors
///
/// As [`parse`], if it did not accept the event.
pub fn reparse(data: &[u8], packet_offset: usize) -> Result<Event<'_>, Reason> {
    let Some(sample) = Sample::cut(data, packet_offset) else {
        let header = if packet_offset == drop::HEADER_1_12 {
            DropV1Header::Len32
        } else {
            DropV1Header::Len36
        };
        return parse(data, &Hints::from(header));
    };
    Ok(match data.first() {
        Some(&message_type::TRACE) => Event::Trace(TraceNotify::of(sample)),
        Some(&message_type::POLICY_VERDICT) => {
            Event::PolicyVerdict(PolicyVerdictNotify::of(sample))
        }
        Some(&message_type::DROP) => Event::Drop(DropNotify::of(sample)),
        Some(&message_type::CAPTURE) => Event::Capture(DebugCapture::of(sample)),
        _ => return parse(data, &Hints::default()),
    })
}

/// Reads one event.
///
/// `hints` disambiguate layouts that share a version byte; see [`Hints::observe`].
///
/// # Errors
///
/// The data is empty, shorter than the event's header, or of a layout version that is newer than
/// 1.19's.
pub fn parse<'a>(data: &'a [u8], hints: &Hints) -> Result<Event<'a>, Reason> {
    let (&kind, rest) = data.split_first().ok_or(Reason::EmptyData)?;
    Ok(match kind {
        message_type::DROP => Event::Drop(DropNotify::parse(data, hints)?),
        message_type::DEBUG => Event::Debug(DebugMsg::parse(data)?),
        message_type::CAPTURE => Event::Capture(DebugCapture::parse(data)?),
        message_type::TRACE => Event::Trace(TraceNotify::parse(data)?),
        message_type::POLICY_VERDICT => Event::PolicyVerdict(PolicyVerdictNotify::parse(data)?),
        message_type::RECORDER => Event::Recorder(RecorderCapture::parse(data)?),
        message_type::TRACE_SOCK => Event::TraceSock(TraceSockNotify::parse(data, hints)?),
        message_type::ACCESS_LOG => Event::AccessLog(rest),
        message_type::AGENT => Event::Agent(rest),
        other => Event::Unknown(other),
    })
}
