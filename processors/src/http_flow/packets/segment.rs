//! A TCP segment with a payload.

use tidegate_model::Timestamp;
use tidegate_model::flow::{Flow, Verdict};

use super::super::connections::Socket;

/// A TCP segment with a payload.
#[derive(Clone, Copy)]
pub(super) struct Segment<'a> {
    pub(super) payload: &'a [u8],
    source: Socket,
    destination: Socket,
    seq: u32,
    pub(super) ack: Option<u32>,
    pub(super) time: Timestamp,
    pub(super) was_dropped: bool,
}

impl<'a> Segment<'a> {
    /// Returns `None` if the flow has no addresses or ports. `bytes` are those of the batch.
    pub(super) fn of(flow: &Flow, bytes: &'a [u8]) -> Option<Self> {
        let ip = flow.ip?;
        let (source_port, destination_port) = flow.l4.ports()?;
        Some(Self {
            payload: flow.payload.of(bytes),
            source: (ip.source, source_port),
            destination: (ip.destination, destination_port),
            seq: flow.tcp_seq,
            ack: flow.tcp_ack,
            time: flow.time,
            was_dropped: flow.verdict == Verdict::Dropped,
        })
    }

    /// Returns the two sides of the segment's connection.
    pub(super) fn client_and_server(&self, is_response: bool) -> (Socket, Socket) {
        if is_response {
            (self.destination, self.source)
        } else {
            (self.source, self.destination)
        }
    }

    /// Returns the sequence number of the byte at an offset in the payload.
    pub(super) fn seq_of(&self, offset: usize) -> u32 {
        // A payload has less than 2^32 bytes.
        self.seq.wrapping_add(offset as u32)
    }

    /// Returns the offset of a sequence number from the start of the payload. It may be beyond its
    /// end.
    pub(super) fn offset_of(&self, seq: u32) -> usize {
        seq.wrapping_sub(self.seq) as usize
    }
}
