//! The Go types of a `LogRecord`, by variant.

use super::Variant;
use crate::gob::{GoShape, GoType, TypeId};

const BYTES: GoType = built_in(TypeId::BYTES);
const INT: GoType = built_in(TypeId::INT);
const STRING: GoType = built_in(TypeId::STRING);
const UINT: GoType = built_in(TypeId::UINT);

const fn built_in(id: TypeId) -> GoType {
    GoType {
        name: "",
        shape: GoShape::BuiltIn(id),
    }
}

/// `LogRecord`, its fields in the order of their numbers.
pub(super) fn log_record(variant: Variant) -> GoType {
    let mut fields = vec![
        ("Type", STRING),
        ("Timestamp", STRING),
        ("NodeAddressInfo", node_address_info()),
        ("ObservationPoint", STRING),
        ("SourceEndpoint", endpoint_info(variant)),
        ("DestinationEndpoint", endpoint_info(variant)),
        ("IPVersion", UINT),
        ("Verdict", STRING),
        ("Info", STRING),
        ("Metadata", strings()),
        ("TransportProtocol", UINT),
        ("FlowEvent", STRING),
        ("ServiceInfo", service_info()),
        ("DropReason", UINT),
        ("HTTP", http()),
    ];
    if variant < Variant::D {
        fields.push(("Kafka", kafka()));
    }
    fields.push(("DNS", dns(variant)));
    fields.push(("L7", l7()));
    GoType {
        name: "LogRecord",
        shape: GoShape::Struct(fields),
    }
}

fn strings() -> GoType {
    GoType::slice("[]string", STRING)
}

fn node_address_info() -> GoType {
    GoType::structure("NodeAddressInfo", [("IPv4", STRING), ("IPv6", STRING)])
}

fn endpoint_info(variant: Variant) -> GoType {
    let label = [("Key", STRING), ("Value", STRING), ("Source", STRING)];
    let labels = match variant {
        Variant::A => strings(),
        _ => GoType::slice("LabelArray", GoType::structure("Label", label)),
    };
    let fields = [
        ("ID", UINT),
        ("IPv4", STRING),
        ("IPv6", STRING),
        ("Port", UINT),
        ("Identity", UINT),
        ("Labels", labels),
    ];
    GoType::structure("EndpointInfo", fields)
}

fn service_info() -> GoType {
    let ip_port = GoType::structure("IPPort", [("IP", STRING), ("Port", UINT)]);
    GoType::structure("ServiceInfo", [("Name", STRING), ("IPPort", ip_port)])
}

fn http() -> GoType {
    let headers = || GoType::map("Header", STRING, strings());
    let fields = [
        ("Code", INT),
        ("Method", STRING),
        (
            "URL",
            GoType {
                name: "",
                shape: GoShape::Url,
            },
        ),
        ("Protocol", STRING),
        ("Headers", headers()),
        ("MissingHeaders", headers()),
        ("RejectedHeaders", headers()),
    ];
    GoType::structure("LogRecordHTTP", fields)
}

fn kafka() -> GoType {
    let fields = [
        ("ErrorCode", INT),
        ("APIVersion", INT),
        ("APIKey", STRING),
        ("CorrelationID", INT),
        (
            "Topic",
            GoType::structure("KafkaTopic", [("Topic", STRING)]),
        ),
    ];
    GoType::structure("LogRecordKafka", fields)
}

fn dns(variant: Variant) -> GoType {
    let ips = match variant {
        Variant::A | Variant::B => GoType::slice("[]net.IP", BYTES),
        _ => GoType::slice(
            "[]netip.Addr",
            GoType {
                name: "Addr",
                shape: GoShape::Binary,
            },
        ),
    };
    let types = || GoType::slice("[]uint16", UINT);
    let fields = [
        ("Query", STRING),
        ("IPs", ips),
        ("TTL", UINT),
        ("CNAMEs", strings()),
        ("ObservationSource", STRING),
        ("RCode", INT),
        ("QTypes", types()),
        ("AnswerTypes", types()),
    ];
    GoType::structure("LogRecordDNS", fields)
}

fn l7() -> GoType {
    let fields = GoType::map("map[string]string", STRING, STRING);
    GoType::structure("LogRecordL7", [("Proto", STRING), ("Fields", fields)])
}
