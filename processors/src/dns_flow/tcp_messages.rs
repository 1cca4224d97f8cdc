//! The messages that were found in TCP streams, to recognise retransmissions: a segment can be sent
//! again long after all reports of its first transmission.
//!
//! Equal bytes at the same sequence number are the same message. Connections need not be tracked,
//! because another connection from the same port begins at another sequence number.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use tidegate_model::Timestamp;

use crate::bounded_map::{BoundedMap, Bounds};
use crate::l7::pending::MessageId;

/// How long Linux retransmits a segment before it closes the connection (`tcp_retries2`: 924.6 s).
const MAX_RETRANSMISSION: Duration = Duration::from_secs(925);

/// A bounded table of messages with the time of each, from which the oldest are evicted.
#[derive(Debug)]
pub(super) struct TcpMessages {
    messages: BoundedMap<StreamMessage, Timestamp>,
    evicted: u64,
}

/// A message, and the sequence number at which it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct StreamMessage {
    message: MessageId,
    seq: u32,
}

impl Hash for StreamMessage {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.message.hash(state);
        state.write_u32(self.seq);
    }
}

impl TcpMessages {
    /// Creates a table of at most `capacity` messages.
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            messages: BoundedMap::new(Bounds {
                entries: capacity,
                heap: usize::MAX,
            }),
            evicted: 0,
        }
    }

    pub(super) fn contains(&self, message: &MessageId, seq: u32) -> bool {
        self.messages.contains(&StreamMessage {
            message: *message,
            seq,
        })
    }

    /// Adds a message that the table does not contain.
    pub(super) fn add(&mut self, message: MessageId, seq: u32, time: Timestamp) {
        while let Some((_, found)) = self.messages.make_room(0) {
            self.evicted += u64::from(found + MAX_RETRANSMISSION > time);
        }
        self.messages
            .insert(StreamMessage { message, seq }, time, 0);
    }

    /// Returns the number of messages that were evicted since the last call and may be
    /// retransmitted.
    pub(super) fn take_evicted(&mut self) -> u64 {
        std::mem::take(&mut self.evicted)
    }
}
