//! What all access-log records have in common on their way to an L7 flow: the rules of Hubble's
//! `seven` parser (v1.19.4) up to the protocol's own part, which `dns_flow`, `http_flow` and
//! `l7_flow` add.
//!
//! Texts that Hubble looks up by address (namespaces, pods, DNS names) stay empty; the cluster is
//! in a label.

mod addresses;
mod names;

use addresses::Addresses;
use names::Names;

use jiff::SignedDuration;
use tidegate_model::Record;
use tidegate_model::flow::{
    Address, Direction, Endpoint, Flow, FlowType, Ip, IpVersion, L4, L7, L7Type, SctpChunk,
    Verdict, message_type,
};
use tidegate_model::record::{Event, EventBody};
use tidegate_runtime::component::Reasons;
use tidegate_wire::access_log::{Decoder, EndpointView, Protocol, RecordView};
use tidegate_wire::text::Text;

/// The record's timestamp is not RFC 3339 as Go reads it.
const BAD_TIMESTAMP: &str = "access_log_bad_timestamp";

/// Why records are dropped.
pub(crate) const REASONS: &[Reasons] = &[Reasons::input(&[BAD_TIMESTAMP])];

/// Turns records of one stage into flows.
#[derive(Debug, Default)]
pub(crate) struct AccessLogFlows {
    decoder: Decoder,
    addresses: Addresses,
    names: Names,
}

impl AccessLogFlows {
    /// Makes a flow in place of an event that is a record about `protocol`, with the protocol's
    /// part from `seven`, which is given the record and its time since the Unix epoch, and gives
    /// nothing where that is not known.
    ///
    /// # Errors
    /// The reason to drop the record, which is left as it was.
    pub(crate) fn replace(
        &mut self,
        record: &mut Record,
        bytes: &[u8],
        protocol: Protocol,
        seven: impl FnOnce(&Log<'_>, Option<SignedDuration>) -> Option<L7>,
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
        let (time, seq, data) = (*time, *seq, data.of(bytes));
        let log = Log::of(kept.view(data), &mut self.addresses);
        let l7 = seven(&log, crate::go_time::parse(log.view.timestamp.0)).ok_or(BAD_TIMESTAMP)?;
        let flow = record.begin_flow(time, seq);
        log.fill(flow);
        flow.source = self.endpoint(&log.view.source, data, |view| view.source.labels.to_vec());
        flow.destination = self.endpoint(&log.view.destination, data, |view| {
            view.destination.labels.to_vec()
        });
        flow.l7 = Some(Box::new(l7));
        Ok(())
    }

    /// One side. Its labels are read again only where they are new.
    fn endpoint(
        &mut self,
        endpoint: &EndpointView<'_>,
        data: &[u8],
        texts: impl FnOnce(&RecordView<'_>) -> Vec<String>,
    ) -> Endpoint {
        let Self { decoder, names, .. } = self;
        let identity = low_u32(endpoint.identity.to_le_bytes());
        let texts = || {
            decoder
                .read(data)
                .map(|view| texts(&view))
                .unwrap_or_default()
        };
        Endpoint {
            id: low_u32(endpoint.id.to_le_bytes()),
            identity,
            names: names.of(identity, endpoint.labels, texts),
        }
    }
}

/// A record, and what of it is asked for more than once.
pub(crate) struct Log<'a> {
    pub(crate) view: RecordView<'a>,
    pub(crate) l7_type: L7Type,
    source: Option<Address>,
    destination: Option<Address>,
}

impl<'a> Log<'a> {
    fn of(view: RecordView<'a>, addresses: &mut Addresses) -> Self {
        let mut address = |endpoint: &EndpointView<'_>| {
            addresses.of(if view.ip_version == 0 {
                endpoint.ipv4.0
            } else {
                endpoint.ipv6.0
            })
        };
        let (source, destination) = (address(&view.source), address(&view.destination));
        Self {
            l7_type: l7_type(view.kind),
            source,
            destination,
            view,
        }
    }

    /// Sets what the protocol has no part in, but for the sides.
    fn fill(&self, flow: &mut Flow) {
        flow.flow_type = FlowType::L7;
        flow.message_type = message_type::ACCESS_LOG;
        flow.verdict = verdict(self.view.verdict);
        flow.direction = direction(self.view.observation_point);
        flow.is_reply = Some(self.l7_type == L7Type::Response);
        flow.ip = self.ip();
        flow.l4 = self.l4();
    }

    /// Address and port of the side that asks, which receives a response; `None` without an
    /// address.
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
        let (source, destination) = (
            self.source.unwrap_or_default(),
            self.destination.unwrap_or_default(),
        );
        Some(Ip {
            source,
            destination,
            version,
            ..Ip::default()
        })
    }

    fn l4(&self) -> L4 {
        let (source_port, destination_port) = (self.view.source.port, self.view.destination.port);
        // Hubble looks at the low byte only.
        let [protocol, _] = self.view.transport_protocol.to_le_bytes();
        match protocol {
            6 => L4::Tcp {
                source_port,
                destination_port,
                flags: None,
            },
            17 => L4::Udp {
                source_port,
                destination_port,
            },
            132 => L4::Sctp {
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

/// What Go's `uint32(wide)`, which Hubble uses on numbers of records, leaves of the bytes of a
/// wider integer.
pub(crate) fn low_u32([a, b, c, d, ..]: [u8; 8]) -> u32 {
    u32::from_le_bytes([a, b, c, d])
}
