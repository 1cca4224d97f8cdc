//! The identities of messages and exchanges.

use std::hash::{BuildHasher as _, Hash, Hasher};

use hashbrown::DefaultHashBuilder;
use tidegate_model::flow::{Address, Flow};

/// The identity of a message that was found in a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageId {
    /// The side that sends requests.
    pub(crate) client: Address,
    pub(crate) client_port: u16,
    pub(crate) is_response: bool,
    /// A hash of the parts that an access-log record reports, too.
    pub(crate) content: u64,
    /// The DNS id or TCP sequence number, which distinguishes messages of the same content.
    pub(crate) serial: u32,
    /// The number of earlier connections between the same ports, as far as it is known.
    pub(crate) epoch: u16,
    /// Whether the client's port is part of the identity of the exchange.
    pub(crate) by_port: bool,
}

/// The identity that a message and an access-log record of it have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExchangeId {
    /// The side that sends requests.
    pub(crate) client: Address,
    /// `None` for any port.
    pub(crate) client_port: Option<u16>,
    pub(crate) is_response: bool,
    /// As [`MessageId::content`]; `None` for any message on the connection.
    pub(crate) content: Option<u64>,
}

impl MessageId {
    /// Identifies a message in a flow's payload. Returns `None` if the flow has no addresses or
    /// ports.
    pub(crate) fn in_flow(
        flow: &Flow,
        is_response: bool,
        content: u64,
        serial: u32,
    ) -> Option<Self> {
        let ip = flow.ip?;
        let (source_port, destination_port) = flow.l4.ports()?;
        let (client, client_port) = if is_response {
            (ip.destination, destination_port)
        } else {
            (ip.source, source_port)
        };
        Some(Self {
            client,
            client_port,
            is_response,
            content,
            serial,
            epoch: 0,
            by_port: false,
        })
    }

    /// Returns the exchange that the message belongs to.
    pub(crate) fn exchange(&self) -> ExchangeId {
        ExchangeId {
            client: self.client,
            client_port: self.by_port.then_some(self.client_port),
            is_response: self.is_response,
            content: Some(self.content),
        }
    }

    /// Returns an exchange that stands for all responses on the message's connection.
    pub(super) fn all_responses(&self) -> ExchangeId {
        ExchangeId {
            client: self.client,
            client_port: Some(self.client_port),
            is_response: true,
            content: None,
        }
    }
}

/// Hashes the fields that differ between most messages, in few words.
impl Hash for MessageId {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_ne_bytes(self.client.0));
        state.write_u64(self.content);
        state.write_u64(
            u64::from(self.serial) << 32
                | u64::from(self.client_port) << 1
                | u64::from(self.is_response),
        );
    }
}

impl Hash for ExchangeId {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_ne_bytes(self.client.0));
        state.write_u64(self.content.unwrap_or_default());
        state.write_u32(
            u32::from(self.client_port.unwrap_or_default()) << 1 | u32::from(self.is_response),
        );
    }
}

/// Hashes the contents of messages with a random key, so that collisions cannot be provoked.
#[derive(Clone, Debug, Default)]
pub(crate) struct ContentHasher(DefaultHashBuilder);

impl ContentHasher {
    pub(crate) fn hash(&self, content: impl Hash) -> u64 {
        self.0.hash_one(content)
    }
}
