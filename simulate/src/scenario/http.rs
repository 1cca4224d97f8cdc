//! HTTP exchanges, on the wire alone and through Envoy.

use std::collections::BTreeMap;

use tidegate_wire::access_log::{Http, LogRecord};
use tidegate_wire::packet::{TcpFlags, ip_protocol};

use super::dns::record;
use super::{Stage, client_port, is_v6};
use crate::packet::{Path, tcp};
use crate::script::{Trace, point, state};

const PATHS: [&str; 5] = ["/", "/cart", "/items?limit=10", "/checkout", "/healthz"];
const METHODS: [&str; 3] = ["GET", "GET", "POST"];
const CODES: [u16; 6] = [200, 200, 200, 204, 404, 503];
const ENVOY_PORT: u16 = 14_321;

/// One request and its response.
struct Exchange {
    there: Path,
    method: &'static str,
    path: &'static str,
    code: u16,
    id: u64,
}

impl Exchange {
    fn new(stage: &mut Stage, proxied: bool, rng: &mut fastrand::Rng) -> Self {
        let v6 = is_v6(rng);
        let world = &mut stage.world;
        let (from, to) = (
            world.local(rng, v6),
            world.local_under_l7_policy(rng, v6, proxied),
        );
        Self {
            there: Path {
                from,
                to,
                ports: (client_port(rng), 80),
            },
            method: METHODS[rng.usize(..METHODS.len())],
            path: PATHS[rng.usize(..PATHS.len())],
            code: CODES[rng.usize(..CODES.len())],
            id: rng.u64(..),
        }
    }

    fn request(&self) -> Vec<u8> {
        format!(
            "{} {} HTTP/1.1\r\nHost: api.shop\r\nUser-Agent: sim\r\n\r\n",
            self.method, self.path
        )
        .into_bytes()
    }

    fn response(&self) -> Vec<u8> {
        format!("HTTP/1.1 {} X\r\nContent-Length: 0\r\n\r\n", self.code).into_bytes()
    }

    fn record(&self, timestamp: String, response: bool, verdict: &str) -> LogRecord {
        let path = if response {
            self.there.back()
        } else {
            self.there.clone()
        };
        let headers =
            BTreeMap::from([("X-Request-Id".to_owned(), vec![format!("{:016x}", self.id)])]);
        let http = Http {
            code: if response { self.code.into() } else { 0 },
            method: self.method.to_owned(),
            url: Some(format!("http://api.shop{}", self.path)),
            protocol: "HTTP/1.1".to_owned(),
            headers: Some(headers),
            missing_headers: Some(BTreeMap::new()),
            rejected_headers: Some(BTreeMap::new()),
        };
        let verdict = verdict.to_owned();
        LogRecord {
            http: Some(http),
            verdict,
            ..record(&path, timestamp, response, "Ingress", ip_protocol::TCP)
        }
    }
}

impl Stage {
    pub(super) fn http_on_wire(&mut self, rng: &mut fastrand::Rng) {
        let exchange = Exchange::new(self, false, rng);
        let (there, back) = (&exchange.there, exchange.there.back());
        let (seq, ack) = (rng.u32(..), rng.u32(..));
        let flags = TcpFlags::PSH | TcpFlags::ACK;
        self.pass(
            there,
            state::NEW,
            &tcp(there, TcpFlags::SYN, (seq.wrapping_sub(1), 0), &[]),
        );
        self.pass(
            there,
            state::ESTABLISHED,
            &tcp(there, flags, (seq, ack), &exchange.request()),
        );
        self.pass(
            &back,
            state::REPLY,
            &tcp(&back, flags, (ack, seq), &exchange.response()),
        );
    }

    pub(super) fn http_proxied(&mut self, rng: &mut fastrand::Rng) {
        let exchange = Exchange::new(self, true, rng);
        let there = &exchange.there;
        let syn = tcp(there, TcpFlags::SYN, (rng.u32(..), 0), &[]);
        self.pen
            .verdict(there, true, ip_protocol::TCP, ENVOY_PORT.into(), &syn);
        let source = there.to.endpoint;
        let to_proxy = Trace {
            point: point::TO_PROXY,
            state: state::NEW,
            source,
            dst_id: ENVOY_PORT,
            ..Trace::default()
        };
        self.pen.trace(there, to_proxy, &syn);
        let denied = rng.u8(..10) == 0;
        let asked = exchange.record(
            self.timestamp(),
            false,
            if denied { "Denied" } else { "Forwarded" },
        );
        self.pen.access_log(&asked);
        let answered = exchange.record(self.timestamp(), true, "Forwarded");
        self.pen.access_log(&answered);
    }
}
