//! DNS exchanges, on the wire alone and through Cilium's proxy.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tidegate_wire::access_log::{Dns, Endpoint, LogRecord, NodeAddresses};
use tidegate_wire::packet::ip_protocol;

use super::{Stage, client_port, is_v6};
use crate::packet::{Path, answer, query, udp};
use crate::script::{Trace, point, state};
use crate::world::Peer;

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
const TYPE_A: u16 = 1;
const TYPE_AAAA: u16 = 28;
const TYPE_CNAME: u16 = 5;
const NXDOMAIN: u8 = 3;
const PROXY_PORT: u16 = 40_053;

/// One question and its answer.
struct Exchange {
    there: Path,
    id: u16,
    name: &'static str,
    qtype: u16,
    rcode: u8,
    cname: Option<&'static str>,
    ips: Vec<IpAddr>,
}

impl Exchange {
    fn new(stage: &mut Stage, proxied: bool, rng: &mut fastrand::Rng) -> Self {
        let v6 = is_v6(rng);
        let from = stage.world.local_under_l7_policy(rng, v6, proxied);
        let there = Path {
            from,
            to: stage.world.dns(v6),
            ports: (client_port(rng), 53),
        };
        let name = NAMES[rng.usize(..NAMES.len())];
        let qtype = if rng.bool() { TYPE_A } else { TYPE_AAAA };
        let missing = name.starts_with("missing");
        let last = rng.u8(1..250);
        let ip = match qtype {
            TYPE_A => IpAddr::V4(Ipv4Addr::new(203, 0, 113, last)),
            _ => IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into())),
        };
        Self {
            there,
            id: rng.u16(..),
            name,
            qtype,
            rcode: if missing { NXDOMAIN } else { 0 },
            cname: (!missing && rng.u8(..4) == 0).then_some("edge.example.net."),
            ips: if missing { Vec::new() } else { vec![ip] },
        }
    }

    fn question(&self) -> Vec<u8> {
        udp(&self.there, &query(self.id, self.name, self.qtype))
    }

    fn answer(&self) -> Vec<u8> {
        udp(
            &self.there.back(),
            &answer(
                self.id, self.name, self.qtype, self.rcode, self.cname, &self.ips,
            ),
        )
    }

    fn record(&self, timestamp: String, response: bool) -> LogRecord {
        let path = if response {
            self.there.back()
        } else {
            self.there.clone()
        };
        let mut dns = Dns {
            query: self.name.to_owned(),
            observation_source: "proxy".to_owned(),
            qtypes: vec![self.qtype],
            ..Dns::default()
        };
        if response {
            dns.ips = self.ips.iter().copied().map(Into::into).collect();
            dns.rcode = self.rcode.into();
            dns.ttl = if self.ips.is_empty() { 0 } else { 30 };
            dns.cnames = self.cname.map(str::to_owned).into_iter().collect();
            dns.answer_types = self
                .cname
                .map(|_| TYPE_CNAME)
                .into_iter()
                .chain(self.ips.iter().map(|_| self.qtype))
                .collect();
        }
        LogRecord {
            dns: Some(dns),
            ..record(&path, timestamp, response, "Egress", ip_protocol::UDP)
        }
    }
}

impl Stage {
    pub(super) fn dns_on_wire(&mut self, rng: &mut fastrand::Rng) {
        let exchange = Exchange::new(self, false, rng);
        let question = exchange.question();
        self.pen
            .verdict(&exchange.there, false, ip_protocol::UDP, 0, &question);
        self.pass(&exchange.there, state::NEW, &question);
        self.pass(&exchange.there.back(), state::REPLY, &exchange.answer());
    }

    pub(super) fn dns_proxied(&mut self, rng: &mut fastrand::Rng) {
        let exchange = Exchange::new(self, true, rng);
        let (there, question) = (&exchange.there, exchange.question());
        self.pen
            .verdict(there, false, ip_protocol::UDP, PROXY_PORT.into(), &question);
        let source = there.from.endpoint;
        let to_proxy = Trace {
            point: point::TO_PROXY,
            state: state::NEW,
            source,
            dst_id: PROXY_PORT,
            ..Trace::default()
        };
        self.pen.trace(there, to_proxy, &question);
        let asked = exchange.record(self.timestamp(), false);
        self.pen.access_log(&asked);
        let answered = exchange.record(self.timestamp(), true);
        self.pen.access_log(&answered);
        let to_endpoint = Trace {
            point: point::TO_ENDPOINT,
            state: state::REPLY,
            source,
            dst_id: source,
            ..Trace::default()
        };
        self.pen
            .trace(&there.back(), to_endpoint, &exchange.answer());
    }
}

/// What every access-log record has.
pub(super) fn record(
    path: &Path,
    timestamp: String,
    response: bool,
    observed: &str,
    protocol: u8,
) -> LogRecord {
    LogRecord {
        kind: if response { "Response" } else { "Request" }.to_owned(),
        timestamp,
        node: NodeAddresses {
            ipv4: "172.18.0.2".to_owned(),
            ipv6: "fc00::2".to_owned(),
        },
        observation_point: observed.to_owned(),
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
