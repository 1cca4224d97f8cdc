//! What filters match.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod samples;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use tidegate_filter::{
    Context, FilterError, Filters, FlowFilter, MAX_FILTERS, MAX_VALUES, Matcher,
};
use tidegate_model::record::{
    AgentEvent, AgentEventType, DebugEvent, DebugEventType, Event, EventBody, Frame, Lost,
    LostSource, Notification, Record,
};
use tidegate_model::{Span, Timestamp};

use samples::{NODE, VALUES, flows};

fn matcher(line: &str) -> Matcher {
    let filters = Filters::from_line(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    filters
        .compile()
        .unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn allow(filters: &[FlowFilter]) -> Matcher {
    Matcher::compile(filters, &[]).unwrap()
}

fn read(json: &str) -> FlowFilter {
    serde_json::from_str(json).unwrap()
}

/// Whether each sample passes.
fn passing(matcher: &Matcher) -> Vec<bool> {
    let context = Context::new(NODE);
    flows()
        .into_iter()
        .map(|flow| matcher.matches(&Record::Flow(flow), &[], &context))
        .collect()
}

/// A filter of one field.
fn one_field(field: &str, values: &[&str]) -> FlowFilter {
    read(&format!("{{\"{field}\": [{}]}}", values.join(", ")))
}

#[test]
fn every_field_has_values_that_some_samples_match_and_others_do_not() {
    // Records do not have these yet, so that all flows are alike to filters of them.
    const NOT_CARRIED: [&str; 3] = ["source_service", "destination_service", "node_labels"];
    let fields: Vec<_> = VALUES.iter().map(|(field, _)| *field).collect();
    for field in FlowFilter::FIELDS {
        assert!(
            *field == "experimental" || fields.contains(field),
            "{field}"
        );
    }
    for (field, values) in VALUES {
        let matched: Vec<_> = values
            .iter()
            .map(|value| passing(&allow(&[one_field(field, &[*value])])))
            .collect();
        let is_mixed = |of: &Vec<bool>| of.contains(&true) && of.contains(&false);
        assert!(
            NOT_CARRIED.contains(field) || *field == "node_name" || matched.iter().any(is_mixed),
            "{field}"
        );
    }
}

proptest! {
    #[test]
    fn a_filter_and_its_negation_part_the_flows((field, values) in select(VALUES)) {
        for value in values {
            let filter = one_field(field, &[*value]);
            let without = Matcher::compile(&[], std::slice::from_ref(&filter)).unwrap();
            let parted: Vec<_> = passing(&without).into_iter().map(|passes| !passes).collect();
            prop_assert_eq!(passing(&allow(&[filter])), parted, "{} {}", field, value);
        }
    }

    #[test]
    fn a_list_of_values_matches_what_one_of_them_matches(
        (field, values) in select(VALUES).prop_flat_map(|(field, values)| {
            (Just(field), subsequence(values, 1..=values.len()))
        }),
    ) {
        let together = passing(&allow(&[one_field(field, &values)]));
        let apart: Vec<_> = values.iter().map(|value| one_field(field, &[value])).collect();
        prop_assert_eq!(together, passing(&allow(&apart)), "{} {:?}", field, values);
    }

    #[test]
    fn two_fields_match_what_both_match(
        (one, ones) in select(VALUES),
        (other, others) in select(VALUES),
    ) {
        prop_assume!(one != other);
        let first = one_field(one, ones);
        let second = one_field(other, others);
        let both = read(&format!(
            "{{\"{one}\": [{}], \"{other}\": [{}]}}",
            ones.join(","),
            others.join(",")
        ));
        let expected: Vec<_> = passing(&allow(&[first]))
            .into_iter()
            .zip(passing(&allow(&[second])))
            .map(|(first, second)| first && second)
            .collect();
        // Hubble refuses filters of HTTP beside types that are none of L7.
        if let Ok(matcher) = Matcher::compile(&[both], &[]) {
            prop_assert_eq!(passing(&matcher), expected, "{} {}", one, other);
        }
    }
}

fn agent_event() -> Record {
    Record::AgentEvent(Box::new(AgentEvent {
        time: Timestamp(1),
        stream: 0,
        event_type: AgentEventType::PolicyUpdated,
        notification: Notification::AgentStart { time: None },
    }))
}

fn others() -> [(&'static str, Record, Vec<u8>); 7] {
    let event = |data: &[u8]| {
        let event = Event {
            time: Timestamp(1),
            seq: 1,
            cpu: 0,
            data: Span {
                start: 0,
                len: u32::try_from(data.len()).unwrap(),
            },
            body: EventBody::Undecoded,
        };
        (Record::Event(event), data.to_vec())
    };
    let debug_event = DebugEvent {
        event_type: DebugEventType(7),
        ..DebugEvent::default()
    };
    let lost = Lost {
        time: Timestamp(1),
        source: LostSource::Unknown,
        count: 1,
        cpu: None,
        span: None,
    };
    let (trace, trace_bytes) = event(&[4, 3]);
    let (access_log, access_log_bytes) = event(&[129, 3]);
    let (empty, empty_bytes) = event(&[]);
    [
        ("frame", Record::Frame(Frame::default()), vec![]),
        ("agent", agent_event(), vec![]),
        ("debug", Record::DebugEvent(debug_event), vec![]),
        ("lost", Record::Lost(lost), vec![]),
        ("trace", trace, trace_bytes),
        ("access log", access_log, access_log_bytes),
        ("empty", empty, empty_bytes),
    ]
}

/// The names of [`others`].
const ALL: &[&str] = &[
    "frame",
    "agent",
    "debug",
    "lost",
    "trace",
    "access log",
    "empty",
];

/// Words and the records that they select.
const OTHERS: &[(&str, &[&str])] = &[
    ("", ALL),
    ("--verdict VERDICT_UNKNOWN", &[]),
    ("--ip-version none", &[]),
    ("--unencrypted", &[]),
    ("--identity 0", &[]),
    ("--label '!app'", ALL),
    ("--label app", &[]),
    ("--trace-id ''", ALL),
    (
        "--type 0",
        &["agent", "debug", "lost", "trace", "access log"],
    ),
    ("--type trace", &["lost", "trace"]),
    ("--type trace:to-stack", &["lost", "trace"]),
    ("--type l7 --type debug:7", &["debug", "lost", "access log"]),
    (
        "--type l7:3 --type agent:3 --type debug:8",
        &["agent", "lost"],
    ),
    (
        "--not --type agent",
        &["frame", "debug", "trace", "access log", "empty"],
    ),
];

#[test]
fn records_other_than_flows_have_a_type_and_no_other_field() {
    let context = Context::new(NODE);
    for &(line, expected) in OTHERS {
        let matcher = matcher(line);
        let passing: Vec<_> = others()
            .iter()
            .filter(|(_, record, bytes)| matcher.matches(record, bytes, &context))
            .map(|(name, ..)| *name)
            .collect();
        assert_eq!(passing, expected, "{line}");
    }
    let zero = allow(&[read(r#"{"ip_trace_id": [0]}"#)]);
    assert!(
        others()
            .iter()
            .all(|(_, record, bytes)| zero.matches(record, bytes, &context))
    );
}

#[test]
fn a_node_without_a_cluster_is_of_the_cluster_default() {
    for (node, line, expected) in [
        ("default/vm", "--node-name default/vm", true),
        ("vm", "--node-name default/vm", true),
        ("vm", "--node-name vm", true),
        ("lab/vm", "--node-name default/vm", false),
        ("lab/vm", "--node-name /vm", true),
        ("", "--node-name '*'", false),
        ("LAB/vm", "--node-name vm", false),
    ] {
        let record = Record::Flow(Default::default());
        let matches = matcher(line).matches(&record, &[], &Context::new(node));
        assert_eq!(matches, expected, "{node} {line}");
    }
}

#[test]
fn the_number_of_filters_and_of_values_is_bounded() {
    let filters = |count| vec![FlowFilter::default(); count];
    assert!(Matcher::compile(&filters(MAX_FILTERS), &[]).is_ok());
    let error = Matcher::compile(&filters(MAX_FILTERS), &filters(1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there are 65 filters, and 64 are allowed"
    );
    let values = |count| FlowFilter {
        source_identity: vec![1; count],
        ..one_field("uuid", &["\"x\""])
    };
    assert!(Matcher::compile(&[values(MAX_VALUES - 1)], &[]).is_ok());
    let error = Matcher::compile(&[], &[values(MAX_VALUES)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a filter has 257 values, and 256 are allowed"
    );
}

const INVALID: &[(&str, &str)] = &[
    (
        r#"{"source_ip": ["zzz"]}"#,
        "invalid IP address \"zzz\" in filter: ParseAddr(\"zzz\"): unable to parse IP",
    ),
    (
        r#"{"source_ip": ["1.2.3.4/33"]}"#,
        "invalid IP prefix \"1.2.3.4/33\" in filter: netip.ParsePrefix(\"1.2.3.4/33\"): prefix length out of range",
    ),
    (
        r#"{"destination_port": ["x"]}"#,
        "invalid destination port filter: invalid port \"x\": strconv.ParseUint: parsing \"x\": invalid syntax",
    ),
    (
        r#"{"source_port": ["70000"]}"#,
        "invalid source port filter: invalid port \"70000\": strconv.ParseUint: parsing \"70000\": value out of range",
    ),
    (
        r#"{"source_pod": [""]}"#,
        "invalid filter, name must not be empty",
    ),
    (
        r#"{"destination_service": [""]}"#,
        "invalid destination service filter: invalid filter, name must not be empty",
    ),
    (
        r#"{"source_cluster_name": [""]}"#,
        "invalid filter, name must not be empty",
    ),
    (
        r#"{"source_fqdn": ["a..b.."]}"#,
        "multiple trailing dots in pattern",
    ),
    (
        r#"{"source_fqdn": ["a b"]}"#,
        "' ': invalid rune in pattern",
    ),
    (r#"{"node_name": ["a/b/c"]}"#, "too many slashes in pattern"),
    (r#"{"node_name": [""]}"#, "empty pattern"),
    (
        r#"{"http_status_code": ["6"]}"#,
        "invalid http status code filter: invalid status code prefix: \"6\"",
    ),
    (
        r#"{"http_path": ["[a"]}"#,
        "invalid http path filter: [a: error parsing regexp: missing closing ]: `[a`",
    ),
    (
        r#"{"http_url": ["a**"]}"#,
        "invalid http url filter: a**: error parsing regexp: invalid nested repetition operator: `**`",
    ),
    (
        r#"{"dns_query": ["("]}"#,
        "invalid DNS query filter: failed to compile regexp: error parsing regexp: missing closing ): `(`",
    ),
    (
        r#"{"http_method": ["GET"], "event_type": [{"type": 4}]}"#,
        "filtering by http method requires the event type filter to only match 'l7' events",
    ),
    (
        r#"{"source_label": ["a="], "destination_label": ["a b"]}"#,
        "invalid destination label filter: unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt",
    ),
    (
        r#"{"node_labels": [","]}"#,
        "invalid node label filter: unable to parse requirement: invalid key \"any.\": a key is [prefix/]name, the prefix a DNS name, the name at most 63 of A-Z, a-z, 0-9, '-', '_' and '.', with a letter or digit at both ends",
    ),
    (
        r#"{"protocol": ["arp"]}"#,
        "invalid protocol filter: unknown protocol: \"arp\"; expected one of icmp, icmpv4, icmpv6, tcp, udp, sctp, vrrp, igmp, dns, http, kafka",
    ),
    (
        r#"{"experimental": {"cel_expression": ["true"]}}"#,
        "cel expressions are not supported",
    ),
];

#[test]
fn an_invalid_filter_is_refused_with_hubbles_text() {
    for &(json, expected) in INVALID {
        let error = Matcher::compile(&[read(json)], &[]).unwrap_err();
        assert_eq!(error.to_string(), expected, "{json}");
    }
    assert_eq!(
        Matcher::compile(
            &[],
            &[read(r#"{"experimental": {"cel_expression": ["x"]}}"#)]
        )
        .unwrap_err(),
        FilterError::CelExpression
    );
}

#[test]
fn the_filter_of_a_toml_table_is_that_of_json() {
    let table = "verdict = [\"DROPPED\", 5]\nsource_ip = [\"10.0.0.0/8\"]\nreply = [false]\n\
                 tcp_flags = [{ SYN = true }]\nevent_type = [{ type = 1, match_sub_type = true, sub_type = 133 }]\n\
                 ip_trace_id = [7]\n";
    let json = r#"{"verdict": [2, "REDIRECTED"], "sourceIp": ["10.0.0.0/8"], "reply": [false],
        "tcpFlags": [{"SYN": true}], "eventType": [{"type": 1, "matchSubType": true, "subType": 133}],
        "ipTraceId": ["7"]}"#;
    let filter: FlowFilter = toml::from_str(table).unwrap();
    assert_eq!(filter, read(json));
}
