//! Turns access-log records into L7 flows by the rules of Hubble's `seven` parser (v1.19.4), up to
//! the part of each protocol, which `dns_flow`, `http_flow` and `l7_flow` add.
//!
//! Names that Hubble looks up by address (namespaces, pods, DNS names) stay empty; the cluster is
//! in a label.

mod addresses;
mod names;

use addresses::AddressCache;
use names::NameCache;

use jiff::SignedDuration;
use tidegate_model::Record;
use tidegate_model::flow::{
    Address, Direction, Endpoint, Flow, FlowType, Ip, IpVersion, L4, L7, L7Type, SctpChunk,
    Verdict, message_type,
};
use tidegate_model::record::{Event, EventBody};
use tidegate_runtime::component::Reasons;
use tidegate_wire::access_log::{Decoder, EndpointView, Protocol, RecordView};
use tidegate_wire::packet::ip_protocol;
use tidegate_wire::text::Text;

use crate::go_time;

/// The record's timestamp is not RFC 3339 as Go parses it.
const BAD_TIMESTAMP: &str = "access_log_bad_timestamp";

/// The reasons to drop a record.
pub(crate) const REASONS: &[Reasons] = &[Reasons::input(&[BAD_TIMESTAMP])];

/// Turns the records of one stage into flows.
#[derive(Debug, Default)]
pub(crate) struct AccessLogParser {
    decoder: Decoder,
    addresses: AddressCache,
    names: NameCache,
}

impl AccessLogParser {
    /// Replaces an event that is an access-log record of `protocol` by its flow; leaves any other
    /// record as it is.
    ///
    /// `l7` builds the part of the protocol. It takes the record and its time since the Unix epoch,
    /// and returns `None` if it needs the time and there is none.
    ///
    /// # Errors
    /// The reason to drop the record, which is unchanged.
    pub(crate) fn replace(
        &mut self,
        record: &mut Record,
        bytes: &[u8],
        protocol: Protocol,
        l7: impl FnOnce(&AccessLogEntry<'_>, Option<SignedDuration>) -> Option<L7>,
    ) -> Result<(), &'static str> {
        let Record::Event(Event {
            time,
            seq,
            data,
            body: EventBody::AccessLog(kept),
            ..
        }) = record
        else {
            return Ok(());
        };
        if kept.protocol() != protocol {
            return Ok(());
        }
        let time = *time;
        let seq = *seq;
        let data = data.of(bytes);
        let entry = AccessLogEntry::new(kept.view(data), &mut self.addresses);
        let logged_at = go_time::parse(entry.view.timestamp.0);
        let l7 = l7(&entry, logged_at).ok_or(BAD_TIMESTAMP)?;
        let flow = record.begin_flow(time, seq);
        entry.fill(flow);
        flow.source = self.endpoint(&entry.view.source, data, |view| view.source.labels.to_vec());
        flow.destination = self.endpoint(&entry.view.destination, data, |view| {
            view.destination.labels.to_vec()
        });
        flow.l7 = Some(Box::new(l7));
        Ok(())
    }

    /// Builds one side of a flow. Decodes its labels only if they are not cached.
    fn endpoint(
        &mut self,
        endpoint: &EndpointView<'_>,
        data: &[u8],
        labels: impl FnOnce(&RecordView<'_>) -> Vec<String>,
    ) -> Endpoint {
        let Self { decoder, names, .. } = self;
        let identity = low_u32(endpoint.identity.to_le_bytes());
        let texts = || {
            decoder
                .read(data)
                .map(|view| labels(&view))
                .unwrap_or_default()
        };
        Endpoint {
            id: low_u32(endpoint.id.to_le_bytes()),
            identity,
            names: names.of(identity, endpoint.labels, texts),
            service: None,
        }
    }
}

/// An access-log record, with the fields that need parsing parsed.
pub(crate) struct AccessLogEntry<'a> {
    pub(crate) view: RecordView<'a>,
    pub(crate) l7_type: L7Type,
    source: Option<Address>,
    destination: Option<Address>,
}

impl<'a> AccessLogEntry<'a> {
    fn new(view: RecordView<'a>, addresses: &mut AddressCache) -> Self {
        let mut address = |endpoint: &EndpointView<'_>| {
            addresses.parse(if view.ip_version == 0 {
                endpoint.ipv4.0
            } else {
                endpoint.ipv6.0
            })
        };
        Self {
            l7_type: l7_type(view.kind),
            source: address(&view.source),
            destination: address(&view.destination),
            view,
        }
    }

    /// Sets the fields that are common to all protocols, except for the endpoints.
    fn fill(&self, flow: &mut Flow) {
        flow.flow_type = FlowType::L7;
        flow.message_type = message_type::ACCESS_LOG;
        flow.verdict = verdict(self.view.verdict);
        flow.direction = direction(self.view.observation_point);
        flow.is_reply = Some(self.l7_type == L7Type::Response);
        flow.ip = self.ip();
        flow.l4 = self.l4();
    }

    /// Returns address and port of the side that sends requests; `None` if the record does not
    /// have its address.
    pub(crate) fn client(&self) -> Option<(Address, u16)> {
        match self.l7_type {
            L7Type::Response => Some((self.destination?, self.view.destination.port)),
            _ => Some((self.source?, self.view.source.port)),
        }
    }

    fn ip(&self) -> Option<Ip> {
        let version = match self.view.ip_version {
            0 => IpVersion::V4,
            1 => IpVersion::V6,
            _ => return None,
        };
        Some(Ip {
            source: self.source.unwrap_or_default(),
            destination: self.destination.unwrap_or_default(),
            version,
            ..Ip::default()
        })
    }

    fn l4(&self) -> L4 {
        let source_port = self.view.source.port;
        let destination_port = self.view.destination.port;
        // Hubble uses the low byte only.
        let [protocol, _] = self.view.transport_protocol.to_le_bytes();
        match protocol {
            ip_protocol::TCP => L4::Tcp {
                source_port,
                destination_port,
                flags: None,
            },
            ip_protocol::UDP => L4::Udp {
                source_port,
                destination_port,
            },
            ip_protocol::SCTP => L4::Sctp {
                source_port,
                destination_port,
                chunk_type: SctpChunk::Unsupported,
            },
            _ => L4::None,
        }
    }
}

fn l7_type(kind: Text<'_>) -> L7Type {
    match kind.0 {
        b"Request" => L7Type::Request,
        b"Response" => L7Type::Response,
        b"Sample" => L7Type::Sample,
        _ => L7Type::Unknown,
    }
}

fn verdict(text: Text<'_>) -> Verdict {
    match text.0 {
        b"Forwarded" => Verdict::Forwarded,
        b"Denied" => Verdict::Dropped,
        b"Error" => Verdict::Error,
        b"Redirected" => Verdict::Redirected,
        _ => Verdict::Unknown,
    }
}

fn direction(observation_point: Text<'_>) -> Direction {
    match observation_point.0 {
        b"Ingress" => Direction::Ingress,
        b"Egress" => Direction::Egress,
        _ => Direction::Unknown,
    }
}

/// Truncates a wider integer, given as little-endian bytes, as Go's `uint32(wide)` does in Hubble.
pub(crate) fn low_u32([a, b, c, d, ..]: [u8; 8]) -> u32 {
    u32::from_le_bytes([a, b, c, d])
}
