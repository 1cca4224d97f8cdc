//! A bounded table of TCP connections that carry HTTP: which bytes of each were read, and which
//! requests wait for their responses.
//!
//! The key is the client's address and port. The server's address is not part of it, because a
//! packet shows the service's address before load balancing and the backend's after it; sequence
//! numbers distinguish connections that share a client's port. When the table is full, the least
//! recently used connection is evicted. Until then a retransmitted segment is recognised, however
//! late it arrives.

mod connection;
mod port_set;
mod read_ranges;

pub(super) use connection::{HttpConnection, PendingRequest, Placement, Position, Socket};

use std::hash::{Hash, Hasher};
use std::time::Duration;

use tidegate_model::Timestamp;
use tidegate_model::flow::{Address, Flow, L4, TcpFlags};

use port_set::PortSet;

use crate::bounded_map::{BoundedMap, Bounds};

/// The most connections from one client port, to different servers.
const LANES: u8 = 4;

/// Heap bytes of a connection's pending requests, on average.
const HEAP_PER_CONNECTION: usize = 256;

/// The table.
#[derive(Debug)]
pub(super) struct Connections {
    table: BoundedMap<Key, HttpConnection>,
    /// The ports of all servers that were ever added: a cheap test that rules out most packets.
    server_ports: PortSet,
    /// How long after its end a connection can still be reported.
    linger: Duration,
    evicted: u64,
}

/// The key of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    client: Address,
    port: u16,
    /// Distinguishes connections from the same port.
    lane: u8,
}

/// Two writes instead of one for each byte.
impl Hash for Key {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_ne_bytes(self.client.0));
        state.write_u32(u32::from(self.port) << 8 | u32::from(self.lane));
    }
}

impl Connections {
    pub(super) fn new(connections: usize, linger: Duration) -> Self {
        Self {
            table: BoundedMap::new(Bounds {
                entries: connections,
                heap: HEAP_PER_CONNECTION.saturating_mul(connections),
            }),
            server_ports: PortSet::default(),
            linger,
            evicted: 0,
        }
    }

    /// Returns the connection of a message, and the message's placement on it. Adds the connection
    /// if it is new. Returns `None` if the message belongs to a known connection but comes from the
    /// wrong side of it: then it is part of a body or of a tunnel.
    pub(super) fn locate(
        &mut self,
        client: Socket,
        server: Socket,
        at: &Position,
    ) -> Option<(Key, &mut HttpConnection, Placement)> {
        let key = match self.find(client, at) {
            Ok(key) => key,
            Err(_) if self.is_from_wrong_side(client, server, at) => return None,
            Err(lane) => self.add(client, server, lane, at.time),
        };
        let cutoff = self.linger_cutoff(at.time);
        let connection = self.table.refresh(&key)?;
        if connection.ended_before(cutoff) {
            connection.restart(None);
        }
        let placement = connection.place(at);
        Some((key, connection, placement))
    }

    /// Returns the key of the connection that contains `at`, or the lane for a new one.
    fn find(&mut self, (client, port): Socket, at: &Position) -> Result<Key, u8> {
        let mut free = None;
        for lane in 0..LANES {
            let key = Key { client, port, lane };
            match self.table.get_mut(&key) {
                Some(connection) if connection.contains(at) => return Ok(key),
                Some(_) => {}
                None => free = free.or(Some(lane)),
            }
        }
        Err(free.unwrap_or_default())
    }

    fn add(&mut self, (client, port): Socket, server: Socket, lane: u8, time: Timestamp) -> Key {
        let key = Key { client, port, lane };
        let cutoff = self.linger_cutoff(time);
        if let Some(connection) = self.table.remove(&key) {
            self.count_eviction(&connection, cutoff);
        }
        while let Some((_, connection)) = self.table.make_room(0) {
            self.count_eviction(&connection, cutoff);
        }
        self.table.insert(key, HttpConnection::new(server), 0);
        self.server_ports.insert(server.1);
        key
    }

    /// A connection that ended before the returned time is not reported any more at `time`.
    fn linger_cutoff(&self, time: Timestamp) -> Timestamp {
        Timestamp(time.0.saturating_sub(as_nanos(self.linger)))
    }

    /// Counts an eviction, unless the connection had ended.
    fn count_eviction(&mut self, connection: &HttpConnection, cutoff: Timestamp) {
        self.evicted += u64::from(!connection.ended_before(cutoff));
    }

    /// Whether the message would fit a known connection with client and server exchanged.
    fn is_from_wrong_side(&mut self, client: Socket, server: Socket, at: &Position) -> bool {
        let (port_owner, port) = server;
        let reversed = Position {
            is_response: !at.is_response,
            ..*at
        };
        (0..LANES).any(|lane| {
            let key = Key {
                client: port_owner,
                port,
                lane,
            };
            self.table.get_mut(&key).is_some_and(|connection| {
                connection.contains(&reversed)
                    || (connection.is_tunnel() && connection.server == client)
            })
        })
    }

    /// Records a connection's new heap size, and evicts others if it exceeds the bound.
    pub(super) fn update_heap(&mut self, key: Key, time: Timestamp) {
        let heap = self
            .table
            .get_mut(&key)
            .map_or(0, |connection| connection.heap_bytes());
        self.table.set_heap(&key, heap);
        let cutoff = self.linger_cutoff(time);
        while let Some((_, connection)) = self.table.make_room_on_heap() {
            self.count_eviction(&connection, cutoff);
        }
    }

    /// Returns the number of evictions since the last call. Connections that had ended do not
    /// count.
    pub(super) fn take_evicted(&mut self) -> u64 {
        std::mem::take(&mut self.evicted)
    }

    /// Whether a packet may open or close a connection of the table.
    #[inline]
    pub(super) fn may_change(&self, flow: &Flow) -> bool {
        const FLAGS: u16 = TcpFlags::SYN | TcpFlags::FIN | TcpFlags::RST;
        match flow.l4 {
            L4::Tcp {
                source_port,
                destination_port,
                flags: Some(flags),
            } => {
                flags.0 & FLAGS != 0
                    && self.server_ports.contains(source_port)
                        | self.server_ports.contains(destination_port)
            }
            _ => false,
        }
    }

    /// Closes the connections that a flow's packet closes, and restarts those that it opens.
    pub(super) fn apply_flags(&mut self, flow: &Flow) {
        let (
            Some(ip),
            L4::Tcp {
                source_port,
                destination_port,
                flags: Some(flags),
            },
        ) = (flow.ip, flow.l4)
        else {
            return;
        };
        let source = (ip.source, source_port);
        let destination = (ip.destination, destination_port);
        let is_abort = flags.has(TcpFlags::RST);
        if flags.has(TcpFlags::SYN) && !is_abort {
            if !flags.has(TcpFlags::ACK) {
                let first = flow.tcp_seq.wrapping_add(1);
                self.update_between(source, destination, |connection| {
                    connection.restart(Some(first))
                });
            }
            return;
        }
        self.update_between(source, destination, |connection| {
            connection.close(true, is_abort, flow.time)
        });
        self.update_between(destination, source, |connection| {
            connection.close(false, is_abort, flow.time)
        });
    }

    fn update_between(
        &mut self,
        (client, port): Socket,
        server: Socket,
        update: impl Fn(&mut HttpConnection),
    ) {
        if !self.server_ports.contains(server.1) {
            return;
        }
        for lane in 0..LANES {
            match self.table.get_mut(&Key { client, port, lane }) {
                Some(connection) if connection.server == server => update(connection),
                // Most client ports have one connection, in the first lane.
                None if lane == 0 => return,
                _ => {}
            }
        }
    }
}

fn as_nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
