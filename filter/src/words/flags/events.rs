//! Filters of what happened, and of headers.

use super::super::flag::Effect::{Either, Field};
use super::super::flag::Flag;
use super::super::values::{self, add, push};

pub(super) const FLAGS: &[Flag] = &[
    Flag::new(
        "type",
        "TYPE[:SUBTYPE]",
        "Type of the event: capture, drop, l7, policy-verdict, trace, trace-sock, or a number; the \
         subtype of a trace is its observation point, such as trace:to-endpoint, and else a number",
        Field(|f, v| add(&mut f.event_type, values::event_type(v))),
    )
    .short('t'),
    Flag::new(
        "verdict",
        "VERDICT",
        "Verdict: FORWARDED, DROPPED, ERROR, AUDIT, REDIRECTED, TRACED or TRANSLATED",
        Field(|f, v| add(&mut f.verdict, values::verdict(v))),
    ),
    Flag::new(
        "drop-reason-desc",
        "REASON",
        "Reason of a drop, such as POLICY_DENIED",
        Field(|f, v| add(&mut f.drop_reason_desc, values::drop_reason(v))),
    ),
    Flag::new(
        "traffic-direction",
        "DIRECTION",
        "Direction of the traffic: ingress or egress",
        Field(|f, v| add(&mut f.traffic_direction, values::traffic_direction(v))),
    ),
    Flag::new(
        "protocol",
        "PROTOCOL",
        "Protocol: tcp, udp, sctp, icmp, icmpv4, icmpv6, vrrp, igmp, dns, http or kafka",
        Field(|f, v| push(&mut f.protocol, v)),
    ),
    Flag::new(
        "port",
        "PORT",
        "Port of either side",
        Either(
            |f, v| push(&mut f.source_port, v),
            |f, v| push(&mut f.destination_port, v),
        ),
    ),
    Flag::new(
        "from-port",
        "PORT",
        "Port of the sender",
        Field(|f, v| push(&mut f.source_port, v)),
    ),
    Flag::new(
        "to-port",
        "PORT",
        "Port of the receiver",
        Field(|f, v| push(&mut f.destination_port, v)),
    ),
    Flag::new(
        "tcp-flags",
        "FLAGS",
        "TCP flags that are all set, such as syn or syn,ack",
        Field(|f, v| add(&mut f.tcp_flags, values::tcp_flags(v))),
    ),
    Flag::switch(
        "ipv4",
        "v4",
        "IPv4",
        Field(|f, _| add(&mut f.ip_version, Ok(1))),
    )
    .short('4'),
    Flag::switch(
        "ipv6",
        "v6",
        "IPv6",
        Field(|f, _| add(&mut f.ip_version, Ok(2))),
    )
    .short('6'),
    Flag::new(
        "ip-version",
        "VERSION",
        "Version of IP: v4, v6, or none for flows without IP, such as ARP",
        Field(|f, v| add(&mut f.ip_version, values::ip_version(v))),
    ),
    Flag::switch(
        "encrypted",
        "true",
        "Packets that Cilium encrypted or decrypted (WireGuard, IPsec)",
        Field(|f, _| add(&mut f.encrypted, Ok(true))),
    ),
    Flag::switch(
        "unencrypted",
        "true",
        "Packets that Cilium did not encrypt or decrypt",
        Field(|f, _| add(&mut f.encrypted, Ok(false))),
    ),
    Flag::new(
        "interface",
        "NAME",
        "Name of the network interface, such as eth0",
        Field(|f, v| add(&mut f.interface, Ok(values::interface(v)))),
    ),
    Flag::new(
        "uuid",
        "UUID",
        "UUID of the flow",
        Field(|f, v| push(&mut f.uuid, v)),
    ),
    Flag::new(
        "trace-id",
        "ID",
        "W3C trace id of the request",
        Field(|f, v| push(&mut f.trace_id, v)),
    ),
    Flag::new(
        "ip-trace-id",
        "NUMBER",
        "Trace id from an IP option, above 0",
        Field(|f, v| add(&mut f.ip_trace_id, values::ip_trace_id(v))),
    ),
    Flag::new(
        "node-name",
        "PATTERN",
        "Name of the node, such as k8s*, or test-cluster/*.example.com",
        Field(|f, v| push(&mut f.node_name, v)),
    ),
    Flag::new(
        "node-label",
        "SELECTOR",
        "Label selector of the node, such as key=value",
        Field(|f, v| push(&mut f.node_labels, v)),
    ),
    Flag::new(
        "cel-expression",
        "EXPRESSION",
        "Expression of the Common Expression Language; not supported",
        Field(|f, v| push(&mut f.experimental.cel_expression, v)),
    ),
];
