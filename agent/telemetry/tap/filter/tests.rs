//! Filters that match, and invalid filters.

use std::sync::Arc;

use tidegate_model::flow::{
    Direction, Dns, Endpoint, EndpointNames, Flow, Ip, L4, L7, L7Record, L7Type, MessageSource,
    Missing, Verdict, message_type,
};
use tidegate_model::record::{Event, EventBody, Frame, Lost, LostSource};
use tidegate_model::{Record, Span, Timestamp};

use super::Filter;

fn address(text: &str) -> tidegate_model::flow::Address {
    text.parse::<std::net::IpAddr>().unwrap().into()
}

/// A dropped UDP packet from the world to a pod's DNS port.
fn flow() -> Flow {
    let names = EndpointNames {
        namespace: "shop".to_owned(),
        pod_name: "cart-7f".to_owned(),
        ..EndpointNames::default()
    };
    Flow {
        verdict: Verdict::Dropped,
        message_type: message_type::DROP,
        direction: Direction::Ingress,
        ip: Some(Ip {
            source: address("10.1.2.3"),
            destination: address("fd00::7"),
            ..Ip::default()
        }),
        l4: L4::Udp {
            source_port: 40_000,
            destination_port: 53,
        },
        source: Endpoint {
            identity: 2,
            ..Endpoint::default()
        },
        destination: Endpoint {
            identity: 4711,
            names: Some(Arc::new(names)),
            ..Endpoint::default()
        },
        ..Flow::default()
    }
}

fn message() -> Flow {
    let record = L7Record::Dns(Dns::default());
    let l7 = L7 {
        l7_type: L7Type::Request,
        latency_ns: 0,
        observed_latency: None,
        record,
        trace_id: None,
        source: MessageSource::Wire,
        missing: Missing::NOTHING,
    };
    Flow {
        message_type: message_type::TRACE,
        l7: Some(Box::new(l7)),
        ..flow()
    }
}

fn matches(filter: &str, record: &Record, data: &[u8]) -> bool {
    Filter::parse(filter).unwrap().matches(record, data)
}

#[test]
fn a_flow_matches_by_either_side() {
    let cases = [
        ("verdict=DROPPED", true),
        ("verdict=dropped", true),
        ("verdict=FORWARDED", false),
        ("type=drop", true),
        ("type=trace", false),
        ("type=l7", false),
        ("protocol=udp", true),
        ("protocol=UDP", true),
        ("protocol=tcp", false),
        ("protocol=icmp", false),
        ("protocol=dns", false),
        ("direction=ingress", true),
        ("direction=egress", false),
        ("ip=10.1.2.3", true),
        ("ip=10.1.0.0/16", true),
        ("ip=10.1.2.0/31", false),
        ("ip=0.0.0.0/0", true),
        ("ip=fd00::/8", true),
        ("ip=fd00::8", false),
        ("port=53", true),
        ("port=40000", true),
        ("port=54", false),
        ("identity=world", true),
        ("identity=4711", true),
        ("identity=1", false),
        ("pod=shop/cart", true),
        ("pod=shop/", true),
        ("pod=/cart", true),
        ("pod=cart", false),
        ("pod=shop/till", false),
    ];
    for (filter, expected) in cases {
        assert_eq!(
            matches(filter, &Record::Flow(flow()), &[]),
            expected,
            "{filter}"
        );
    }
}

#[test]
fn l7_messages_and_icmp_match_their_protocols() {
    let echo = Flow {
        l4: L4::Icmpv6 {
            icmp_type: 128,
            code: 0,
        },
        ..flow()
    };
    let cases = [
        ("protocol=dns", message(), true),
        ("protocol=http", message(), false),
        ("type=l7", message(), true),
        ("type=trace", message(), false),
        ("protocol=icmp", echo.clone(), true),
        ("protocol=icmpv6", echo.clone(), true),
        ("protocol=icmpv4", echo.clone(), false),
        ("port=0", echo, false),
    ];
    for (filter, flow, expected) in cases {
        assert_eq!(
            matches(filter, &Record::Flow(flow), &[]),
            expected,
            "{filter}"
        );
    }
}

#[test]
fn records_other_than_flows_match_only_by_type() {
    let event = |first: u8| {
        let event = Event {
            time: Timestamp(1),
            seq: 1,
            cpu: 0,
            data: Span::default(),
            body: EventBody::Undecoded,
        };
        (Record::Event(event), [first])
    };
    let lost = Lost {
        time: Timestamp(1),
        source: LostSource::Unknown,
        count: 1,
        cpu: None,
        span: None,
    };
    let lost = (Record::Lost(lost), [0]);
    let frame = (Record::Frame(Frame::default()), [4]);
    let cases = [
        ("type=trace", event(4), true),
        ("type=trace", event(1), false),
        ("type=l7", event(129), true),
        ("type=agent", event(130), true),
        ("type=debug", event(130), false),
        ("type=lost", lost.clone(), true),
        ("type=drop", lost.clone(), false),
        ("port=53", lost, false),
        ("type=trace", frame.clone(), false),
        ("verdict=DROPPED", frame, false),
    ];
    for (filter, (record, data), expected) in cases {
        assert_eq!(
            matches(filter, &record, &data),
            expected,
            "{filter} {record:?}"
        );
    }
}

#[test]
fn an_unknown_filter_is_explained_with_the_keys() {
    let keys = "keys are verdict, type, protocol, direction, ip, port, identity, pod";
    let cases = [
        (
            "DROPPED",
            format!("a filter is `key=value`, not `DROPPED`; {keys}"),
        ),
        (
            "verdit=DROPPED",
            format!("there is no filter `verdit`; did you mean `verdict`? {keys}"),
        ),
        ("colour=red", format!("there is no filter `colour`; {keys}")),
    ];
    for (filter, expected) in cases {
        assert_eq!(Filter::parse(filter).unwrap_err(), expected);
    }
}

#[test]
fn an_invalid_value_is_explained() {
    let cases = [
        (
            "verdict=LOST",
            "`verdict` is one of FORWARDED, DROPPED, ERROR, AUDIT, REDIRECTED, TRACED, TRANSLATED, \
             not `LOST`",
        ),
        (
            "direction=up",
            "`direction` is one of INGRESS, EGRESS, not `up`",
        ),
        (
            "ip=10.0.0",
            "`ip` is an address or a CIDR such as 10.0.0.0/8, not `10.0.0`",
        ),
        (
            "ip=10.0.0.0/33",
            "`ip` is an address or a CIDR such as 10.0.0.0/8, not `10.0.0.0/33`",
        ),
        (
            "port=65536",
            "`port` is a number from 0 to 65535, not `65536`",
        ),
        (
            "identity=moon",
            "`identity` is a number or a reserved name such as world, not `moon`",
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(Filter::parse(filter).unwrap_err(), expected);
    }
}
