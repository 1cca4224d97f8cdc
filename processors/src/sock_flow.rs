//! `sock_flow`: socket traces become flows, by the rules of Hubble's `sock` parser (v1.19.4,
//! v1.20.2).
//!
//! A socket trace has the peer's address of a process's socket, before or after Cilium translated
//! it, and the cgroup of the process. The pod's side of the flow has no address yet: `cilium_enrich`
//! knows the pods of cgroups from the agent's API, adds the address, and removes flows of other
//! cgroups, as Hubble does unless its `hubble-skip-unknown-cgroup-ids` is false.

use serde::Deserialize;
use tidegate_model::flow::{
    Address, Flow, FlowType, Ip, IpVersion, L4, Socket, Verdict, XlatePoint, message_type,
};
use tidegate_model::record::{Event, EventBody};
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Kind, Kinds, Outcome, Record};
use tidegate_runtime::component::{
    BuildContext, BuildError, ComponentKind, FlowContent, Outcomes, ProcessorConfig, ProcessorKind,
    Reasons,
};
use tidegate_runtime::config::Table as _;
use tidegate_runtime::stage::Processor;
use tidegate_wire::event::{self, Hints, SockLayout, TraceSockNotify};

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "sock_flow",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        dropped: REASONS,
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

/// The event was decoded as a socket trace, but has another type.
const NO_SOCKET: &str = "event_without_socket";

const REASONS: &[Reasons] = &[
    Reasons::input(&[NO_SOCKET]),
    Reasons::input(event::Reason::LABELS),
];

tidegate_runtime::config_table! {
    /// Turns socket traces into flows.
    ///
    /// Place it after `l34_flow`, and before `cilium_enrich`, which adds the address of the pod, and
    /// removes flows of processes that are in no pod, as Hubble does. Without the agent's API all flows
    /// pass, and the pod's side has no address.
    #[derive(Clone, Copy, Debug)]
    pub struct Config {}
}

impl ProcessorConfig for Config {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[Kind::Event])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input.union(Kinds::of(&[Kind::Flow]))
    }

    fn contributes(&self) -> &'static [FlowContent] {
        &[FlowContent::Sockets]
    }

    fn build(&self, _context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        Ok(Box::new(SockFlow))
    }
}

/// The processor, which has no state.
#[derive(Clone, Copy, Debug, Default)]
pub struct SockFlow;

impl Processor for SockFlow {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        batch.sift(tally, |record, bytes| {
            let Record::Event(event) = record else {
                return Outcome::Keep;
            };
            let EventBody::TraceSock {
                layout,
                keeps_mapped,
            } = event.body
            else {
                return Outcome::Keep;
            };
            match flow(event, layout, keeps_mapped, bytes) {
                Ok(flow) => *record = Record::Flow(flow),
                Err(reason) => return Outcome::Dropped(reason),
            }
            Outcome::Keep
        });
    }
}

fn flow(
    event: &Event,
    layout: SockLayout,
    keeps_mapped: bool,
    bytes: &[u8],
) -> Result<Flow, &'static str> {
    let parsed = event::parse(event.data.of(bytes), &Hints::from(layout))
        .map_err(|reason| reason.as_str())?;
    let event::Event::TraceSock(sock) = parsed else {
        return Err(NO_SOCKET);
    };
    Ok(Flow {
        time: event.time,
        seq: event.seq,
        flow_type: FlowType::Sock,
        message_type: message_type::TRACE_SOCK,
        sub_type: sock.xlate_point(),
        verdict: verdict(XlatePoint(sock.xlate_point())),
        ip: Some(ip(&sock)),
        l4: l4(&sock),
        socket: Some(Box::new(Socket {
            cookie: sock.sock_cookie(),
            cgroup_id: sock.cgroup_id(),
            keeps_mapped: keeps_mapped && sock.has_mapped_ip(),
        })),
        ..Flow::default()
    })
}

fn verdict(point: XlatePoint) -> Verdict {
    match point {
        XlatePoint::PRE_FWD | XlatePoint::PRE_REV => Verdict::Traced,
        XlatePoint::POST_FWD | XlatePoint::POST_REV => Verdict::Translated,
        _ => Verdict::Unknown,
    }
}

fn ip(sock: &TraceSockNotify<'_>) -> Ip {
    let pod = Address::default();
    let peer = Address::from(sock.dst_ip());
    let (source, destination) = if is_reverse(sock) {
        (peer, pod)
    } else {
        (pod, peer)
    };
    let version = if sock.is_ipv6() {
        IpVersion::V6
    } else {
        IpVersion::V4
    };
    Ip {
        source,
        destination,
        version,
        ..Ip::default()
    }
}

/// The pod's port is unknown.
fn l4(sock: &TraceSockNotify<'_>) -> L4 {
    let peer = sock.dst_port();
    let (source_port, destination_port) = if is_reverse(sock) {
        (peer, 0)
    } else {
        (0, peer)
    };
    match sock.l4_proto() {
        1 => L4::Tcp {
            source_port,
            destination_port,
            flags: None,
        },
        2 => L4::Udp {
            source_port,
            destination_port,
        },
        _ => L4::None,
    }
}

fn is_reverse(sock: &TraceSockNotify<'_>) -> bool {
    XlatePoint(sock.xlate_point()).is_reverse()
}
