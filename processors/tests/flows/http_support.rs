//! Builds the segments of an HTTP connection, and describes the messages found in them.

use std::time::Duration;

use tidegate_model::flow::{Flow, FlowType, L7Record, L7Type};

use crate::events::{CLIENT, PSH_ACK, SERVER, segment, trace};
use crate::support::{NOON, TestChain, flows};
use tidegate_wire::event::observation_point::{TO_ENDPOINT, TO_OVERLAY};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const FIN: u8 = 0x11;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const RST: u8 = 0x14;

pub(crate) const GET: &[u8] = b"GET /a HTTP/1.1\r\nHost: shop\r\n\r\n";
pub(crate) const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/// A name, the packets, and the expected messages.
pub(crate) type HttpCase = (&'static str, Vec<Vec<u8>>, &'static [&'static str]);

/// A segment from the client's port 4000.
pub(crate) fn client_segment(seq: u32, ack: u32, payload: &[u8]) -> Vec<u8> {
    from_client(4000, (seq, ack, PSH_ACK), payload)
}

/// A segment from the server to the client's port 4000.
pub(crate) fn server_segment(seq: u32, ack: u32, payload: &[u8]) -> Vec<u8> {
    from_server(4000, (seq, ack, PSH_ACK), payload)
}

pub(crate) fn from_client(port: u16, numbers: (u32, u32, u8), payload: &[u8]) -> Vec<u8> {
    trace(
        TO_OVERLAY,
        &segment((CLIENT, port), (SERVER, 80), numbers, payload),
    )
}

pub(crate) fn from_server(port: u16, numbers: (u32, u32, u8), payload: &[u8]) -> Vec<u8> {
    trace(
        TO_ENDPOINT,
        &segment((SERVER, 80), (CLIENT, port), numbers, payload),
    )
}

pub(crate) fn len(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("a small message")
}

pub(crate) fn chain(config: &str) -> TestChain {
    TestChain::of(&[
        ("cilium_decode", "{}"),
        ("l34_flow", "{}"),
        ("http_flow", config),
    ])
}

/// A message as `GET http://shop/a` or `200 (GET http://shop/a)`, with its missing parts.
pub(crate) fn message(flow: &Flow) -> String {
    let l7 = flow.l7.as_deref().expect("an L7 flow");
    let L7Record::Http(http) = &l7.record else {
        panic!("{l7:?}")
    };
    let request = format!("{} {}", http.method, http.url);
    let missing: String = l7
        .missing
        .names()
        .map(|name| format!(" no {name}"))
        .collect();
    let dropped = if flow.drop_reason.0 == 0 {
        ""
    } else {
        " dropped"
    };
    match l7.l7_type {
        L7Type::Request => format!("{request}{missing}{dropped}"),
        _ if request == " " => format!("{}{missing}{dropped}", http.code),
        _ => format!("{} ({request}){missing}{dropped}", http.code),
    }
}

/// Returns the messages in packets, in the order of their release, and the notes.
pub(crate) fn found(data: &[Vec<u8>]) -> (Vec<String>, Vec<(&'static str, u64)>) {
    let mut chain = chain("{}");
    let batch = chain.run(data);
    let flows = flows(&batch).into_iter().chain(chain.finish(NOON));
    let found = flows
        .filter(|flow| flow.flow_type == FlowType::L7)
        .map(|flow| message(&flow))
        .collect();
    let mut notes = chain.step(2).tally.notes().to_vec();
    notes.sort_unstable();
    (found, notes)
}

/// Returns the messages in packets.
pub(crate) fn messages(data: &[Vec<u8>]) -> Vec<String> {
    found(data).0
}
