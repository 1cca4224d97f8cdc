//! Every reason with its coverage.

use tidegate_wire::access_log::Dns;
use tidegate_wire::event::flags;
use tidegate_wire::gob::{Type, TypeId};

use super::Coverage::{self, Never, Stream, Test};
use super::gob::{
    self, definition, frame, record, record_with_built_in, record_with_type, strings,
};
use super::packets::{ECHO, ICMP, ICMPV6, IGMP, SCTP, TCP, UDP, VRRP};
use super::packets::{ethernet, ip, ipv4, ipv4_with_options, ipv6, recorder, tcp, tunnel, udp};
use super::samples;

const RECEIVER: &str = "receivers.replay";
const DECODE: &str = "processors.cilium_decode";
const L34: &str = "processors.l34_flow";

pub(super) fn table() -> Vec<(&'static str, Coverage)> {
    [
        runner(),
        streams(),
        lists_of_names(),
        events(),
        definitions(),
        values(),
        records(),
        ip_headers(),
        transports(),
        exporters(),
        files(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn runner() -> Vec<(&'static str, Coverage)> {
    let edges = "core/runtime/tests/pipeline/edges.rs";
    vec![
        ("queue_full", Test(edges, "a_full_edge_follows_its_policy")),
        (
            "too_many_series",
            Test(
                "core/runtime/src/edge/points/tests.rs",
                "a_series_beyond_the_limit_is_refused_and_requested_once_another_one_has_ended",
            ),
        ),
        (
            "stage_ended",
            Test(
                edges,
                "records_sent_after_the_reader_has_ended_are_counted_as_dropped",
            ),
        ),
        (
            "shutdown_timeout",
            Test(
                "core/runtime/tests/pipeline/ending.rs",
                "records_not_drained_within_the_grace_period_are_counted_as_dropped",
            ),
        ),
        (
            "reload_timeout",
            Test(
                "core/runtime/tests/pipeline/reload.rs",
                "records_of_an_exporter_that_does_not_drain_are_counted_as_dropped",
            ),
        ),
        (
            "pipeline_full",
            Test(
                "receivers/tests/it/monitor1_2.rs",
                "records_that_do_not_fit_in_the_outbox_are_counted_and_reported_as_lost",
            ),
        ),
    ]
}

/// Reasons of the receivers.
fn lists_of_names() -> Vec<(&'static str, Coverage)> {
    let cilium = || {
        Test(
            "receivers/tests/it/cilium_api.rs",
            "elements_that_cannot_be_read_are_dropped_and_the_others_are_sent",
        )
    };
    let kubernetes = || {
        Test(
            "receivers/tests/it/kubernetes/failures.rs",
            "objects_that_are_too_large_or_not_as_documented_are_counted_and_skipped",
        )
    };
    vec![
        ("names_element_invalid", cilium()),
        ("names_element_too_large", cilium()),
        ("object_invalid", kubernetes()),
        ("object_too_large", kubernetes()),
    ]
}

fn streams() -> Vec<(&'static str, Coverage)> {
    vec![
        ("frame_cut_short", Stream(RECEIVER, gob::truncated_frame())),
        ("frame_too_large", Stream(RECEIVER, gob::oversized_frame())),
        (
            "unknown_payload_shape",
            Stream(RECEIVER, gob::other_values()),
        ),
        (
            "unknown_payload_type",
            Stream(DECODE, gob::unknown_payload()),
        ),
        (
            "unexpected_eof",
            Never("receivers count `frame_cut_short` at the end of a stream"),
        ),
        ("gob_truncated", Stream(RECEIVER, frame(&[2]))),
        (
            "gob_length_out_of_range",
            Stream(RECEIVER, frame(&[1, 100])),
        ),
        ("gob_field_out_of_range", Stream(RECEIVER, frame(&[9]))),
        ("gob_integer_too_long", Stream(RECEIVER, vec![0x80])),
        (
            "gob_message_too_large",
            Never(
                "counted as `frame_too_large` in a stream; in a record, only with a 32-bit `usize`",
            ),
        ),
    ]
}

fn events() -> Vec<(&'static str, Coverage)> {
    vec![
        ("empty_data", Stream(DECODE, samples(&[vec![]]))),
        ("event_too_short", Stream(DECODE, samples(&[vec![1, 2, 3]]))),
        (
            "unknown_event_version",
            Stream(DECODE, samples(&[vec![4; 200]])),
        ),
        ("recorder_capture", Stream(L34, recorder())),
        (
            "event_without_packet",
            Never("`cilium_decode` selects events by this property"),
        ),
        (
            "event_without_socket",
            Never("`cilium_decode` selects events by this property"),
        ),
    ]
}

/// Type definitions before a record.
fn definitions() -> Vec<(&'static str, Coverage)> {
    let first = || definition("", TypeId::FIRST, strings());
    vec![
        ("gob_missing_value", Stream(DECODE, record(&[]))),
        (
            "gob_unknown_type",
            Stream(DECODE, record(&[3, 0xff, 0x82, 0])),
        ),
        (
            "gob_reserved_type",
            Stream(DECODE, record(&definition("", TypeId(10), strings()))),
        ),
        (
            "gob_duplicate_type",
            Stream(DECODE, record(&[first(), first()].concat())),
        ),
        (
            "gob_bad_definition",
            Stream(DECODE, record(&[3, 0xff, 0x81, 0])),
        ),
        ("gob_too_many_types", Stream(DECODE, gob::many_types())),
        ("gob_too_many_fields", Stream(DECODE, gob::many_fields())),
        (
            "gob_definitions_too_large",
            Stream(DECODE, gob::large_definitions()),
        ),
    ]
}

/// Values in a record.
fn values() -> Vec<(&'static str, Coverage)> {
    let array = Type::Array {
        elem: TypeId::UINT,
        len: 3,
    };
    vec![
        (
            "gob_type_mismatch",
            Stream(DECODE, record_with_built_in("Verdict", TypeId::UINT, &[1])),
        ),
        (
            "gob_interface_value",
            Stream(
                DECODE,
                record_with_built_in("Other", TypeId::INTERFACE, &[0]),
            ),
        ),
        (
            "gob_array_length",
            Stream(DECODE, record_with_type("Other", array, &[2, 1, 1])),
        ),
        ("gob_nesting_too_deep", Stream(DECODE, gob::nested())),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn records() -> Vec<(&'static str, Coverage)> {
    let query = Dns {
        query: "example.com.".to_owned(),
        ..Dns::default()
    };
    let by_type = "`cilium_decode` selects events by the message type";
    vec![
        ("not_access_log", Never(by_type)),
        (
            "access_log_too_large",
            Stream(DECODE, gob::oversized_record()),
        ),
        (
            "access_log_unknown_shape",
            Stream(DECODE, gob::record(&gob::other_values())),
        ),
        (
            "access_log_out_of_range",
            Stream(
                DECODE,
                record_with_built_in("IPVersion", TypeId::UINT, &[0xfe, 1, 0]),
            ),
        ),
        (
            "access_log_address_length",
            Stream(DECODE, gob::invalid_address()),
        ),
        (
            "access_log_bad_timestamp",
            Stream("processors.dns_flow", gob::invalid_timestamp(query)),
        ),
        ("not_agent_notify", Never(by_type)),
        (
            "agent_notify_unknown_shape",
            Stream(DECODE, gob::notification_with("Other", 1)),
        ),
        (
            "agent_notify_out_of_range",
            Stream(DECODE, gob::notification_with("Text", 1 << 32)),
        ),
        (
            "agent_notify_bad_text",
            Stream(DECODE, gob::notification(3, "{")),
        ),
    ]
}

fn ip_headers() -> Vec<(&'static str, Coverage)> {
    let truncated = |packet: Vec<u8>, len: usize| ip(&packet[..len]);
    vec![
        ("ethernet_too_short", Stream(L34, ethernet(&[0; 13]))),
        (
            "ipv4_too_short",
            Stream(L34, truncated(ipv4(ICMP, &ECHO), 19)),
        ),
        (
            "ipv4_bad_length",
            Stream(L34, ip(&[&[0x44], &ipv4(ICMP, &ECHO)[1..]].concat())),
        ),
        (
            "ipv4_bad_option",
            Stream(L34, ip(&ipv4_with_options(ICMP, &[7, 2, 1, 1], &ECHO))),
        ),
        (
            "ipv6_too_short",
            Stream(L34, truncated(ipv6(ICMP, 8, &[]), 39)),
        ),
        ("ipv6_bad_length", Stream(L34, ip(&ipv6(ICMP, 0, &ECHO)))),
        ("ipv6_bad_hop_by_hop", Stream(L34, ip(&ipv6(0, 8, &[ICMP])))),
        (
            "ipv6_bad_jumbogram",
            Stream(
                L34,
                ip(&ipv6(
                    0,
                    0,
                    &[&[ICMP, 0, 0xc2, 3, 0, 1, 0, 0][..], &ECHO].concat(),
                )),
            ),
        ),
    ]
}

fn transports() -> Vec<(&'static str, Coverage)> {
    let over = |protocol: u8, payload: &[u8]| ip(&ipv4(protocol, payload));
    vec![
        ("tcp_too_short", Stream(L34, over(TCP, &tcp(5, &[])[..19]))),
        ("tcp_bad_offset", Stream(L34, over(TCP, &tcp(4, &[])))),
        (
            "tcp_bad_option",
            Stream(L34, over(TCP, &tcp(6, &[2, 1, 0, 0]))),
        ),
        (
            "tcp_bad_mptcp_option",
            Stream(L34, over(TCP, &tcp(6, &[30, 3, 0x40, 1]))),
        ),
        ("udp_too_short", Stream(L34, over(UDP, &udp(8, &[])[..7]))),
        ("udp_bad_length", Stream(L34, over(UDP, &udp(7, &[])))),
        ("sctp_too_short", Stream(L34, over(SCTP, &[0; 11]))),
        ("icmpv4_too_short", Stream(L34, over(ICMP, &ECHO[..7]))),
        ("icmpv6_too_short", Stream(L34, over(ICMPV6, &ECHO[..3]))),
        (
            "vrrp_too_short",
            Stream(L34, over(VRRP, &[0x21, 1, 100, 1, 0, 1, 0])),
        ),
        (
            "vrrp_bad_message",
            Stream(L34, over(VRRP, &[0x22, 1, 100, 1, 0, 1, 0, 0, 1, 2, 3, 4])),
        ),
        ("igmp_too_short", Stream(L34, over(IGMP, &[0x16; 7]))),
        (
            "vxlan_too_short",
            Stream(L34, tunnel(flags::VXLAN, &[8, 0, 0])),
        ),
        (
            "geneve_too_short",
            Stream(L34, tunnel(flags::GENEVE, &[1, 0, 0x65])),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn exporters() -> Vec<(&'static str, Coverage)> {
    let delivery = "exporters/tests/otlp/delivery.rs";
    let limits = "exporters/tests/otlp/limits.rs";
    let disk = "exporters/tests/otlp/disk_queue.rs";
    let division = "exporters/tests/otlp/division.rs";
    let stdout = "exporters/tests/stdout/main.rs";
    let replies = "every_reply_leads_to_its_outcome";
    vec![
        ("rejected_by_peer", Test(delivery, replies)),
        ("permanent_error", Test(delivery, replies)),
        ("not_authorized", Test(delivery, replies)),
        ("unimplemented", Test(delivery, replies)),
        ("resource_exhausted", Test(delivery, replies)),
        (
            "too_large_for_peer",
            Test(
                division,
                "a_record_that_is_too_large_for_the_backend_is_dropped_alone",
            ),
        ),
        (
            "invalid_for_peer",
            Test(
                division,
                "a_bad_record_is_dropped_alone_with_two_requests_for_each_halving",
            ),
        ),
        (
            "queue_evicted",
            Test(disk, "a_full_queue_on_disk_evicts_the_oldest_records"),
        ),
        (
            "queue_damaged",
            Test(
                disk,
                "damaged_requests_are_counted_and_the_others_delivered",
            ),
        ),
        (
            "retries_exhausted",
            Test(delivery, "retries_end_when_the_policy_says_so"),
        ),
        (
            "drain_timeout",
            Test(
                limits,
                "remaining_records_are_dropped_after_the_drain_timeout",
            ),
        ),
        (
            "record_too_large",
            Test(
                limits,
                "a_record_that_is_too_large_for_a_request_is_dropped_alone",
            ),
        ),
        (
            "metric_type_conflict",
            Test(
                "exporters/tests/prometheus/main.rs",
                "every_point_is_accounted_for_and_series_are_counted",
            ),
        ),
        (
            "output_closed",
            Test(
                stdout,
                "an_output_closed_by_its_reader_ends_the_run_without_a_failure",
            ),
        ),
        (
            "write_failed",
            Test(
                stdout,
                "a_disk_that_stays_full_is_a_failure_that_names_the_output",
            ),
        ),
    ]
}

fn files() -> Vec<(&'static str, Coverage)> {
    let disk = "tests/file/disk.rs";
    let full = "on_a_disk_that_stays_full_records_are_dropped_and_counted_until_there_is_room";
    let limit = "a_file_at_its_size_limit_is_rotated_or_its_records_are_dropped";
    let directory = "a_directory_that_goes_away_and_comes_back_loses_no_later_record";
    let error = |reason| {
        let test = "errors_have_reasons_and_some_of_them_pass";
        (reason, Test("exporters/src/file/failure.rs", test))
    };
    vec![
        ("disk_full", Test(disk, full)),
        ("file_too_large", Test(disk, limit)),
        ("directory_missing", Test(disk, directory)),
        error("quota_exceeded"),
        error("io_error"),
        error("read_only"),
        error("not_a_file"),
        error("permission_denied"),
        error("file_in_use"),
    ]
}
