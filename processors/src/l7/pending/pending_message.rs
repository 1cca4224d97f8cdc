//! A message that waits, and the flow that it becomes.

use tidegate_model::flow::{Direction, Flow, FlowType, L4, L7, L7Type, Verdict, message_type};
use tidegate_wire::event::observation_point;

/// A message that waits.
#[derive(Debug)]
pub(super) struct PendingMessage {
    pub(super) flow: Flow,
    /// Whether a packet was reported at a point that, if a proxy handles the exchange, only packets
    /// between the proxy and the server pass: for a request any point but the client's endpoint as
    /// the sender, for a response any but that endpoint as the receiver.
    pub(super) beyond_proxy: bool,
}

impl PendingMessage {
    /// Creates the message that was found in the packet of `carrier`.
    pub(super) fn new(carrier: &Flow, l7: L7) -> Self {
        Self {
            beyond_proxy: is_beyond_proxy(carrier, l7.l7_type),
            flow: flow(carrier, l7),
        }
    }

    /// Adds what another report of the message says: where it was seen, and whether the packet was
    /// dropped.
    pub(super) fn merge(&mut self, carrier: &Flow) {
        let flow = &mut self.flow;
        let l7_type = flow.l7.as_deref().map(|l7| l7.l7_type).unwrap_or_default();
        self.beyond_proxy |= is_beyond_proxy(carrier, l7_type);
        if carrier.verdict == Verdict::Dropped && flow.verdict != Verdict::Dropped {
            flow.verdict = carrier.verdict;
            flow.drop_reason = carrier.drop_reason;
            flow.message_type = carrier.message_type;
            flow.sub_type = carrier.sub_type;
        }
    }
}

fn is_beyond_proxy(carrier: &Flow, l7_type: L7Type) -> bool {
    let at_client = if l7_type == L7Type::Response {
        observation_point::TO_ENDPOINT
    } else {
        observation_point::FROM_ENDPOINT
    };
    carrier.message_type == message_type::TRACE && carrier.sub_type != at_client
}

/// Builds the flow of a message from its packet's flow. A response is a reply, whatever connection
/// tracking says of the packet.
fn flow(carrier: &Flow, l7: L7) -> Flow {
    let is_reply = l7.l7_type == L7Type::Response;
    Flow {
        time: carrier.time,
        seq: carrier.seq,
        flow_type: FlowType::L7,
        message_type: carrier.message_type,
        sub_type: carrier.sub_type,
        verdict: carrier.verdict,
        drop_reason: carrier.drop_reason,
        direction: direction(carrier, is_reply),
        reversing_endpoint: carrier.reversing_endpoint,
        is_reply: Some(is_reply),
        ip: carrier.ip,
        l4: without_flags(carrier.l4),
        source: carrier.source.clone(),
        destination: carrier.destination.clone(),
        l7: Some(Box::new(l7)),
        sampling: carrier.sampling,
        ..Flow::default()
    }
}

fn without_flags(l4: L4) -> L4 {
    match l4 {
        L4::Tcp {
            source_port,
            destination_port,
            ..
        } => L4::Tcp {
            source_port,
            destination_port,
            flags: None,
        },
        other => other,
    }
}

/// Returns the direction of the exchange, which is that of its request: the packet's direction is
/// reversed if the packet was wrongly taken for a reply, or for a request.
fn direction(carrier: &Flow, is_reply: bool) -> Direction {
    // A trace with the source before address translation is egress in either case.
    let is_fixed = carrier.message_type == message_type::TRACE && carrier.reversing_endpoint == 0;
    if is_fixed || carrier.is_reply.unwrap_or(false) == is_reply {
        return carrier.direction;
    }
    match carrier.direction {
        Direction::Ingress => Direction::Egress,
        Direction::Egress => Direction::Ingress,
        Direction::Unknown => Direction::Unknown,
    }
}
