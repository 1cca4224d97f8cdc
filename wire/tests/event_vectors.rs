//! All perf vectors decode to the values beside them, and encode to the same bytes again.

#![expect(clippy::unwrap_used, reason = "test vectors are well-formed")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use tidegate_wire::event::{
    DebugCapture, DebugMsg, DropNotify, DropV1Header, Encoder, Event, Hints, PacketEvent,
    PolicyVerdictNotify, Profile, RecorderCapture, SockLayout, TraceNotify, TraceSockNotify, parse,
};
use tidegate_wire::packet::{self, TunnelProtocol};

struct Vector {
    name: String,
    data: Vec<u8>,
    json: Map<String, Value>,
}

impl Vector {
    /// The hints for the vector's `profile`.
    fn hints(&self) -> Hints {
        match self.json["profile"].as_str().unwrap() {
            "1.12" => Hints::for_release(1, 12),
            "1.13-1.17.0" | "1.13-1.18" => Hints::for_release(1, 13),
            "1.19+" => Hints::for_release(1, 19),
            _ => Hints::default(),
        }
    }

    /// A profile with the vector's layout; `None` for versions that no agent sends.
    fn profile(&self) -> Option<Profile> {
        Some(match self.json["profile"].as_str().unwrap() {
            "1.12" | "1.12-1.18" => Profile::V1_12,
            "1.13-1.17.0" | "1.13-1.18" => Profile::V1_13,
            "1.14-1.18" | "1.17.x-1.18" => Profile::V1_17_4,
            "1.19+" | "all" => Profile::V1_19,
            "synthetic" => return None,
            other => panic!("{}: profile {other}", self.name),
        })
    }
}

fn vectors() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/perf");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "hex"))
        .collect();
    files.sort();
    files.iter().map(|path| read_vector(path)).collect()
}

