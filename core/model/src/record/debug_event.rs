//! Debug messages of the datapath, sent by an agent in debug mode: Hubble's `flow.DebugEvent`
//! (v1.19.4).

use std::sync::Arc;

use tidegate_wire::release::Release;

use crate::flow::{Endpoint, EndpointNames};
use crate::time::Timestamp;

/// One message. Exporters format its text from the type and the arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DebugEvent {
    /// When its frame was received.
    pub time: Timestamp,
    /// Type of the message, which determines the meaning of the arguments.
    pub event_type: DebugEventType,
    /// Id of the endpoint whose program sent it; 0 for none.
    pub source: u16,
    /// Security identity of that endpoint; 0 if unknown.
    pub source_identity: u32,
    /// Names and labels of that endpoint, if they are known; shared by all its events.
    pub source_names: Option<Arc<EndpointNames>>,
    /// Hash of the packet.
    pub hash: u32,
    /// Numbers, addresses in memory order, or ports in either order, depending on the type.
    pub args: [u32; 3],
    /// The CPU that reported it.
    pub cpu: i32,
    /// Whether the sender's release is older than the one that changed the text
    /// ([`DebugEventType::new_text_since`]).
    pub has_old_text: bool,
}

impl DebugEvent {
    /// The endpoint whose program sent it; `None` if there is none.
    #[must_use]
    pub fn endpoint(&self) -> Option<Endpoint> {
        let names = self.source_names.clone();
        (self.source != 0).then(|| Endpoint {
            id: self.source.into(),
            identity: self.source_identity,
            names,
            service: None,
        })
    }
}

/// `flow.DebugEventType`: the numbering of `bpf/lib/dbg.h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DebugEventType(pub u8);

impl DebugEventType {
    /// The protobuf enum's name; `None` for other numbers.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        NAMES.get(usize::from(self.0)).copied()
    }

    /// The release in which Hubble changed the text; `None` if it has not changed since 1.12.
    #[must_use]
    pub fn new_text_since(self) -> Option<Release> {
        match self.0 {
            // The third argument was added; a spelling was corrected.
            1 | 13 => Some(Release::V1_20),
            // Direction and scope were added.
            49 | 52 => Some(Release::V1_14),
            // Without a text before.
            66 | 67 => Some(Release::V1_19),
            _ => None,
        }
    }
}

const NAMES: [&str; 69] = [
    "DBG_EVENT_UNKNOWN",
    "DBG_GENERIC",
    "DBG_LOCAL_DELIVERY",
    "DBG_ENCAP",
    "DBG_LXC_FOUND",
    "DBG_POLICY_DENIED",
    "DBG_CT_LOOKUP",
    "DBG_CT_LOOKUP_REV",
    "DBG_CT_MATCH",
    "DBG_CT_CREATED",
    "DBG_CT_CREATED2",
    "DBG_ICMP6_HANDLE",
    "DBG_ICMP6_REQUEST",
    "DBG_ICMP6_NS",
    "DBG_ICMP6_TIME_EXCEEDED",
    "DBG_CT_VERDICT",
    "DBG_DECAP",
    "DBG_PORT_MAP",
    "DBG_ERROR_RET",
    "DBG_TO_HOST",
    "DBG_TO_STACK",
    "DBG_PKT_HASH",
    "DBG_LB6_LOOKUP_FRONTEND",
    "DBG_LB6_LOOKUP_FRONTEND_FAIL",
    "DBG_LB6_LOOKUP_BACKEND_SLOT",
    "DBG_LB6_LOOKUP_BACKEND_SLOT_SUCCESS",
    "DBG_LB6_LOOKUP_BACKEND_SLOT_V2_FAIL",
    "DBG_LB6_LOOKUP_BACKEND_FAIL",
    "DBG_LB6_REVERSE_NAT_LOOKUP",
    "DBG_LB6_REVERSE_NAT",
    "DBG_LB4_LOOKUP_FRONTEND",
    "DBG_LB4_LOOKUP_FRONTEND_FAIL",
    "DBG_LB4_LOOKUP_BACKEND_SLOT",
    "DBG_LB4_LOOKUP_BACKEND_SLOT_SUCCESS",
    "DBG_LB4_LOOKUP_BACKEND_SLOT_V2_FAIL",
    "DBG_LB4_LOOKUP_BACKEND_FAIL",
    "DBG_LB4_REVERSE_NAT_LOOKUP",
    "DBG_LB4_REVERSE_NAT",
    "DBG_LB4_LOOPBACK_SNAT",
    "DBG_LB4_LOOPBACK_SNAT_REV",
    "DBG_CT_LOOKUP4",
    "DBG_RR_BACKEND_SLOT_SEL",
    "DBG_REV_PROXY_LOOKUP",
    "DBG_REV_PROXY_FOUND",
    "DBG_REV_PROXY_UPDATE",
    "DBG_L4_POLICY",
    "DBG_NETDEV_IN_CLUSTER",
    "DBG_NETDEV_ENCAP4",
    "DBG_CT_LOOKUP4_1",
    "DBG_CT_LOOKUP4_2",
    "DBG_CT_CREATED4",
    "DBG_CT_LOOKUP6_1",
    "DBG_CT_LOOKUP6_2",
    "DBG_CT_CREATED6",
    "DBG_SKIP_PROXY",
    "DBG_L4_CREATE",
    "DBG_IP_ID_MAP_FAILED4",
    "DBG_IP_ID_MAP_FAILED6",
    "DBG_IP_ID_MAP_SUCCEED4",
    "DBG_IP_ID_MAP_SUCCEED6",
    "DBG_LB_STALE_CT",
    "DBG_INHERIT_IDENTITY",
    "DBG_SK_LOOKUP4",
    "DBG_SK_LOOKUP6",
    "DBG_SK_ASSIGN",
    "DBG_L7_LB",
    "DBG_SKIP_POLICY",
    "DBG_LB6_LOOPBACK_SNAT",
    "DBG_LB6_LOOPBACK_SNAT_REV",
];
