//! HTTP exchanges, without a proxy and through Envoy.

use std::collections::BTreeMap;

use tidegate_wire::access_log::{Http, LogRecord};
use tidegate_wire::event::{observation_point, trace_reason};
use tidegate_wire::packet::{TcpFlags, ip_protocol};

use super::dns::record;
use super::{Scenarios, client_port, is_v6};
use crate::event_writer::Trace;
use crate::packet::{Path, tcp};

const PATHS: [&str; 5] = ["/", "/cart", "/items?limit=10", "/checkout", "/healthz"];
const METHODS: [&str; 3] = ["GET", "GET", "POST"];
const CODES: [u16; 6] = [200, 200, 200, 204, 404, 503];
const ENVOY_PORT: u16 = 14_321;

/// A request and its response.
pub(super) struct Exchange {
    pub(super) forward: Path,
    method: &'static str,
    path: &'static str,
    code: u16,
    id: u64,
    /// Where a proxy reports it.
    pub(super) observation_point: &'static str,
    /// The header `traceparent` of the request.
    pub(super) traceparent: Option<String>,
}

impl Exchange {
    pub(super) fn new(
        scenarios: &mut Scenarios,
        is_proxied: bool,
        rng: &mut fastrand::Rng,
    ) -> Self {
        let v6 = is_v6(rng);
        let from = scenarios.cluster.local(rng, v6);
        let to = scenarios.cluster.local_under_l7_policy(rng, v6, is_proxied);
        Self {
            forward: Path {
                from,
                to,
                ports: (client_port(rng), 80),
            },
            method: METHODS[rng.usize(..METHODS.len())],
            path: PATHS[rng.usize(..PATHS.len())],
            code: CODES[rng.usize(..CODES.len())],
            id: rng.u64(..),
            observation_point: "Ingress",
            traceparent: None,
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

    pub(super) fn record(&self, timestamp: String, is_response: bool, verdict: &str) -> LogRecord {
        let path = if is_response {
            self.forward.reverse()
        } else {
            self.forward.clone()
        };
        let mut headers =
            BTreeMap::from([("X-Request-Id".to_owned(), vec![format!("{:016x}", self.id)])]);
        if let (Some(traceparent), false) = (&self.traceparent, is_response) {
            headers.insert("Traceparent".to_owned(), vec![traceparent.clone()]);
        }
        let http = Http {
            code: if is_response { self.code.into() } else { 0 },
            method: self.method.to_owned(),
            url: Some(format!("http://api.shop{}", self.path)),
            protocol: "HTTP/1.1".to_owned(),
            headers: Some(headers),
            missing_headers: Some(BTreeMap::new()),
            rejected_headers: Some(BTreeMap::new()),
        };
        LogRecord {
            http: Some(http),
            verdict: verdict.to_owned(),
            ..record(
                &path,
                timestamp,
                is_response,
                self.observation_point,
                ip_protocol::TCP,
            )
        }
    }
}

impl Scenarios {
    pub(super) fn http_on_wire(&mut self, rng: &mut fastrand::Rng) {
        let exchange = Exchange::new(self, false, rng);
        let forward = &exchange.forward;
        let backward = exchange.forward.reverse();
        let seq = rng.u32(..);
        let ack = rng.u32(..);
        let flags = TcpFlags::PSH | TcpFlags::ACK;
        self.trace_packet(
            forward,
            trace_reason::CT_NEW,
            &tcp(forward, TcpFlags::SYN, (seq.wrapping_sub(1), 0), &[]),
        );
        self.trace_packet(
            forward,
            trace_reason::CT_ESTABLISHED,
            &tcp(forward, flags, (seq, ack), &exchange.request()),
        );
        self.trace_packet(
            &backward,
            trace_reason::CT_REPLY,
            &tcp(&backward, flags, (ack, seq), &exchange.response()),
        );
    }

    pub(super) fn http_proxied(&mut self, rng: &mut fastrand::Rng) {
        let exchange = Exchange::new(self, true, rng);
        let forward = &exchange.forward;
        let syn = tcp(forward, TcpFlags::SYN, (rng.u32(..), 0), &[]);
        self.writer
            .verdict(forward, true, ip_protocol::TCP, ENVOY_PORT.into(), &syn);
        let source = forward.to.endpoint;
        let to_proxy = Trace {
            point: observation_point::TO_PROXY,
            reason: trace_reason::CT_NEW,
            source,
            dst_id: ENVOY_PORT,
            ..Trace::default()
        };
        self.writer.trace(forward, to_proxy, &syn);
        let is_denied = rng.u8(..10) == 0;
        let request = exchange.record(
            self.timestamp(),
            false,
            if is_denied { "Denied" } else { "Forwarded" },
        );
        self.writer.access_log(&request);
        let response = exchange.record(self.timestamp(), true, "Forwarded");
        self.writer.access_log(&response);
    }
}
