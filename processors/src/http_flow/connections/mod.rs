//! A bounded table of connections that carry HTTP: what was read of each, and which requests wait
//! for an answer.
//!
//! A connection is identified by client and client's port, not by the server, which is a service's
//! address before and a backend's behind the load balancer; sequence numbers distinguish several
//! that share a client's port. It is forgotten when newer ones need the room, the one that was used
//! least recently first. Before that, a retransmitted segment is known as such however late it
//! comes.

mod connection;
mod covered;

pub(super) use connection::{Asked, Connection, Place, Position};

use std::time::Duration;

use tidegate_model::Timestamp;
use tidegate_model::flow::{Address, Flow, L4, TcpFlags};

use connection::Socket;

use crate::bounded_map::{BoundedMap, Bounds};

/// Connections at most from one port of a client, to different servers.
const LANES: u8 = 4;
/// Bytes of the requests that wait for their answers, on average for each connection.
const TEXTS: usize = 256;

/// The table.
#[derive(Debug)]
pub(super) struct Connections {
    table: BoundedMap<Key, Connection>,
    /// How long after its end reports of a connection can still come.
    linger: Duration,
    evicted: u64,
}

/// Where a connection is in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    client: Address,
    port: u16,
    lane: u8,
}

impl Connections {
    pub(super) fn new(connections: usize, linger: Duration) -> Self {
        let heap = TEXTS.saturating_mul(connections);
        Self {
            table: BoundedMap::new(Bounds {
                entries: connections,
                heap,
            }),
            linger,
            evicted: 0,
        }
    }

    /// The connection of a message between these two, and the message's place on it. The connection
    /// is made if there is none; there is no message if it would be one of the wrong side, which is
    /// a part of a body or of a tunnel.
    pub(super) fn open(
        &mut self,
        client: Socket,
        server: Socket,
        at: &Position,
    ) -> Option<(Key, &mut Connection, Place)> {
        let key = match self.find(client, at) {
            Ok(key) => key,
            Err(_) if self.is_between(server, client, at) => return None,
            Err(lane) => self.add(client, server, lane, at.time),
        };
        let over = self.over_at(at.time);
        let connection = self.table.refresh(&key)?;
        if connection.ended_before(over) {
            connection.restart(None);
        }
        let place = connection.place(at);
        Some((key, connection, place))
    }

    /// The key of a known connection, else the lane for a new one.
    fn find(&mut self, (client, port): Socket, at: &Position) -> Result<Key, u8> {
        let mut free = None;
        for lane in 0..LANES {
            let key = Key { client, port, lane };
            match self.table.get_mut(&key) {
                Some(connection) if connection.has(at) => return Ok(key),
                Some(_) => {}
                None => free = free.or(Some(lane)),
            }
        }
        Err(free.unwrap_or_default())
    }

    fn add(&mut self, (client, port): Socket, server: Socket, lane: u8, time: Timestamp) -> Key {
        let key = Key { client, port, lane };
        let over = self.over_at(time);
        if let Some(connection) = self.table.remove(&key) {
            self.evict(&connection, over);
        }
        while let Some((_, connection)) = self.table.make_room(0) {
            self.evict(&connection, over);
        }
        self.table.insert(key, Connection::new(server), 0);
        key
    }

    /// A connection that ended before this time can have no more reports at `time`.
    fn over_at(&self, time: Timestamp) -> Timestamp {
        Timestamp(time.0.saturating_sub(as_nanos(self.linger)))
    }

    /// A connection was forgotten; of one that is over that costs nothing.
    fn evict(&mut self, connection: &Connection, over: Timestamp) {
        self.evicted += u64::from(!connection.ended_before(over));
    }

    /// Whether there is a connection of this client that a message would be of if the other side
    /// had sent it.
    fn is_between(&mut self, (client, port): Socket, server: Socket, at: &Position) -> bool {
        let turned = Position {
            is_response: !at.is_response,
            ..*at
        };
        (0..LANES).any(|lane| {
            let connection = self.table.get_mut(&Key { client, port, lane });
            connection.is_some_and(|connection| {
                connection.has(&turned) || (connection.is_tunnel() && connection.server == server)
            })
        })
    }

    /// Sees to the bounds, after a connection has changed.
    pub(super) fn changed(&mut self, key: Key, time: Timestamp) {
        let heap = self
            .table
            .get_mut(&key)
            .map_or(0, |connection| connection.heap());
        self.table.set_heap(&key, heap);
        let over = self.over_at(time);
        while let Some((_, connection)) = self.table.make_room_on_heap() {
            self.evict(&connection, over);
        }
    }

    /// How many connections that may have gone on were forgotten since this was last asked.
    pub(super) fn take_evicted(&mut self) -> u64 {
        std::mem::take(&mut self.evicted)
    }

    /// Whether a packet could begin or end a connection of the table.
    #[inline]
    pub(super) fn is_concerned(&self, flow: &Flow) -> bool {
        const FLAGS: u16 = TcpFlags::SYN | TcpFlags::FIN | TcpFlags::RST;
        match flow.l4 {
            L4::Tcp {
                flags: Some(flags), ..
            } => (flags.0 & FLAGS != 0) & !self.table.is_empty(),
            _ => false,
        }
    }

    /// Ends connections that the packet of a flow ends, and begins anew those that it opens.
    pub(super) fn control(&mut self, flow: &Flow) {
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
        let (source, destination) = ((ip.source, source_port), (ip.destination, destination_port));
        let is_abort = flags.has(TcpFlags::RST);
        if flags.has(TcpFlags::SYN) && !is_abort {
            if !flags.has(TcpFlags::ACK) {
                let first = flow.tcp_seq.wrapping_add(1);
                self.between(source, destination, |connection| {
                    connection.restart(Some(first))
                });
            }
            return;
        }
        self.between(source, destination, |connection| {
            connection.close(true, is_abort, flow.time)
        });
        self.between(destination, source, |connection| {
            connection.close(false, is_abort, flow.time)
        });
    }

    fn between(
        &mut self,
        (client, port): Socket,
        server: Socket,
        change: impl Fn(&mut Connection),
    ) {
        for lane in 0..LANES {
            match self.table.get_mut(&Key { client, port, lane }) {
                Some(connection) if connection.server == server => change(connection),
                // Most clients have one connection on a port, in the first lane.
                None if lane == 0 => return,
                _ => {}
            }
        }
    }
}

fn as_nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
