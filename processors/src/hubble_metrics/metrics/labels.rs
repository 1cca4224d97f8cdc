//! Label values that several metrics share: how a flow becomes a number, and how the number is
//! rendered.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};

use tidegate_model::flow::{Direction, Flow, IpVersion, L4, L7Record, Verdict, message_type};

/// The values of `protocol`: those without a name of their own, then L7 records, then transport
/// protocols.
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
        | message_type::POLICY_VERDICT => l4_protocol(&flow.l4).unwrap_or(UNKNOWN_L4),
        _ => UNKNOWN_FLOW,
    }
}

/// The `protocol` label of a transport protocol; `None` without a transport header.
#[inline]
pub(super) fn l4_protocol(l4: &L4) -> Option<u32> {
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

pub(super) fn render_protocol(number: u32) -> Cow<'static, str> {
    PROTOCOLS[number as usize].into()
}

/// The type of an L7 flow's record, from 1; `None` for records without a name and for other flows.
pub(super) fn l7_record(flow: &Flow) -> Option<u32> {
    Some(match flow.l7.as_deref()?.record {
        L7Record::Dns(_) => 1,
        L7Record::Http(_) => 2,
        L7Record::Kafka(_) => 3,
        L7Record::Generic(_) => return None,
    })
}

/// The name of a type of L7 record.
pub(super) fn l7_record_name(record: u32) -> &'static str {
    PROTOCOLS[(FIRST_L7 - 1 + record) as usize]
}

/// Renders a [`Verdict`].
pub(super) fn render_verdict(number: u32) -> Cow<'static, str> {
    Verdict::ALL[number as usize].name().into()
}

const IP_VERSIONS: [IpVersion; 3] = [IpVersion::NotUsed, IpVersion::V4, IpVersion::V6];

/// Renders an [`IpVersion`].
pub(super) fn render_ip_version(number: u32) -> Cow<'static, str> {
    IP_VERSIONS[number as usize].name().into()
}

/// The label of a value that is missing from the capture.
pub(super) const UNKNOWN: &str = "unknown";

/// Renders the number itself.
pub(super) fn render_decimal(number: u32) -> Cow<'static, str> {
    Cow::Owned(number.to_string())
}

/// Writes a number in decimal to a reused buffer.
pub(super) fn format_number(buffer: &mut String, number: impl Display) -> &str {
    buffer.clear();
    let _ = write!(buffer, "{number}");
    buffer
}

/// The `reporter` label of requests: the side on whose node the message was seen.
pub(super) fn reporter(flow: &Flow) -> &'static str {
    match flow.direction {
        Direction::Egress => "client",
        Direction::Ingress => "server",
        Direction::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tidegate_model::flow::{L4, SctpChunk};

    use super::{IP_VERSIONS, Verdict, l4_protocol, render_ip_version, render_protocol};

    fn l4_headers() -> [L4; 7] {
        [
            L4::Tcp {
                source_port: 1,
                destination_port: 2,
                flags: None,
            },
            L4::Udp {
                source_port: 1,
                destination_port: 2,
            },
            L4::Sctp {
                source_port: 1,
                destination_port: 2,
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
                group: Ipv4Addr::UNSPECIFIED,
            },
        ]
    }

    #[test]
    fn numbers_are_rendered_as_the_names_of_the_flow_model() {
        for l4 in l4_headers() {
            let rendered = l4_protocol(&l4).map(render_protocol);
            assert_eq!(rendered.as_deref(), l4.name());
        }
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::ALL[verdict as usize], verdict);
        }
        for version in IP_VERSIONS {
            assert_eq!(render_ip_version(version as u32), version.name());
        }
    }
}
