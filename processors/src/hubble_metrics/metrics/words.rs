//! Label values as numbers, and the words that they stand for. Within a label, no two numbers have
//! the same words.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};

use tidegate_core::flow::{Direction, Flow, IpVersion, L4, L7Record, Verdict, message_type};

use crate::hubble_metrics::series::Words;

/// What `protocol` can be: what cannot be told, then L7 records, then the transport protocols.
const PROTOCOLS: [&str; 13] = [
    "Unknown flow",
    "Unknown L7",
    "Unknown L4",
    "DNS",
    "HTTP",
    "Kafka",
    "TCP",
    "UDP",
    "SCTP",
    "ICMPv4",
    "ICMPv6",
    "VRRP",
    "IGMP",
];
const UNKNOWN_FLOW: u32 = 0;
const UNKNOWN_L7: u32 = 1;
const UNKNOWN_L4: u32 = 2;
const FIRST_L7: u32 = 3;
const FIRST_L4: u32 = 6;

/// The `protocol` label of metrics that count every kind of flow (`FlowProtocol` in Hubble).
#[inline]
pub(super) fn protocol(flow: &Flow) -> u32 {
    match flow.message_type {
        message_type::ACCESS_LOG => {
            l7_record(flow).map_or(UNKNOWN_L7, |record| FIRST_L7 - 1 + record)
        }
        message_type::DROP
        | message_type::CAPTURE
        | message_type::TRACE
        | message_type::POLICY_VERDICT => l4(&flow.l4).unwrap_or(UNKNOWN_L4),
        _ => UNKNOWN_FLOW,
    }
}

/// The same for a transport protocol; `None` without a header.
#[inline]
pub(super) fn l4(l4: &L4) -> Option<u32> {
    Some(
        FIRST_L4
            + match l4 {
                L4::None => return None,
                L4::Tcp { .. } => 0,
                L4::Udp { .. } => 1,
                L4::Sctp { .. } => 2,
                L4::Icmpv4 { .. } => 3,
                L4::Icmpv6 { .. } => 4,
                L4::Vrrp { .. } => 5,
                L4::Igmp { .. } => 6,
            },
    )
}

pub(super) const PROTOCOL: Words = |number| PROTOCOLS[number as usize].into();

/// The record of an L7 flow, counted from 1; `None` for records without a name and for other flows.
pub(super) fn l7_record(flow: &Flow) -> Option<u32> {
    Some(match flow.l7.as_deref()?.record {
        L7Record::Dns(_) => 1,
        L7Record::Http(_) => 2,
        L7Record::Kafka(_) => 3,
        L7Record::Generic(_) => return None,
    })
}

/// The name of an L7 record by its number.
pub(super) fn l7_name(record: u32) -> &'static str {
    PROTOCOLS[(FIRST_L7 - 1 + record) as usize]
}

pub(super) const VERDICT: Words = |number| Verdict::ALL[number as usize].name().into();

const VERSIONS: [IpVersion; 3] = [IpVersion::NotUsed, IpVersion::V4, IpVersion::V6];

/// The version of an IP header.
pub(super) const FAMILY: Words = |number| VERSIONS[number as usize].name().into();

/// The label of a value that the capture lacks.
pub(super) const UNKNOWN: &str = "unknown";

/// A number as it is.
pub(super) const DECIMAL: Words = |number| Cow::Owned(number.to_string());

/// A number in decimal, in a text that is used again.
pub(super) fn digits(text: &mut String, number: impl Display) -> &str {
    text.clear();
    let _ = write!(text, "{number}");
    text
}

/// The `reporter` label of requests: on whose node it was seen.
pub(super) fn reporter(flow: &Flow) -> &'static str {
    match flow.direction {
        Direction::Egress => "client",
        Direction::Ingress => "server",
        Direction::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use tidegate_core::flow::{Address, L4, SctpChunk};

    use super::{FAMILY, PROTOCOL, VERSIONS, Verdict, l4};

    #[test]
    fn numbers_stand_for_the_names_that_flows_have() {
        let (source_port, destination_port) = (1, 2);
        let protocols = [
            L4::Tcp {
                source_port,
                destination_port,
                flags: None,
            },
            L4::Udp {
                source_port,
                destination_port,
            },
            L4::Sctp {
                source_port,
                destination_port,
                chunk_type: SctpChunk::Unsupported,
            },
            L4::Icmpv4 {
                icmp_type: 0,
                code: 0,
            },
            L4::Icmpv6 {
                icmp_type: 0,
                code: 0,
            },
            L4::Vrrp {
                vrrp_type: 0,
                vrid: 0,
                priority: 0,
            },
            L4::Igmp {
                igmp_type: 0,
                group: Address::default(),
            },
        ];
        for protocol in protocols {
            assert_eq!(l4(&protocol).map(PROTOCOL).as_deref(), protocol.name());
        }
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::ALL[verdict as usize], verdict);
        }
        for version in VERSIONS {
            assert_eq!(FAMILY(version as u32), version.name());
        }
    }
}