fn read_vector(path: &Path) -> Vector {
    let json = fs::read_to_string(path.with_extension("json")).unwrap();
    Vector {
        name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
        data: unhex(&fs::read_to_string(path).unwrap()),
        json: serde_json::from_str(&json).unwrap(),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The value of a vector's key as text; `None` for keys that are no field of the event.
fn value(event: &Event<'_>, key: &str) -> Option<String> {
    if matches!(key, "profile" | "data_len" | "unpadded_len" | "text") {
        return None;
    }
    Some(match event {
        Event::Drop(event) => drop_value(event, key),
        Event::Trace(event) => trace_value(event, key),
        Event::PolicyVerdict(event) => policy_value(event, key),
        Event::Capture(event) => capture_value(event, key),
        Event::Debug(event) => debug_value(event, key),
        Event::TraceSock(event) => sock_value(event, key),
        Event::Recorder(event) => recorder_value(event, key),
        other => panic!("{other:?}"),
    })
}

fn common_value<'a>(event: &impl PacketEvent<'a>, key: &str) -> String {
    match key {
        "subtype" => event.subtype().to_string(),
        "source" => event.source().to_string(),
        "hash" => event.hash().to_string(),
        "len_orig" => event.len_orig().to_string(),
        "version" => event.version().to_string(),
        "ext_version" => event.ext_version().to_string(),
        "header_len" => event.header_len().to_string(),
        "captured_packet_hex" => hex(event.packet()),
        other => panic!("unknown key {other}"),
    }
}

fn drop_value(event: &DropNotify<'_>, key: &str) -> String {
    match key {
        "type" => "1".to_owned(),
        "src_label" => event.src_label().to_string(),
        "dst_label" => event.dst_label().to_string(),
        "dst_id" => event.dst_id().to_string(),
        "line" => event.line().to_string(),
        "file" => event.file().to_string(),
        "ext_error" => event.ext_error().to_string(),
        "ifindex" => event.ifindex().to_string(),
        "flags" => event.flags().to_string(),
        "ip_trace_id" => event.ip_trace_id().to_string(),
        key => common_value(event, key),
    }
}

fn trace_value(event: &TraceNotify<'_>, key: &str) -> String {
    match key {
        "type" => "4".to_owned(),
        "src_label" => event.src_label().to_string(),
        "dst_label" => event.dst_label().to_string(),
        "dst_id" => event.dst_id().to_string(),
        "reason" => (event.reason() | u8::from(event.is_encrypted()) << 7).to_string(),
        "flags" => event.flags().to_string(),
        "ifindex" => event.ifindex().to_string(),
        "orig_ip" => event
            .orig_ip()
            .map_or("0.0.0.0".to_owned(), |ip| ip.to_string()),
        "ip_trace_id" => event.ip_trace_id().to_string(),
        "vni" => {
            let outer = packet::parse(event.packet(), event.link()).unwrap();
            let tunnel = event.tunnel().unwrap();
            let overlay = packet::parse_overlay(outer.udp_payload(), tunnel).unwrap();
            overlay.vni.to_string()
        }
        key => common_value(event, key),
    }
}

fn policy_value(event: &PolicyVerdictNotify<'_>, key: &str) -> String {
    match key {
        "type" => "5".to_owned(),
        "remote_label" => event.remote_label().to_string(),
        "verdict" => event.verdict().to_string(),
        "dst_port" => event.dst_port().to_string(),
        "proto" => event.proto().to_string(),
        "flags" => event.flags().to_string(),
        "direction" if event.is_ingress() => "ingress".to_owned(),
        "direction" => "egress".to_owned(),
        "match" => event.match_type().to_string(),
        "audited" => event.is_audited().to_string(),
        "ipv6" => event.is_ipv6().to_string(),
        "l3" => event.is_l3_device().to_string(),
        "auth_type" => event.auth_type().to_string(),
        "cookie" => event.cookie().to_string(),
        key => common_value(event, key),
    }
}

fn capture_value(event: &DebugCapture<'_>, key: &str) -> String {
    match key {
        "type" => "3".to_owned(),
        "arg1" => event.arg1().to_string(),
        "arg2" => event.arg2().to_string(),
        key => common_value(event, key),
    }
}

fn debug_value(event: &DebugMsg<'_>, key: &str) -> String {
    match key {
        "type" => "2".to_owned(),
        "header_len" => "20".to_owned(),
        "captured_packet_hex" => String::new(),
        "subtype" => event.subtype().to_string(),
        "source" => event.source().to_string(),
        "hash" => event.hash().to_string(),
        "arg1" => event.args()[0].to_string(),
        "arg2" => event.args()[1].to_string(),
        "arg3" => event.args()[2].to_string(),
        other => panic!("unknown key {other}"),
    }
}

fn sock_value(event: &TraceSockNotify<'_>, key: &str) -> String {
    match key {
        "type" => "7".to_owned(),
        "captured_packet_hex" => String::new(),
        "header_len" if event.layout() == SockLayout::Aligned => "40".to_owned(),
        "header_len" => "38".to_owned(),
        "xlate_point" => event.xlate_point().to_string(),
        "dst_ip" => event.dst_ip().to_string(),
        "dst_port" => event.dst_port().to_string(),
        "sock_cookie" => event.sock_cookie().to_string(),
        "cgroup_id" => event.cgroup_id().to_string(),
        "l4_proto" => event.l4_proto().to_string(),
        "flags" => u8::from(event.is_ipv6()).to_string(),
        other => panic!("unknown key {other}"),
    }
}

fn recorder_value(event: &RecorderCapture<'_>, key: &str) -> String {
    match key {
        "type" => "6".to_owned(),
        "header_len" => "24".to_owned(),
        "captured_packet_hex" => hex(event.packet()),
        "subtype" => event.subtype().to_string(),
        "rule_id" => event.rule_id().to_string(),
        "time_boot_ns" => event.time_boot().to_string(),
        "cap_len" => event.cap_len().to_string(),
        "len" => event.len_orig().to_string(),
        other => panic!("unknown key {other}"),
    }
}

fn encode(encoder: Encoder, event: &Event<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    match event {
        Event::Drop(event) => encoder.drop(&event.fields(), event.packet(), &mut out),
        Event::Trace(event) => encoder.trace(&event.fields(), event.packet(), &mut out),
        Event::PolicyVerdict(event) => {
            encoder.policy_verdict(&event.fields(), event.packet(), &mut out);
        }
        Event::Capture(event) => encoder.capture(&event.fields(), event.packet(), &mut out),
        Event::Recorder(event) => encoder.recorder(&event.fields(), event.packet(), &mut out),
        Event::Debug(event) => encoder.debug(&event.fields(), &mut out),
        Event::TraceSock(event) => encoder.trace_sock(&event.fields(), &mut out),
        other => panic!("{other:?}"),
    }
    out
}

#[test]
fn every_vector_decodes_to_its_values() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 21);
    for vector in vectors {
        let event = parse(&vector.data, &vector.hints()).unwrap();
        for (key, expected) in &vector.json {
            let expected = expected
                .as_str()
                .map_or(expected.to_string(), str::to_owned);
            if let Some(actual) = value(&event, key) {
                assert_eq!(actual, expected, "{}: {key}", vector.name);
            }
        }
    }
}

