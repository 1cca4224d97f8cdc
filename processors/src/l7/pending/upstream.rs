//! Exchanges between a proxy and a server on behalf of the proxy's clients.
//!
//! Cilium's DNS proxy talks to the server from a socket of its own. In transparent mode that socket
//! has the client's address and port; to servers outside the cluster, or without that mode, it has
//! an address of the node (`ServeDNS` in `pkg/fqdn/dnsproxy`, 1.19.4). The packets of the request
//! carry the client's identity in either case, and those of the response go to the host. The DNS id
//! is a new one until 1.14, and later where the client's is taken. So these packets are matched by
//! identity and content. Pods of the same identity on other nodes may send the same request, and
//! their records are on those nodes: one record accounts for one message only.

use tidegate_model::Timestamp;
use tidegate_model::flow::Flow;

use super::{ExchangeId, MessageId};
use crate::bounded_map::{BoundedMap, Bounds};

/// The identity of the node itself.
const HOST: u32 = 1;

/// The identity of an exchange between a proxy and a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct UpstreamExchange {
    /// The client's identity; 0 for a response, whose packets do not carry it.
    pub(crate) identity: u32,
    pub(crate) is_response: bool,
    /// As [`MessageId::content`].
    pub(crate) content: u64,
}

/// Packets of a proxy that belong to an exchange which it reports, but that neither the client's
/// address nor a record of their own relates to it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ProxyPackets {
    /// The proxy answers in place of the server.
    Answer(ExchangeId),
    /// The proxy sends the request to the server.
    Upstream(UpstreamExchange),
}

impl UpstreamExchange {
    /// Returns the exchange of a message, assuming that a proxy sends or receives it.
    fn of(message: &MessageId, flow: &Flow) -> Self {
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

/// The exchanges that proxies reported, each with the number of messages still expected.
#[derive(Debug)]
pub(super) struct UpstreamExchanges(BoundedMap<UpstreamExchange, Expected>);

#[derive(Debug, Default)]
struct Expected {
    /// The time of the latest record.
    time: Timestamp,
    messages: u32,
}

impl UpstreamExchanges {
    /// Creates a table of at most `entries` exchanges, from which the oldest are evicted.
    pub(super) fn new(entries: usize) -> Self {
        Self(BoundedMap::new(Bounds {
            entries,
            heap: usize::MAX,
        }))
    }

    /// Expects one more message of an exchange.
    pub(super) fn expect(&mut self, exchange: UpstreamExchange, time: Timestamp) {
        let mut expected = self.0.remove(&exchange).unwrap_or_default();
        expected.time = time;
        expected.messages = expected.messages.saturating_add(1);
        while self.0.make_room(0).is_some() {}
        self.0.insert(exchange, expected, 0);
    }

    /// Takes a message that does not have the address of a proxy's client. Returns whether it was
    /// expected.
    pub(super) fn take_from_node(&mut self, message: &MessageId, flow: &Flow) -> bool {
        if message.is_response && !matches!(flow.destination.identity, 0 | HOST) {
            return false;
        }
        self.take(message, flow)
    }

    /// Takes a message. Returns whether it was expected.
    pub(super) fn take(&mut self, message: &MessageId, flow: &Flow) -> bool {
        match self.0.get_mut(&UpstreamExchange::of(message, flow)) {
            Some(expected) if expected.messages > 0 => {
                expected.messages -= 1;
                true
            }
            _ => false,
        }
    }

    /// Removes the oldest exchanges as long as `is_over` holds for their times.
    pub(super) fn expire(&mut self, is_over: impl Fn(Timestamp) -> bool) {
        while self
            .0
            .pop_oldest_if(|expected| is_over(expected.time))
            .is_some()
        {}
    }
}
