//! What a proxy asks a server on behalf of its clients.
//!
//! Cilium's DNS proxy talks to the server from a socket of its own. In transparent mode that has
//! the client's address and port; to servers outside the cluster, or without that mode, it has an
//! address of the node (`ServeDNS` in `pkg/fqdn/dnsproxy`, 1.19.4). The datapath knows whom it is
//! for, so the packets of the request have the client's identity whatever their address; those of
//! the response are to the host. The DNS id is another one until 1.14, and where it is taken. So
//! these packets are related by identity and content. Pods of one identity may ask the same from
//! other nodes, whose records are there: each record accounts for one message only.

use tidegate_model::Timestamp;
use tidegate_model::flow::Flow;

use super::Message;
use crate::bounded_map::{BoundedMap, Bounds};

/// The identity of the node itself.
const HOST: u32 = 1;

/// An exchange between a proxy and a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Relayed {
    /// The client's identity; of a response 0, since its packets do not have that.
    pub(crate) identity: u32,
    /// Whether the proxy receives it.
    pub(crate) is_response: bool,
    /// What it says, as [`Message::content`].
    pub(crate) content: u64,
}

impl Relayed {
    /// What a message is part of, if it is to or from a proxy.
    fn of(message: &Message, flow: &Flow) -> Self {
        let identity = if message.is_response {
            0
        } else {
            flow.source.identity
        };
        Self {
            identity,
            is_response: message.is_response,
            content: message.content,
        }
    }
}

/// The exchanges that proxies reported, each with how many messages it still accounts for.
#[derive(Debug)]
pub(super) struct RelayedExchanges(BoundedMap<Relayed, Unmatched>);

#[derive(Debug, Default)]
struct Unmatched {
    /// Of the latest record.
    time: Timestamp,
    messages: u32,
}

impl RelayedExchanges {
    /// A table of so many exchanges; beyond it the oldest are forgotten.
    pub(super) fn new(entries: usize) -> Self {
        Self(BoundedMap::new(Bounds {
            entries,
            heap: usize::MAX,
        }))
    }

    /// A proxy reported an exchange.
    pub(super) fn report(&mut self, relayed: Relayed, time: Timestamp) {
        let mut unmatched = self.0.remove(&relayed).unwrap_or_default();
        unmatched.time = time;
        unmatched.messages = unmatched.messages.saturating_add(1);
        while self.0.make_room(0).is_some() {}
        self.0.insert(relayed, unmatched, 0);
    }

    /// Whether a message that has not the address of a proxy's client is one of a proxy's. If so,
    /// it is accounted for.
    pub(super) fn take(&mut self, message: &Message, flow: &Flow) -> bool {
        if message.is_response && !matches!(flow.destination.identity, 0 | HOST) {
            return false;
        }
        self.account(message, flow)
    }

    /// Accounts for a message that was found to be one of a proxy's; returns whether one was
    /// expected.
    pub(super) fn account(&mut self, message: &Message, flow: &Flow) -> bool {
        let unmatched = self.0.get_mut(&Relayed::of(message, flow));
        let Some(unmatched) = unmatched.filter(|unmatched| unmatched.messages > 0) else {
            return false;
        };
        unmatched.messages -= 1;
        true
    }

    /// Forgets what was reported at times that are over.
    pub(super) fn expire(&mut self, is_over: impl Fn(Timestamp) -> bool) {
        while self
            .0
            .pop_oldest_if(|unmatched| is_over(unmatched.time))
            .is_some()
        {}
    }
}