#[test]
fn vectors_of_real_agents_are_encoded_to_the_same_bytes() {
    for vector in vectors() {
        let event = parse(&vector.data, &vector.hints()).unwrap();
        if let Some(profile) = vector.profile() {
            let padding = 0xee;
            let encoded = encode(Encoder { profile, padding }, &event);
            assert_eq!(hex(&encoded), hex(&vector.data), "{}", vector.name);
        }
    }
}

/// Captured lengths of 0 to 64 bytes cover all amounts of padding.
#[test]
fn events_of_all_releases_are_read_back_at_every_captured_length() {
    for profile in Profile::ALL {
        let minor = if profile == Profile::V1_12 { 12 } else { 18 };
        let minor = if profile == Profile::V1_19 { 19 } else { minor };
        let hints = Hints::for_release(1, minor);
        let padding = 0;
        let encoder = Encoder { profile, padding };
        for vector in vectors() {
            let event = parse(&vector.data, &vector.hints()).unwrap();
            for len in 0..=64 {
                check_round_trip(encoder, &hints, &event, len);
            }
        }
    }
}

fn check_round_trip(encoder: Encoder, hints: &Hints, event: &Event<'_>, len: usize) {
    let packet: Vec<u8> = (0..len).map(|byte| byte as u8).collect();
    let mut first = Vec::new();
    match event {
        Event::Drop(event) => encoder.drop(&event.fields(), &packet, &mut first),
        Event::Trace(event) => encoder.trace(&event.fields(), &packet, &mut first),
        Event::PolicyVerdict(event) => {
            encoder.policy_verdict(&event.fields(), &packet, &mut first);
        }
        Event::Capture(event) => encoder.capture(&event.fields(), &packet, &mut first),
        Event::Recorder(event) => encoder.recorder(&event.fields(), &packet, &mut first),
        other => first = encode(encoder, other),
    }
    assert_eq!((first.len() + 4) % 8, 0);
    let again = parse(&first, hints).unwrap();
    assert_eq!(encode(encoder, &again), first, "{encoder:?} {len}");
}

#[test]
fn vectors_are_read_alike_with_and_without_hints() {
    for vector in vectors() {
        let hinted = parse(&vector.data, &vector.hints()).unwrap();
        let unhinted = parse(&vector.data, &Hints::default()).unwrap();
        assert_eq!(
            format!("{unhinted:?}"),
            format!("{hinted:?}"),
            "{}",
            vector.name
        );
    }
}

#[test]
fn a_vxlan_trace_has_the_packet_of_the_trace_without_tunnel() {
    let vectors = vectors();
    let named = |name: &str| vectors.iter().find(|vector| vector.name == name).unwrap();
    let outer = named("perf-trace-v2-hdr56-vxlan");
    let Event::Trace(event) = parse(&outer.data, &Hints::default()).unwrap() else {
        panic!("no trace");
    };
    assert_eq!(event.tunnel(), Some(TunnelProtocol::Vxlan));
    let outer_packet = packet::parse(event.packet(), event.link()).unwrap();
    let overlay = packet::parse_overlay(outer_packet.udp_payload(), TunnelProtocol::Vxlan).unwrap();

    let plain = named("perf-trace-v2-hdr56");
    let Event::Trace(event) = parse(&plain.data, &Hints::default()).unwrap() else {
        panic!("no trace");
    };
    let expected = packet::parse(event.packet(), event.link()).unwrap();
    assert_eq!(overlay.inner.ip, expected.ip);
    assert_eq!(overlay.inner.l4, expected.l4);
}

#[test]
fn drops_narrow_down_the_header_of_version_1() {
    let cases = [
        ("perf-drop-1.12-hdr32", DropV1Header::Len32),
        ("perf-drop-v1-hdr36", DropV1Header::Len36),
        ("perf-drop-v2-hdr40-l3v6", DropV1Header::Len36),
        ("perf-drop-v0-hdr36", DropV1Header::Unknown),
    ];
    for (name, expected) in cases {
        let vectors = vectors();
        let vector = vectors.iter().find(|vector| vector.name == name).unwrap();
        let mut hints = Hints::default();
        let event = parse(&vector.data, &hints).unwrap();
        hints.observe(&event);
        assert_eq!(hints.drop_v1(), expected, "{name}");
    }
}
