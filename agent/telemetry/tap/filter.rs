//! Filters of records, with the keys of `hubble observe`: `verdict=DROPPED`, `ip=10.0.0.0/8`.
//!
//! A record without the attribute of a filter, such as a lost report without a port, does not
//! match.

use std::net::IpAddr;

use tidegate_model::flow::{
    Address, Direction, Endpoint, Flow, L7Record, Verdict, message_type, reserved_identity,
};
use tidegate_model::{Kind, Record};

use crate::config::did_you_mean;

/// A condition on a record.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filter {
    Verdict(Verdict),
    Type(RecordType),
    Protocol(&'static str),
    Direction(Direction),
    Ip(Network),
    Port(u16),
    Identity(u32),
    Pod(Pod),
}

/// A type of records.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum RecordType {
    /// Flows and events of this monitor message type.
    Message(u8),
    /// L7 requests and responses.
    L7,
    /// Records of this kind, and events of the message type that they are decoded from.
    Record(Kind, Option<u8>),
}

/// An address prefix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Network {
    address: u128,
    mask: u128,
}

/// Pods whose names have a prefix.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pod {
    /// `None` matches any namespace.
    namespace: Option<String>,
    prefix: String,
}

const KEYS: [&str; 8] = [
    "verdict",
    "type",
    "protocol",
    "direction",
    "ip",
    "port",
    "identity",
    "pod",
];
const TYPES: [(&str, RecordType); 9] = [
    ("drop", RecordType::Message(message_type::DROP)),
    ("trace", RecordType::Message(message_type::TRACE)),
    (
        "policy-verdict",
        RecordType::Message(message_type::POLICY_VERDICT),
    ),
    ("capture", RecordType::Message(message_type::CAPTURE)),
    ("trace-sock", RecordType::Message(message_type::TRACE_SOCK)),
    ("l7", RecordType::L7),
    (
        "agent",
        RecordType::Record(Kind::AgentEvent, Some(message_type::AGENT)),
    ),
    (
        "debug",
        RecordType::Record(Kind::DebugEvent, Some(message_type::DEBUG)),
    ),
    ("lost", RecordType::Record(Kind::Lost, None)),
];
const PROTOCOLS: [&str; 11] = [
    "tcp", "udp", "sctp", "icmp", "icmpv4", "icmpv6", "vrrp", "igmp", "dns", "http", "kafka",
];
const DIRECTIONS: [Direction; 2] = [Direction::Ingress, Direction::Egress];

impl Filter {
    /// Parses `key=value`. The error is a message for the client.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or_else(|| {
            format!(
                "a filter is `key=value`, not `{text}`; keys are {}",
                KEYS.join(", ")
            )
        })?;
        let invalid = |what: &str| format!("`{key}` is {what}, not `{value}`");
        match key {
            "verdict" => one_of(key, value, &verdicts()).map(Self::Verdict),
            "type" => one_of(key, value, &TYPES).map(Self::Type),
            "protocol" => {
                one_of(key, value, &PROTOCOLS.map(|name| (name, name))).map(Self::Protocol)
            }
            "direction" => {
                one_of(key, value, &DIRECTIONS.map(|one| (one.name(), one))).map(Self::Direction)
            }
            "ip" => Network::parse(value)
                .map(Self::Ip)
                .ok_or_else(|| invalid("an address or a CIDR such as 10.0.0.0/8")),
            "port" => value
                .parse()
                .map(Self::Port)
                .map_err(|_| invalid("a number from 0 to 65535")),
            "identity" => parse_identity(value)
                .map(Self::Identity)
                .ok_or_else(|| invalid("a number or a reserved name such as world")),
            "pod" => Ok(Self::Pod(Pod::parse(value))),
            _ => Err(unknown_key(key)),
        }
    }

    /// Whether a record matches; `data` is the bytes of an event.
    pub(super) fn matches(&self, record: &Record, data: &[u8]) -> bool {
        match (self, record) {
            (Self::Type(of), _) => of.matches(record, data),
            (_, Record::Flow(flow)) => self.matches_flow(flow),
            _ => false,
        }
    }

    fn matches_flow(&self, flow: &Flow) -> bool {
        let either = |matches: &dyn Fn(&Endpoint) -> bool| {
            matches(&flow.source) || matches(&flow.destination)
        };
        match self {
            Self::Verdict(verdict) => flow.verdict == *verdict,
            Self::Direction(direction) => flow.direction == *direction,
            Self::Protocol(name) => has_protocol(flow, name),
            Self::Ip(network) => {
                let addresses = [flow.source_address(), flow.destination_address()];
                addresses
                    .into_iter()
                    .flatten()
                    .any(|address| network.contains(address))
            }
            Self::Port(port) => flow
                .l4
                .ports()
                .is_some_and(|(source, destination)| [source, destination].contains(port)),
            Self::Identity(identity) => either(&|side| side.identity == *identity),
            Self::Pod(pod) => either(&|side| pod.matches(side)),
            Self::Type(_) => false,
        }
    }
}

