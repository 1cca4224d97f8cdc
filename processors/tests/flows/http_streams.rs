//! Generated connections: each message becomes one flow, and each response has its request.

use proptest::prelude::*;

use crate::http_support::{SECOND, chain, client_segment, len, message, server_segment};
use crate::support::{NOON, flows};

/// A request and its response.
#[derive(Clone, Debug)]
struct Exchange {
    method: &'static str,
    path: String,
    body: usize,
    status: u16,
    /// The number of interim responses before the final one.
    interim: usize,
    response_body: usize,
    is_chunked: bool,
    /// Whether the response is sent in two segments, the second of which is part of its body.
    is_split: bool,
    /// Whether the next request is sent in the same segment.
    pipelined: bool,
}

fn exchange() -> impl Strategy<Value = Exchange> {
    let methods = proptest::sample::select(vec!["GET", "HEAD", "POST", "put", "BREW"]);
    let statuses = proptest::sample::select(vec![200, 204, 304, 404, 999]);
    let flags = any::<(bool, bool, bool)>();
    (
        methods,
        "/[a-z]{1,8}(\\?[a-z]=[0-9])?",
        0_usize..40,
        statuses,
        0_usize..3,
        0_usize..90,
        flags,
    )
        .prop_map(
            |(
                method,
                path,
                body,
                status,
                interim,
                response_body,
                (is_chunked, is_split, pipelined),
            )| Exchange {
                method,
                path,
                body,
                status,
                interim,
                response_body,
                is_chunked,
                is_split,
                pipelined,
            },
        )
}

impl Exchange {
    /// A body that looks like heads.
    fn text(len: usize) -> String {
        "GET /x HTTP/1.1\r\n\r\nHTTP/1.1 200 OK\r\n\r\n".repeat(4)[..len].to_owned()
    }

    fn request(&self) -> Vec<u8> {
        let Self {
            method, path, body, ..
        } = self;
        let text = Self::text(*body);
        format!("{method} {path} HTTP/1.1\r\nHost: shop\r\nContent-Length: {body}\r\n\r\n{text}")
            .into_bytes()
    }

    /// The interim responses with the head, and the body.
    fn response(&self) -> [Vec<u8>; 2] {
        let has_body = self.method != "HEAD" && !matches!(self.status, 204 | 304);
        let text = Self::text(self.response_body);
        let (framing, body) = if self.is_chunked {
            (
                "Transfer-Encoding: chunked".to_owned(),
                format!("{:x}\r\n{text}\r\n0\r\n\r\n", text.len().max(1)),
            )
        } else {
            (format!("Content-Length: {}", text.len()), text)
        };
        let interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(self.interim);
        let head = format!("{interim}HTTP/1.1 {} X\r\n{framing}\r\n\r\n", self.status);
        [
            head.into_bytes(),
            if has_body {
                body.into_bytes()
            } else {
                Vec::new()
            },
        ]
    }

    fn expected(&self) -> [String; 2] {
        let request = format!("{} http://shop{}", self.method, self.path);
        [request.clone(), format!("{} ({request})", self.status)]
    }
}

/// Returns the segments of a connection, and its messages in order.
fn connection(exchanges: &[Exchange]) -> (Vec<Vec<u8>>, Vec<String>) {
    let mut client = u32::MAX - 200;
    let mut server = u32::MAX - 100;
    let mut segments = Vec::new();
    let mut messages = Vec::new();
    let mut rest = exchanges;
    while !rest.is_empty() {
        let together = rest
            .iter()
            .position(|exchange| !exchange.pipelined)
            .map_or(rest.len(), |at| at + 1);
        let (now, later) = rest.split_at(together);
        rest = later;
        let requests: Vec<u8> = now.iter().flat_map(Exchange::request).collect();
        segments.push(client_segment(client, server, &requests));
        client = client.wrapping_add(len(&requests));
        messages.extend(now.iter().map(|exchange| exchange.expected()[0].clone()));
        for exchange in now {
            let [head, body] = exchange.response();
            let is_split = exchange.is_split && !exchange.is_chunked && !body.is_empty();
            let parts = if is_split {
                vec![head, body]
            } else {
                vec![[head, body].concat()]
            };
            for part in parts {
                segments.push(server_segment(server, client, &part));
                server = server.wrapping_add(len(&part));
            }
        }
        messages.extend(now.iter().map(|exchange| exchange.expected()[1].clone()));
    }
    (segments, messages)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn each_message_becomes_one_flow_however_often_it_is_reported(
        exchanges in proptest::collection::vec(exchange(), 1..6),
        again in proptest::collection::vec((0_usize..40, 0_usize..40), 0..12),
    ) {
        // A chunk must not be empty.
        let exchanges: Vec<_> = exchanges
            .into_iter()
            .map(|exchange| Exchange { response_body: exchange.response_body.max(1), ..exchange })
            .collect();
        let (segments, expected) = connection(&exchanges);
        let mut chain = chain("{}");
        let mut found = Vec::new();
        for (at, segment) in (0..).zip(&segments) {
            let earlier = |(now, which): &(usize, usize)| {
                (now % segments.len() == at).then(|| segments[which % (at + 1)].clone())
            };
            let data = [segment.clone()].into_iter().chain(again.iter().filter_map(earlier));
            let time = NOON + SECOND * 5 * u32::try_from(at).expect("a small number");
            let batch = chain.run_at(time, data);
            found.extend(flows(&batch).iter().filter(|flow| flow.l7.is_some()).map(message));
        }
        found.extend(chain.finish(NOON).iter().map(message));
        prop_assert_eq!(found, expected);
    }
}
