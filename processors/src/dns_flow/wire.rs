//! DNS messages in captured packets.

use tidegate_core::Timestamp;
use tidegate_core::flow::{Dns, Flow, L4, L7, L7Record, L7Type, Seen};
use tidegate_wire::access_log::LogRecord;
use tidegate_wire::dns;

use crate::access_log_flow::{client, l7_type};
use crate::wire_seen::{Content, Exchange, Message, Settings, WireSeen};

const DNS_PORT: u16 = 53;

/// The wire source.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) seen: WireSeen,
    content: Content,
}

impl Wire {
    pub(super) fn new(settings: Settings) -> Self {
        Self { seen: WireSeen::new(settings), content: Content::default() }
    }

    /// Looks for a message in a flow's payload.
    pub(super) fn look(&mut self, flow: &Flow, bytes: &[u8]) {
        self.seen.pass(flow.time);
        let parse = match flow.l4 {
            L4::Udp { source_port, destination_port } if is_dns(source_port, destination_port) => dns::parse_udp,
            L4::Tcp { source_port, destination_port, .. } if is_dns(source_port, destination_port) => dns::parse_tcp,
            _ => return,
        };
        if !WireSeen::takes(flow) {
            return;
        }
        let Ok(found) = parse(flow.payload.of(bytes)) else { return };
        let Some((source_port, destination_port)) = flow.l4.ports() else { return };
        let server_port = if found.response { source_port } else { destination_port };
        let content = self.content.of((found.query.as_str(), found.qtypes.as_slice()));
        let message = Message::in_flow(flow, found.response, content, found.id.into());
        if let Some(message) = message.filter(|_| server_port == DNS_PORT) {
            self.seen.show(message, flow, || l7(found));
        }
    }

    /// Remembers what the proxy reported.
    pub(super) fn report(&mut self, log: &LogRecord, time: Timestamp) {
        let (Some(dns), (Some(client), _)) = (&log.dns, client(log)) else { return };
        let query = dns.query.to_ascii_lowercase();
        let content = Some(self.content.of((query.as_str(), dns.qtypes.as_slice())));
        let is_response = l7_type(log) == L7Type::Response;
        self.seen.report(Exchange { client, client_port: None, is_response, content }, time);
    }
}

fn is_dns(source_port: u16, destination_port: u16) -> bool {
    source_port == DNS_PORT || destination_port == DNS_PORT
}

fn l7(message: dns::Message) -> L7 {
    let dns = Dns {
        query: message.query,
        ips: message.ips,
        ttl: message.ttl.unwrap_or_default(),
        cnames: message.cnames,
        observation_source: "wire".into(),
        rcode: message.rcode.into(),
        qtypes: message.qtypes,
        rrtypes: message.answer_types,
    };
    let l7_type = if message.response { L7Type::Response } else { L7Type::Request };
    L7 { l7_type, latency_ns: 0, record: L7Record::Dns(dns), trace_id: None, seen: Seen::Wire }
}
