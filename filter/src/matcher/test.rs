//! Tests of numbers, and the list of all tests.

use tidegate_model::Record;
use tidegate_model::flow::{Flow, L4, TcpFlags, Verdict};

use super::address::{self, Network, Which};
use super::event_type::EventTypes;
use super::protocol::Protocols;
use super::set::{Set, SmallSet};
use super::text::Text;
use super::{Side, interface};
use crate::{Context, NetworkInterface};

/// A field that is set: one of its values has to match.
#[derive(Debug)]
pub(super) enum Test {
    Verdict(SmallSet),
    Direction(SmallSet),
    IpVersion(SmallSet),
    /// 1 for replies.
    Reply(SmallSet),
    /// 1 for encrypted packets.
    Encrypted(SmallSet),
    Port(Side, Set<u16>),
    Identity(Side, Set<u32>),
    Protocol(Protocols),
    EventType(EventTypes),
    /// Codes of drop reasons.
    DropReason(Set<u32>),
    TcpFlags(Box<[TcpFlags]>),
    Address(Which, Box<[Network]>),
    Interface(Box<[NetworkInterface]>),
    IpTraceId(Set<u64>),
    Uuid(Set<u128>),
    Text(Box<Text>),
}

impl Test {
    /// Whether a flow matches.
    pub(super) fn matches(&self, flow: &Flow, context: &Context) -> bool {
        match self {
            Self::Verdict(verdicts) => verdicts.contains(flow.verdict as u8),
            Self::Direction(directions) => directions.contains(flow.direction as u8),
            Self::IpVersion(versions) => {
                versions.contains(flow.ip.as_ref().map_or(0, |ip| ip.version as u8))
            }
            Self::Reply(replies) => replies_match(*replies, flow),
            Self::Encrypted(values) => {
                values.contains(flow.ip.as_ref().is_some_and(|ip| ip.encrypted).into())
            }
            Self::Port(side, ports) => port_matches(*side, ports, flow),
            Self::Identity(side, identities) => identities.contains(side.endpoint(flow).identity),
            Self::Protocol(protocols) => protocols.matches(flow),
            Self::EventType(types) => types.matches(flow),
            Self::DropReason(reasons) => {
                flow.verdict == Verdict::Dropped && reasons.contains(flow.drop_reason.0)
            }
            Self::TcpFlags(sets) => flags_match(sets, flow),
            Self::Address(which, networks) => address::matches(networks, *which, flow),
            Self::Interface(filters) => interface::matches(filters, flow),
            Self::IpTraceId(ids) => ids.contains(flow.ip_trace_id),
            Self::Uuid(ids) => ids.contains(context.ids().id(flow).as_u128()),
            Self::Text(text) => text.matches(flow, context),
        }
    }

    /// Whether a record other than a flow matches. It is a flow without any field to most filters of
    /// Hubble.
    pub(super) fn matches_other(&self, record: &Record, bytes: &[u8]) -> bool {
        match self {
            Self::EventType(types) => types.matches_other(record, bytes),
            Self::IpTraceId(ids) => ids.contains(0),
            Self::Text(text) => text.matches_empty(),
            _ => false,
        }
    }
}

/// Whether the flow is a reply or not. Hubble takes a dropped flow for none if that is unknown.
#[inline]
fn replies_match(replies: SmallSet, flow: &Flow) -> bool {
    match flow.is_reply {
        Some(is_reply) => replies.contains(is_reply.into()),
        None => flow.verdict == Verdict::Dropped && replies.contains(0),
    }
}

#[inline]
pub(super) fn port_matches(side: Side, ports: &Set<u16>, flow: &Flow) -> bool {
    let (L4::Tcp {
        source_port,
        destination_port,
        ..
    }
    | L4::Udp {
        source_port,
        destination_port,
    }
    | L4::Sctp {
        source_port,
        destination_port,
        ..
    }) = flow.l4
    else {
        return false;
    };
    ports.contains(match side {
        Side::Source => source_port,
        Side::Destination => destination_port,
    })
}

/// Whether the flow has all flags of a set. An empty set matches every TCP flow with flags.
#[inline]
fn flags_match(sets: &[TcpFlags], flow: &Flow) -> bool {
    match flow.l4 {
        L4::Tcp {
            flags: Some(flags), ..
        } => sets.iter().any(|set| flags.has(set.0)),
        _ => false,
    }
}
