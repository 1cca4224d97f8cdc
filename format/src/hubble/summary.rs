//! Hubble's `Summary` of a flow: `pkg/hubble/parser/threefour/parser.go` and
//! `pkg/hubble/parser/seven/{dns,http,kafka}.go` (v1.19.4). Text from the network is not escaped
//! here; each output escapes what it cannot contain.

use tidegate_model::flow::{
    Dns, Flow, FlowType, Generic, Http, Kafka, L4, L7, L7Record, L7Type, Layer, MessagePart,
    MessageSource, Missing, TcpFlags, icmpv4_text, icmpv6_text, qtype_name, rcode_text,
};

use super::quote::push_quoted;
use crate::text::{push_decimal, push_dns_address, push_signed};

/// Appends the summary of a flow. Empty where Hubble's is.
pub fn push_summary(out: &mut String, flow: &Flow) {
    match (&flow.l7, flow.flow_type) {
        (Some(l7), _) => push_l7(out, l7),
        (None, FlowType::Sock) => out.push_str(flow.l4.name().unwrap_or("Unknown")),
        (None, _) => push_packet(out, flow),
    }
}

fn push_packet(out: &mut String, flow: &Flow) {
    out.push_str(match flow.last_layer {
        None => "",
        Some(Layer::Ethernet) => "Ethernet",
        Some(Layer::Ipv4) => "IPv4",
        Some(Layer::Ipv6) => "IPv6",
        Some(Layer::Tcp) => "TCP Flags: ",
        Some(Layer::Udp) => "UDP",
        Some(Layer::Sctp) => "SCTP",
        Some(Layer::Icmpv4) => "ICMPv4 ",
        Some(Layer::Icmpv6) => "ICMPv6 ",
        Some(Layer::Vrrp) => "VRRP VRRPv2 Advertisement",
        Some(Layer::Igmp) => "IGMP ",
        Some(Layer::Vxlan) => "VXLAN",
        Some(Layer::Geneve) => "Geneve",
    });
    match flow.l4 {
        L4::Tcp {
            flags: Some(flags), ..
        } => push_flags(out, flags),
        L4::Icmpv4 { icmp_type, code } => out.push_str(&icmpv4_text(icmp_type, code)),
        L4::Icmpv6 { icmp_type, code } => out.push_str(&icmpv6_text(icmp_type, code)),
        L4::Igmp { igmp_type, .. } => out.push_str(igmp_text(igmp_type)),
        _ => {}
    }
}

fn push_flags(out: &mut String, flags: TcpFlags) {
    let set = TcpFlags::NAMES.iter().filter(|(bit, _)| flags.has(*bit));
    push_joined(out, ", ", set, |out, (_, name)| out.push_str(name));
}

/// gopacket's `IGMPType.String` (1.6).
fn igmp_text(igmp_type: u8) -> &'static str {
    match igmp_type {
        0x11 => "IGMP Membership Query",
        0x12 => "IGMPv1 Membership Report",
        0x16 => "IGMPv2 Membership Report",
        0x17 => "Leave Group",
        0x22 => "IGMPv3 Membership Report",
        _ => "",
    }
}

fn push_l7(out: &mut String, l7: &L7) {
    match (&l7.record, l7.l7_type) {
        (L7Record::Generic(generic), _) => push_generic(out, generic),
        (L7Record::Dns(dns), L7Type::Request) => push_dns_query(out, dns),
        (L7Record::Dns(dns), L7Type::Response) => push_dns_answer(out, dns, l7.missing),
        (L7Record::Http(http), L7Type::Request) => push_http_request(out, http),
        (L7Record::Http(http), L7Type::Response) => push_http_response(out, http, l7),
        (L7Record::Kafka(kafka), L7Type::Request) => push_kafka(out, "request", kafka),
        (L7Record::Kafka(kafka), _) => {
            push_kafka(out, "response", kafka);
            out.push_str(" return code ");
            push_signed(out, kafka.error_code);
        }
        (_, L7Type::Sample | L7Type::Unknown) => {}
    }
    if !l7.missing.is_nothing() {
        out.push_str(" [incomplete: ");
        push_joined(out, ",", l7.missing.names(), |out, name| out.push_str(name));
        out.push(']');
    }
}

fn push_dns_query(out: &mut String, dns: &Dns) {
    out.push_str("DNS Query ");
    push_question(out, dns);
}

