//! The identities of messages and exchanges.

use std::hash::{BuildHasher as _, Hash, Hasher};

use hashbrown::DefaultHashBuilder;
use tidegate_model::flow::{Address, Flow};

use super::Relayed;

/// A message on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The side that asks.
    pub(crate) client: Address,
    /// Its port.
    pub(crate) client_port: u16,
    /// Whether the client receives it.
    pub(crate) is_response: bool,
    /// What it says, as far as an access-log record says the same.
    pub(crate) content: u64,
    /// Distinguishes it from others of that content: DNS id or TCP sequence number.
    pub(crate) serial: u32,
    /// How many connections the same two sides had before on these ports, as far as that is known.
    pub(crate) epoch: u16,
    /// Whether the client's port is a part of the identity of its exchange.
    pub(crate) by_port: bool,
}

/// What an access-log record and a message have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exchange {
    /// The side that asks.
    pub(crate) client: Address,
    /// Its port, where it counts.
    pub(crate) client_port: Option<u16>,
    /// Whether the client receives it.
    pub(crate) is_response: bool,
    /// What it says; `None` for all on the connection.
    pub(crate) content: Option<u64>,
}

/// Packets of a proxy itself that belong to an exchange which it reports, and that the client's
/// address or a record of their own does not relate to it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OfProxy {
    /// It answers in place of the server.
    Answer(Exchange),
    /// It talks to the server on behalf of the client.
    Relayed(Relayed),
}

impl Message {
    /// A message in a flow's payload; `None` if the flow has no addresses or ports.
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

    /// Its exchange.
    pub(crate) fn exchange(&self) -> Exchange {
        Exchange {
            client: self.client,
            client_port: self.by_port.then_some(self.client_port),
            is_response: self.is_response,
            content: Some(self.content),
        }
    }

    /// All responses on its connection.
    pub(super) fn connection(&self) -> Exchange {
        Exchange {
            client: self.client,
            client_port: Some(self.client_port),
            is_response: true,
            content: None,
        }
    }
}

/// Only the fields that differ between most messages, in few words.
impl Hash for Message {
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

impl Hash for Exchange {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_ne_bytes(self.client.0));
        state.write_u64(self.content.unwrap_or_default());
        state.write_u32(
            u32::from(self.client_port.unwrap_or_default()) << 1 | u32::from(self.is_response),
        );
    }
}

/// Hashes contents, with a random key, so that collisions cannot be made on purpose.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content(DefaultHashBuilder);

impl Content {
    pub(crate) fn of(&self, content: impl Hash) -> u64 {
        self.0.hash_one(content)
    }
}
