//! Filters as JSON, in protobuf's mapping.

use tidegate_filter::{EventTypeFilter, FlowFilter, HttpHeader, NetworkInterface, Workload};
use tidegate_model::flow::TcpFlags;

fn read(text: &str) -> Result<FlowFilter, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

#[test]
fn members_are_named_as_in_the_proto_file_or_in_lower_camel_case() {
    for field in FlowFilter::FIELDS {
        let mut camel = String::new();
        for (at, part) in field.split('_').enumerate() {
            let (first, rest) = part.split_at(1);
            camel += &if at == 0 {
                first.to_owned()
            } else {
                first.to_uppercase()
            };
            camel += rest;
        }
        for name in [*field, &camel] {
            assert_eq!(
                read(&format!("{{\"{name}\": null}}")),
                Ok(FlowFilter::default()),
                "{name}"
            );
        }
    }
    assert_eq!(FlowFilter::FIELDS.len(), 41);
}

const VALUES: &str = r#"{
        "verdict": ["DROPPED", 5, 77],
        "traffic_direction": ["EGRESS", 1],
        "drop_reason_desc": ["POLICY_DENIED", 181],
        "ip_version": ["IPv6", 0],
        "source_identity": [1, "2", 3.0, "4e1"],
        "ip_trace_id": ["18446744073709551615"],
        "reply": [true, false],
        "tcp_flags": [{"SYN": true, "ACK": true, "FIN": false, "RST": null}, {}],
        "interface": [{"index": "7"}, {"name": "eth0"}],
        "event_type": [{"type": 4, "matchSubType": true, "sub_type": "10"}],
        "source_workload": [{"kind": "Deployment", "name": "web"}],
        "http_header": [{"key": "a", "value": "b"}],
        "experimental": {"celExpression": ["true"]}
    }"#;

#[test]
fn values_are_read_as_protobuf_writes_them() {
    let filter = read(VALUES).unwrap();
    assert_eq!(filter.verdict, [2, 5, 77]);
    assert_eq!(filter.traffic_direction, [2, 1]);
    assert_eq!(filter.drop_reason_desc, [133, 181]);
    assert_eq!(filter.ip_version, [2, 0]);
    assert_eq!(filter.source_identity, [1, 2, 3, 40]);
    assert_eq!(filter.ip_trace_id, [u64::MAX]);
    assert_eq!(filter.reply, [true, false]);
    assert_eq!(filter.len(), 24);
}

#[test]
fn messages_are_read_as_protobuf_writes_them() {
    let filter = read(VALUES).unwrap();
    assert_eq!(
        filter.tcp_flags,
        [TcpFlags(TcpFlags::SYN | TcpFlags::ACK), TcpFlags(0)]
    );
    let interface = |index, name: &str| NetworkInterface {
        index,
        name: name.to_owned(),
    };
    assert_eq!(filter.interface, [interface(7, ""), interface(0, "eth0")]);
    let event_type = EventTypeFilter {
        event_type: 4,
        match_sub_type: true,
        sub_type: 10,
    };
    assert_eq!(filter.event_type, [event_type]);
    let workload = Workload {
        name: "web".to_owned(),
        kind: "Deployment".to_owned(),
    };
    assert_eq!(filter.source_workload, [workload]);
    let header = HttpHeader {
        key: "a".to_owned(),
        value: "b".to_owned(),
    };
    assert_eq!(filter.http_header, [header]);
    assert_eq!(filter.experimental.cel_expression, ["true"]);
}

const INVALID: &[(&str, &str)] = &[
    (
        r#"{"verdict": ["LOST"]}"#,
        "there is no verdict named `LOST`",
    ),
    (
        r#"{"verdict": [4294967296]}"#,
        "the number 4294967296 is out of range",
    ),
    (
        r#"{"verdict": [true]}"#,
        "invalid type: boolean `true`, expected the name or number of a verdict",
    ),
    (r#"{"verdict": "DROPPED"}"#, "expected a sequence"),
    (
        r#"{"source_identity": [-1]}"#,
        "the number -1 is out of range",
    ),
    (r#"{"source_identity": [1.5]}"#, "expected a whole number"),
    (r#"{"source_identity": ["x"]}"#, "expected a whole number"),
    (r#"{"source_port": [80]}"#, "expected a string"),
    (r#"{"source_port": [null]}"#, "expected a string"),
    (r#"{"tcp_flags": [{"syn": true}]}"#, "unknown field `syn`"),
    (
        r#"{"nope": []}"#,
        "unknown field `nope`, expected one of `uuid`, `",
    ),
    (
        r#"{"workload": []}"#,
        "unknown field `workload`, expected one of `source_workload`, `destination_workload`",
    ),
    (
        r#"{"interface": [{"nam": ""}]}"#,
        "unknown field `nam`, expected one of `index`, `name`",
    ),
    ("[]", "invalid type: sequence, expected an object"),
    (
        r#"{"interface": [[]]}"#,
        "invalid type: sequence, expected an object",
    ),
    (r#"{"SourceIp": []}"#, "unknown field `SourceIp`"),
    (
        r#"{"source_ip": [], "sourceIp": []}"#,
        "duplicate field `source_ip`",
    ),
    (
        r#"{"verdict": [1], "verdict": [2]}"#,
        "duplicate field `verdict`",
    ),
    (
        r#"{"sourceIp": [], "source_ip": []}"#,
        "duplicate field `source_ip`",
    ),
];

#[test]
fn an_invalid_value_is_refused_with_what_is_allowed() {
    for &(text, expected) in INVALID {
        let error = read(text).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
}