fn unknown_key(key: &str) -> String {
    let suggestion = did_you_mean(key, KEYS).map_or_else(String::new, |text| text + " ");
    let keys = KEYS.join(", ");
    format!("there is no filter `{key}`; {suggestion}keys are {keys}")
}

/// The verdicts that a flow can have, by name.
fn verdicts() -> Vec<(&'static str, Verdict)> {
    Verdict::ALL
        .into_iter()
        .filter(|verdict| *verdict != Verdict::Unknown)
        .map(|verdict| (verdict.name(), verdict))
        .collect()
}

/// The value with this name, in any case.
fn one_of<T: Clone>(key: &str, name: &str, values: &[(&str, T)]) -> Result<T, String> {
    let found = values
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.clone()).ok_or_else(|| {
        let names: Vec<_> = values.iter().map(|(name, _)| *name).collect();
        format!("`{key}` is one of {}, not `{name}`", names.join(", "))
    })
}

impl RecordType {
    fn matches(self, record: &Record, data: &[u8]) -> bool {
        match (self, record) {
            (Self::Message(number), Record::Flow(flow)) => {
                flow.message_type == number && flow.l7.is_none()
            }
            (Self::Message(number), Record::Event(_)) => data.first() == Some(&number),
            (Self::L7, Record::Flow(flow)) => flow.l7.is_some(),
            (Self::L7, Record::Event(_)) => data.first() == Some(&message_type::ACCESS_LOG),
            (Self::Record(_, Some(number)), Record::Event(_)) => data.first() == Some(&number),
            (Self::Record(kind, _), _) => record.kind() == kind,
            _ => false,
        }
    }
}

fn has_protocol(flow: &Flow, name: &str) -> bool {
    match (name, flow.l7.as_deref().map(|l7| &l7.record)) {
        ("dns", Some(L7Record::Dns(_)))
        | ("http", Some(L7Record::Http(_)))
        | ("kafka", Some(L7Record::Kafka(_))) => true,
        ("icmp", _) => matches!(flow.l4.name(), Some("ICMPv4" | "ICMPv6")),
        _ => flow
            .l4
            .name()
            .is_some_and(|l4| l4.eq_ignore_ascii_case(name)),
    }
}

impl Network {
    /// Parses an address or a CIDR.
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text
            .split_once('/')
            .map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(width), |bits| {
            bits.parse().ok().filter(|bits| *bits <= width)
        })?;
        let mask = u128::MAX.checked_shl(width - bits).unwrap_or(0);
        Some(Self {
            address: address_bits(address.into()) & mask,
            mask,
        })
    }

    fn contains(self, address: Address) -> bool {
        address_bits(address) & self.mask == self.address
    }
}

fn address_bits(address: Address) -> u128 {
    u128::from_be_bytes(address.0)
}

/// Parses a number or the name of a reserved identity.
fn parse_identity(text: &str) -> Option<u32> {
    let mut reserved = (0..).map_while(|number| Some((number, reserved_identity(number)?)));
    let named = reserved.find(|(_, name)| name.eq_ignore_ascii_case(text));
    named
        .map(|(number, _)| number)
        .or_else(|| text.parse().ok())
}

impl Pod {
    /// `namespace/prefix`, `/prefix` in any namespace, `prefix` in the namespace `default`.
    fn parse(text: &str) -> Self {
        let (namespace, prefix) = text.split_once('/').unwrap_or(("default", text));
        Self {
            namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
            prefix: prefix.to_owned(),
        }
    }

    fn matches(&self, side: &Endpoint) -> bool {
        side.names.as_deref().is_some_and(|names| {
            let named = !names.pod_name.is_empty() && names.pod_name.starts_with(&self.prefix);
            named
                && self
                    .namespace
                    .as_ref()
                    .is_none_or(|namespace| *namespace == names.namespace)
        })
    }
}

#[cfg(test)]
mod tests;
