//! Hostile streams on the monitor socket: each is counted, memory stays bounded, and the next stream
//! is read normally.

use std::io::Write;
use std::os::unix::net::UnixListener;

use tidegate_wire::gob::{Definition, Field, Type, TypeId, put_int, put_uint, write_message};
use tidegate_wire::payload::{Encoder, Payload};

use crate::support::{Agent, LedgerReport, TestDir, eventually, get, run_args, simulated_frames};

/// The memory allowed beyond that at the start: a frame of the configured maximum of 16 MiB while
/// the buffer grows.
const MAX_GROWTH_KIB: u64 = 64 * 1024;
const VALUE: TypeId = TypeId(64);
const FIELD: TypeId = TypeId(65);

/// Streams that are, or claim to be, unbounded, with the reason that is counted.
fn streams() -> [(&'static str, Vec<u8>); 7] {
    let nested = |bytes: usize| with_unknown_field(Type::Slice { elem: FIELD }, &vec![1; bytes]);
    let mut types = Vec::new();
    for id in 64..1_000_064 {
        Definition {
            name: "".into(),
            inner_id: TypeId(0),
            ty: Type::Slice { elem: TypeId(id) },
        }
        .write(TypeId(id), &mut types);
    }
    let mut inner = Vec::new();
    let data = [&[129][..], &nested(1000)].concat();
    Encoder::default().encode(
        &Payload {
            data: &data,
            cpu: 0,
            lost: 0,
            kind: Payload::EVENT_SAMPLE,
        },
        &mut inner,
    );
    [
        ("gob_too_many_types", types),
        (
            "frame_too_large",
            vec![0xf8, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ),
        (
            "frame_cut_short",
            [&[0xfd, 0xff, 0xff, 0xff][..], &vec![0; 15 << 20]].concat(),
        ),
        ("gob_nesting_too_deep", nested(8 << 20)),
        (
            "gob_length_out_of_range",
            with_unknown_field(Type::Slice { elem: TypeId::UINT }, &[0xfc, 0x40, 0, 0, 0]),
        ),
        ("gob_integer_too_long", vec![0x80; 1 << 20]),
        ("access_log_unknown_shape", inner),
    ]
}

/// A stream of one `Payload` with an unknown field of this type.
fn with_unknown_field(ty: Type, value: &[u8]) -> Vec<u8> {
    let fields = [("Type", TypeId::INT), ("Extra", FIELD)].map(|(name, id)| Field {
        name: name.into(),
        id,
    });
    let mut out = Vec::new();
    for (id, ty) in [(VALUE, Type::Struct(fields.into())), (FIELD, ty)] {
        Definition {
            name: "T".into(),
            inner_id: id,
            ty,
        }
        .write(id, &mut out);
    }
    let mut body = Vec::new();
    put_int(&mut body, VALUE.0);
    put_uint(&mut body, 2);
    body.extend_from_slice(value);
    write_message(&mut out, &body);
    out
}

/// Writes a configuration that reconnects at once and accepts frames of 16 MiB.
fn config(dir: &TestDir) -> std::path::PathBuf {
    let keys = "[receivers.monitor1_2]\nreconnect = { initial = \"1ms\", max = \"20ms\" }\n\
        max_frame = \"16MiB\"\n";
    let text = std::fs::read_to_string(dir.socket("reconnect"))
        .unwrap()
        .replace("[receivers.monitor1_2]\n", keys);
    dir.write("pipeline.toml", text)
}

#[test]
fn hostile_streams_are_counted_within_bounded_memory_and_the_next_one_is_read() {
    let dir = TestDir::new();
    let listener = UnixListener::bind(dir.path("monitor.sock")).unwrap();
    let ledger_file = dir.path("ledger.json");
    let config = config(&dir);
    let run = run_args(&config, &ledger_file);
    let mut agent = Agent::start(&run);
    let address = agent.telemetry_address();
    let at_start = agent.peak_memory_kib();
    for (_, stream) in streams() {
        // Fails when the agent closes the connection.
        let _ = listener.accept().unwrap().0.write_all(&stream);
    }
    let mut last = listener.accept().unwrap().0;
    last.write_all(&simulated_frames(100)).unwrap();
    // 100 frames of the last stream, the access-log record's, and one for each refused stream.
    let read = |line: &str| {
        line.contains("_records_in_total") && line.contains("monitor1_2") && line.ends_with(" 107")
    };
    eventually("the last stream is read", || {
        get(&address, "/metrics").1.lines().any(read)
    });

    let growth = agent.peak_memory_kib() - at_start;
    assert!(growth <= MAX_GROWTH_KIB, "{growth} KiB");
    agent.send_signal("TERM");
    let output = agent.wait();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let ledger = LedgerReport::read(&ledger_file).unwrap();
    for (reason, _) in streams() {
        let stage = if reason.starts_with("access_log") {
            "processors.cilium_decode"
        } else {
            "receivers.monitor1_2"
        };
        assert_eq!(
            ledger.count(stage, &format!("dropped/{reason}")),
            1,
            "{reason}: {}",
            ledger.stage(stage)
        );
    }
}
