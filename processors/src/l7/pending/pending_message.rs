//! A message that waits, and the flow that it becomes.

use tidegate_model::flow::{Direction, Flow, FlowType, L4, L7, L7Type, Verdict, message_type};

/// Datapath numbers of the points at which an endpoint's packets are reported: those that it
/// receives, and sends.
const TO_ENDPOINT: u8 = 0;
const FROM_ENDPOINT: u8 = 5;

/// A message that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) flow: Flow,
    /// Whether a packet was reported where, if a proxy reported the exchange, only packets between
    /// the proxy and the server pass: of a request anywhere but from the client's endpoint, of a
    /// response anywhere but to it.
    pub(super) beyond_proxy: bool,
}

impl Waiting {
    /// A message that a packet showed.
    pub(super) fn new(carrier: &Flow, l7: L7) -> Self {
        let beyond_proxy = is_beyond_proxy(carrier, l7.l7_type);
        Self {
            flow: flow(carrier, l7),
            beyond_proxy,
        }
    }

    /// Takes over from another report of the message where it was seen, and that the packet was
    /// dropped.
    pub(super) fn learn(&mut self, carrier: &Flow) {
        let known = &mut self.flow;
        let l7_type = known.l7.as_deref().map(|l7| l7.l7_type).unwrap_or_default();
        self.beyond_proxy |= is_beyond_proxy(carrier, l7_type);
        if carrier.verdict == Verdict::Dropped && known.verdict != Verdict::Dropped {
            known.verdict = carrier.verdict;
            known.drop_reason = carrier.drop_reason;
            known.message_type = carrier.message_type;
            known.sub_type = carrier.sub_type;
        }
    }
}

fn is_beyond_proxy(carrier: &Flow, l7_type: L7Type) -> bool {
    let at_client = if l7_type == L7Type::Response {
        TO_ENDPOINT
    } else {
        FROM_ENDPOINT
    };
    carrier.message_type == message_type::TRACE && carrier.sub_type != at_client
}

/// The flow of a message, with what its packet's flow says of the packet as a whole. What answers
/// is a reply, whatever connection tracking takes it for.
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
        turned_by: carrier.turned_by,
        is_reply: Some(is_reply),
        ip: carrier.ip,
        l4: match carrier.l4 {
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
        },
        source: carrier.source.clone(),
        destination: carrier.destination.clone(),
        l7: Some(Box::new(l7)),
        ..Flow::default()
    }
}

/// The direction of an exchange is that of its request, so it is turned where the packet was not
/// known as the reply that it is, or was taken for one.
fn direction(carrier: &Flow, is_reply: bool) -> Direction {
    // A trace that has the source before address translation is egress either way.
    let is_fixed = carrier.message_type == message_type::TRACE && carrier.turned_by == 0;
    if is_fixed || carrier.is_reply.unwrap_or(false) == is_reply {
        return carrier.direction;
    }
    match carrier.direction {
        Direction::Ingress => Direction::Egress,
        Direction::Egress => Direction::Ingress,
        Direction::Unknown => Direction::Unknown,
    }
}
