//! What all access-log records have in common on their way to an L7 flow: the rules of Hubble's `seven` parser
//! (v1.19.4) up to the protocol's own part, which `dns_flow`, `http_flow` and `l7_flow` add.
//!
//! Texts that Hubble looks up by address (namespaces, pods, DNS names) stay empty; the cluster is in a label.

pub(crate) mod go_time;
mod names;

use names::Names;

use std::net::IpAddr;

use jiff::SignedDuration;
use tidegate_core::flow::{
    Address, Direction, Endpoint, Flow, FlowType, Ip, IpVersion, L4, L7, L7Type, Verdict, message_type,
};
use tidegate_core::record::{Event, EventBody};
use tidegate_core::{Record, Timestamp};
use tidegate_wire::access_log::{self, LogRecord};

/// The record's timestamp is not RFC 3339 as Go reads it.
const BAD_TIMESTAMP: &str = "access_log_bad_timestamp";

/// Turns records of one stage into flows.
#[derive(Debug, Default)]
pub(crate) struct AccessLogFlows {
    names: Names,
}

impl AccessLogFlows {
    /// Makes a flow of the record in place of the event, with the protocol's part from `seven`, which is given the
    /// record and its time since the Unix epoch.
    ///
    /// # Errors
    /// The reason to drop the record, which is left as it was.
    pub(crate) fn replace(
        &mut self,
        record: &mut Record,
        seven: impl FnOnce(&mut LogRecord, SignedDuration) -> L7,
    ) -> Result<(), &'static str> {
        let Record::Event(Event { time, seq, body: EventBody::AccessLog(log), .. }) = record else { return Ok(()) };
        let logged_at = go_time::parse(&log.timestamp).ok_or(BAD_TIMESTAMP)?;
        let l7 = seven(log, logged_at);
        let flow = self.flow(*time, *seq, log, l7);
        *record = Record::Flow(flow);
        Ok(())
    }

    fn flow(&mut self, time: Timestamp, seq: u64, log: &mut LogRecord, l7: L7) -> Flow {
        Flow {
            time,
            seq,
            flow_type: FlowType::L7,
            message_type: message_type::ACCESS_LOG,
            verdict: verdict(&log.verdict),
            direction: direction(&log.observation_point),
            is_reply: Some(l7.l7_type == L7Type::Response),
            ip: ip(log),
            l4: l4(log),
            source: self.endpoint(&mut log.source),
            destination: self.endpoint(&mut log.destination),
            l7: Some(Box::new(l7)),
            ..Flow::default()
        }
    }

    fn endpoint(&mut self, endpoint: &mut access_log::Endpoint) -> Endpoint {
        let identity = low_u32(endpoint.identity.to_le_bytes());
        Endpoint {
            id: low_u32(endpoint.id.to_le_bytes()),
            identity,
            names: self.names.of(identity, std::mem::take(&mut endpoint.labels)),
        }
    }
}

/// The record of an event that is an access-log record.
pub(crate) fn log_of(record: &Record) -> Option<&LogRecord> {
    match record {
        Record::Event(Event { body: EventBody::AccessLog(log), .. }) => Some(log),
        _ => None,
    }
}

/// Request, response or sample.
pub(crate) fn l7_type(log: &LogRecord) -> L7Type {
    match log.kind.as_str() {
        "Request" => L7Type::Request,
        "Response" => L7Type::Response,
        "Sample" => L7Type::Sample,
        _ => L7Type::Unknown,
    }
}

/// Address and port of the side that asks, which receives a response; `None` without an address.
pub(crate) fn client(log: &LogRecord) -> Option<(Address, u16)> {
    let client = if l7_type(log) == L7Type::Response { &log.destination } else { &log.source };
    Some((address(log, client)?, client.port))
}

/// What Go's `uint32(wide)`, which Hubble uses on numbers of records, leaves of the bytes of a wider integer.
pub(crate) fn low_u32([a, b, c, d, ..]: [u8; 8]) -> u32 {
    u32::from_le_bytes([a, b, c, d])
}

fn verdict(text: &str) -> Verdict {
    match text {
        "Forwarded" => Verdict::Forwarded,
        "Denied" => Verdict::Dropped,
        "Error" => Verdict::Error,
        "Redirected" => Verdict::Redirected,
        _ => Verdict::Unknown,
    }
}

fn direction(observation_point: &str) -> Direction {
    match observation_point {
        "Ingress" => Direction::Ingress,
        "Egress" => Direction::Egress,
        _ => Direction::Unknown,
    }
}

fn address(log: &LogRecord, endpoint: &access_log::Endpoint) -> Option<Address> {
    let text = if log.ip_version == 0 { &endpoint.ipv4 } else { &endpoint.ipv6 };
    text.parse::<IpAddr>().ok().map(Address::from)
}

fn ip(log: &LogRecord) -> Option<Ip> {
    let version = match log.ip_version {
        0 => IpVersion::V4,
        1 => IpVersion::V6,
        _ => return None,
    };
    let (source, destination) = (address(log, &log.source), address(log, &log.destination));
    let (source, destination) = (source.unwrap_or_default(), destination.unwrap_or_default());
    Some(Ip { source, destination, version, ..Ip::default() })
}

fn l4(log: &LogRecord) -> L4 {
    let (source_port, destination_port) = (log.source.port, log.destination.port);
    // Hubble looks at the low byte only.
    let [protocol, _] = log.transport_protocol.to_le_bytes();
    match protocol {
        6 => L4::Tcp { source_port, destination_port, flags: None },
        17 => L4::Udp { source_port, destination_port },
        132 => L4::Sctp { source_port, destination_port },
        _ => L4::None,
    }
}
