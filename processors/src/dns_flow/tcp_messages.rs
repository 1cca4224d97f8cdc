//! Messages that were found in TCP streams. A segment that is sent again shows them once more, long
//! after all reports of the first one have come.
//!
//! The same bytes at the same place of a stream are the same message, so no connection has to be
//! followed: another one from the same port begins at another sequence number.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use tidegate_model::Timestamp;

use crate::bounded_map::{BoundedMap, Bounds};
use crate::l7::pending::Message;

/// How long Linux sends a segment again before it gives a connection up (`tcp_retries2`: 924.6 s).
const SENT_AGAIN_FOR: Duration = Duration::from_secs(925);

/// A bounded table of them, with the time of each; beyond the bound the oldest is forgotten.
#[derive(Debug)]
pub(super) struct Sent {
    messages: BoundedMap<Place, Timestamp>,
    evicted: u64,
}

/// A message, and the sequence number at which it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    message: Message,
    seq: u32,
}

impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.message.hash(state);
        state.write_u32(self.seq);
    }
}

impl Sent {
    /// A table of so many messages.
    pub(super) fn new(messages: usize) -> Self {
        Self {
            messages: BoundedMap::new(Bounds {
                entries: messages,
                heap: usize::MAX,
            }),
            evicted: 0,
        }
    }

    /// Whether the message was found there before.
    pub(super) fn has(&self, message: &Message, seq: u32) -> bool {
        self.messages.contains(&Place {
            message: *message,
            seq,
        })
    }

    /// Remembers a message that was not found before.
    pub(super) fn add(&mut self, message: Message, seq: u32, time: Timestamp) {
        while let Some((_, found)) = self.messages.make_room(0) {
            self.evicted += u64::from(found + SENT_AGAIN_FOR > time);
        }
        self.messages.insert(Place { message, seq }, time, 0);
    }

    /// How many messages that may come again were forgotten since this was last asked.
    pub(super) fn take_evicted(&mut self) -> u64 {
        std::mem::take(&mut self.evicted)
    }
}
