//! DNS exchanges, without a proxy and through Cilium's.

use std::net::IpAddr;

use tidegate_wire::access_log::{Dns, Endpoint, LogRecord, NodeAddresses};
use tidegate_wire::dns::record_type;
use tidegate_wire::event::{observation_point, trace_reason};
use tidegate_wire::packet::ip_protocol;

use super::{Scenarios, client_port, is_v6};
use crate::cluster::Peer;
use crate::event_writer::Trace;
use crate::packet::{Path, answer, query, udp};

const NAMES: [&str; 8] = [
    "cart.shop.svc.cluster.local.",
    "checkout.shop.svc.cluster.local.",
    "redis.data.svc.cluster.local.",
    "api.example.com.",
    "www.example.org.",
    "metrics.example.net.",
    "missing.example.com.",
    "registry.example.io.",
];
const NXDOMAIN: u8 = 3;
const PROXY_PORT: u16 = 40_053;

/// A query and its answer.
struct Exchange {
    forward: Path,
    id: u16,
    name: &'static str,
    qtype: u16,
    rcode: u8,
    cname: Option<&'static str>,
    ips: Vec<IpAddr>,
}

impl Exchange {
    fn new(scenarios: &mut Scenarios, is_proxied: bool, rng: &mut fastrand::Rng) -> Self {
        let v6 = is_v6(rng);
        let from = scenarios.cluster.local_under_l7_policy(rng, v6, is_proxied);
        let forward = Path {
            from,
            to: scenarios.cluster.dns(v6),
            ports: (client_port(rng), 53),
        };
        let name = NAMES[rng.usize(..NAMES.len())];
        let qtype = if rng.bool() {
            record_type::A
        } else {
            record_type::AAAA
        };
        let is_v6 = qtype == record_type::AAAA;
        let ip = scenarios.cluster.resolve(name, is_v6, rng.u8(1..250));
        let is_missing = ip.is_none();
        Self {
            forward,
            id: rng.u16(..),
            name,
            qtype,
            rcode: if is_missing { NXDOMAIN } else { 0 },
            cname: (!is_missing && rng.u8(..4) == 0).then_some("edge.example.net."),
            ips: ip.into_iter().collect(),
        }
    }

    fn query(&self) -> Vec<u8> {
        udp(&self.forward, &query(self.id, self.name, self.qtype))
    }

    fn answer(&self) -> Vec<u8> {
        udp(
            &self.forward.reverse(),
            &answer(
                self.id, self.name, self.qtype, self.rcode, self.cname, &self.ips,
            ),
        )
    }

    fn record(&self, timestamp: String, is_response: bool) -> LogRecord {
        let path = if is_response {
            self.forward.reverse()
        } else {
            self.forward.clone()
        };
        let mut dns = Dns {
            query: self.name.to_owned(),
            observation_source: "proxy".to_owned(),
            qtypes: vec![self.qtype],
            ..Dns::default()
        };
        if is_response {
            dns.ips = self.ips.iter().copied().map(Into::into).collect();
            dns.rcode = self.rcode.into();
            dns.ttl = if self.ips.is_empty() { 0 } else { 30 };
            dns.cnames = self.cname.map(str::to_owned).into_iter().collect();
            dns.answer_types = self
                .cname
                .map(|_| record_type::CNAME)
                .into_iter()
                .chain(self.ips.iter().map(|_| self.qtype))
                .collect();
        }
        LogRecord {
            dns: Some(dns),
            ..record(&path, timestamp, is_response, "Egress", ip_protocol::UDP)
        }
    }
}

impl Scenarios {
    pub(super) fn dns_on_wire(&mut self, rng: &mut fastrand::Rng) {
        let exchange = Exchange::new(self, false, rng);
        let query = exchange.query();
        self.writer
            .verdict(&exchange.forward, false, ip_protocol::UDP, 0, &query);
        self.trace_packet(&exchange.forward, trace_reason::CT_NEW, &query);
        self.trace_packet(
            &exchange.forward.reverse(),
            trace_reason::CT_REPLY,
            &exchange.answer(),
        );
    }

    pub(super) fn dns_proxied(&mut self, rng: &mut fastrand::Rng) {
        let exchange = Exchange::new(self, true, rng);
        let forward = &exchange.forward;
        let query = exchange.query();
        self.writer
            .verdict(forward, false, ip_protocol::UDP, PROXY_PORT.into(), &query);
        let source = forward.from.endpoint;
        let to_proxy = Trace {
            point: observation_point::TO_PROXY,
            reason: trace_reason::CT_NEW,
            source,
            dst_id: PROXY_PORT,
            ..Trace::default()
        };
        self.writer.trace(forward, to_proxy, &query);
        let request = exchange.record(self.timestamp(), false);
        self.writer.access_log(&request);
        let response = exchange.record(self.timestamp(), true);
        self.writer.access_log(&response);
        let to_endpoint = Trace {
            point: observation_point::TO_ENDPOINT,
            reason: trace_reason::CT_REPLY,
            source,
            dst_id: source,
            ..Trace::default()
        };
        self.writer
            .trace(&forward.reverse(), to_endpoint, &exchange.answer());
    }
}

/// Returns an access-log record without a protocol's part.
pub(super) fn record(
    path: &Path,
    timestamp: String,
    is_response: bool,
    observation_point: &str,
    protocol: u8,
) -> LogRecord {
    LogRecord {
        kind: if is_response { "Response" } else { "Request" }.to_owned(),
        timestamp,
        node: NodeAddresses {
            ipv4: "172.18.0.2".to_owned(),
            ipv6: "fc00::2".to_owned(),
        },
        observation_point: observation_point.to_owned(),
        source: endpoint(&path.from, path.ports.0),
        destination: endpoint(&path.to, path.ports.1),
        ip_version: u8::from(path.is_v6()),
        verdict: "Forwarded".to_owned(),
        transport_protocol: protocol.into(),
        ..LogRecord::default()
    }
}

fn endpoint(peer: &Peer, port: u16) -> Endpoint {
    let ip = peer.ip.to_string();
    let (ipv4, ipv6) = if peer.ip.is_ipv4() {
        (ip, String::new())
    } else {
        (String::new(), ip)
    };
    let labels = peer.labels.clone();
    Endpoint {
        id: peer.endpoint.into(),
        ipv4,
        ipv6,
        port,
        identity: peer.identity.into(),
        labels,
    }
}
