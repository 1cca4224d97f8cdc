//! The `Payload` message, the only type on the `monitor1_2` socket.
//!
//! Follows `pkg/monitor/payload/monitor_payload.go` of Cilium 1.12 to 1.20-dev. [`Decoder`] frames
//! and decodes the stream of one connection, [`Encoder`] encodes it. [`event`](crate::event),
//! [`access_log`](crate::access_log) and [`agent_notify`](crate::agent_notify) decode
//! [`Payload::data`].

mod decode;
mod encode;
mod error;
mod fast_path;
mod plan;

pub use decode::{DEFAULT_MAX_FRAME, Decoder, Step};
pub use encode::Encoder;
pub use error::{Error, Mismatch};

/// One message of the monitor socket, borrowing from the bytes that it was decoded from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Payload<'a> {
    /// The event, with its type in the first byte. Empty in a loss report.
    pub data: &'a [u8],
    /// The CPU of the ring; 0 for events of the agent.
    pub cpu: i64,
    /// Number of datapath events that the kernel dropped since the previous report for the CPU.
    pub lost: u64,
    /// `Type` upstream: [`EVENT_SAMPLE`](Self::EVENT_SAMPLE) or [`RECORD_LOST`](Self::RECORD_LOST).
    pub kind: i64,
}

impl Payload<'_> {
    /// The [`kind`](Self::kind) of an event.
    pub const EVENT_SAMPLE: i64 = 9;
    /// The [`kind`](Self::kind) of a report that events were lost.
    pub const RECORD_LOST: i64 = 2;
}