/// A TTL that was not captured is unknown; a complete answer without a TTL shows none.
fn push_dns_answer(out: &mut String, dns: &Dns, missing: Missing) {
    out.push_str("DNS Answer ");
    push_dns_data(out, dns, missing);
    match dns.ttl {
        Some(ttl) => {
            out.push_str(" TTL: ");
            push_decimal(out, ttl);
        }
        None if missing.has(MessagePart::Answers) => out.push_str(" TTL: unknown"),
        None => {}
    }
    out.push_str(if dns.observation_source == "proxy" {
        " (Proxy "
    } else {
        " (Query "
    });
    push_question(out, dns);
    out.push(')');
}

fn push_question(out: &mut String, dns: &Dns) {
    out.push_str(&dns.query);
    out.push(' ');
    push_joined(out, ",", &dns.qtypes, |out, qtype| {
        out.push_str(qtype_name(*qtype))
    });
}

fn push_dns_data(out: &mut String, dns: &Dns, missing: Missing) {
    if missing.has(MessagePart::Rcode) {
        return out.push_str("RCode: unknown");
    }
    // Hubble converts the code to gopacket's type, which is one byte wide.
    let rcode = dns.rcode.unwrap_or_default() & 0xff;
    if rcode != 0 {
        out.push_str("RCode: ");
        return out.push_str(rcode_text(rcode));
    }
    if !dns.ips.is_empty() {
        push_quoted(out, |out| push_joined(out, ",", &dns.ips, push_dns_address));
    }
    if !dns.cnames.is_empty() {
        out.push_str(if dns.ips.is_empty() {
            "CNAMEs: "
        } else {
            " CNAMEs: "
        });
        push_quoted(out, |out| {
            push_joined(out, ",", &dns.cnames, |out, cname| out.push_str(cname))
        });
    }
    if missing.has(MessagePart::Answers) {
        out.push_str(if dns.ips.is_empty() && dns.cnames.is_empty() {
            "..."
        } else {
            " ..."
        });
    }
}

fn push_http_request(out: &mut String, http: &Http) {
    out.push_str(&http.protocol);
    out.push(' ');
    push_target(out, http);
}

fn push_http_response(out: &mut String, http: &Http, l7: &L7) {
    out.push_str(&http.protocol);
    out.push(' ');
    push_decimal(out, http.code);
    // Hubble prints the request of a proxy's record even if it is empty.
    let has_request =
        l7.source == MessageSource::Proxy || !http.method.is_empty() || !http.url.is_empty();
    if !has_request {
        return;
    }
    match (l7.source, l7.observed_latency) {
        (MessageSource::Proxy, _) => push_milliseconds(out, " ", l7.latency_ns),
        (MessageSource::Wire, Some(latency)) => push_milliseconds(out, " ~", latency.nanos),
        (MessageSource::Wire, None) => {}
    }
    out.push_str(" (");
    push_target(out, http);
    out.push(')');
}

fn push_milliseconds(out: &mut String, before: &str, nanos: u64) {
    out.push_str(before);
    push_decimal(out, nanos / 1_000_000);
    out.push_str("ms");
}

fn push_target(out: &mut String, http: &Http) {
    out.push_str(&http.method);
    out.push(' ');
    out.push_str(&http.url);
}

fn push_kafka(out: &mut String, direction: &str, kafka: &Kafka) {
    for part in ["Kafka ", direction, " ", &kafka.api_key, " correlation id "] {
        out.push_str(part);
    }
    push_signed(out, kafka.correlation_id);
    for part in [" topic '", &kafka.topic, "'"] {
        out.push_str(part);
    }
}

/// Appends nothing for an empty record.
fn push_generic(out: &mut String, generic: &Generic) {
    if *generic == Generic::default() {
        return;
    }
    out.push_str(&generic.proto);
    out.push_str(" Fields: map[");
    push_joined(out, " ", &generic.fields, |out, (key, value)| {
        out.push_str(key);
        out.push(':');
        out.push_str(value);
    });
    out.push(']');
}

/// Appends the items, with `separator` between them.
pub(super) fn push_joined<T>(
    out: &mut String,
    separator: &str,
    items: impl IntoIterator<Item = T>,
    mut push: impl FnMut(&mut String, T),
) {
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push_str(separator);
        }
        push(out, item);
    }
}
