//! What of a verdict decides which policies it is derived from.

use tidegate_model::flow::{Direction, Flow, L4, PolicyMatch, message_type};

/// A policy verdict.
#[derive(Clone, Copy, Debug)]
pub struct PolicyVerdict {
    /// The endpoint of this node whose policy was applied.
    pub(super) endpoint: u16,
    pub(super) is_ingress: bool,
    pub(super) is_deny: bool,
    /// Whether the entry that matched is for any identity.
    pub(super) is_for_all: bool,
    pub(super) port: PortMatch,
    pub(super) protocol: u8,
}

/// Which ports and protocols the entry that matched is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PortMatch {
    /// All.
    Any,
    /// All ports of the protocol.
    Protocol,
    /// This port or type of ICMP.
    Port(u16),
}

impl PolicyVerdict {
    /// The verdict of a flow; `None` if it is none, or no rule decided it.
    #[must_use]
    pub fn of(flow: &Flow) -> Option<Self> {
        if flow.message_type != message_type::POLICY_VERDICT {
            return None;
        }
        let effect = flow.policy_effect()?;
        let is_ingress = flow.direction == Direction::Ingress;
        let side = if is_ingress {
            &flow.destination
        } else {
            &flow.source
        };
        let [protocol, port] = protocol_and_port(&flow.l4)?;
        let (is_for_all, port) = match flow.policy_match {
            PolicyMatch(1) => (false, PortMatch::Any),
            PolicyMatch(2) => (false, PortMatch::Port(port)),
            PolicyMatch(3) => (true, PortMatch::Port(port)),
            PolicyMatch(4) => (true, PortMatch::Any),
            PolicyMatch(5) => (false, PortMatch::Protocol),
            PolicyMatch(6) => (true, PortMatch::Protocol),
            _ => return None,
        };
        Some(Self {
            endpoint: u16::try_from(side.id).ok().filter(|id| *id != 0)?,
            is_ingress,
            is_deny: !effect.is_allowed(),
            is_for_all,
            port,
            protocol: u8::try_from(protocol).ok()?,
        })
    }

    /// The endpoint of this node whose policy was applied.
    #[must_use]
    pub fn endpoint(&self) -> u16 {
        self.endpoint
    }
}

/// Protocol and destination port, or type of ICMP. As in Hubble, `None` if one of them is 0.
fn protocol_and_port(l4: &L4) -> Option<[u16; 2]> {
    let found = match *l4 {
        L4::Tcp {
            destination_port, ..
        } => [6, destination_port],
        L4::Udp {
            destination_port, ..
        } => [17, destination_port],
        L4::Sctp {
            destination_port, ..
        } => [132, destination_port],
        L4::Icmpv4 { icmp_type, .. } => [1, icmp_type.into()],
        L4::Icmpv6 { icmp_type, .. } => [58, icmp_type.into()],
        _ => return None,
    };
    (found[1] != 0).then_some(found)
}
