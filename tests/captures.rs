//! `record --pcap`: conversion of captures, and reports about damaged ones.

use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};

use tidegate_wire::event::{self, Event, Hints, PacketEvent, flags};
use tidegate_wire::payload::{Decoder, Step};

use crate::support::capture::ByteOrder::{Big, Little};
use crate::support::capture::{MICROSECONDS, NANOSECONDS};
use crate::support::{
    AgentOutput, LedgerReport, TestDir, eventually, tidegate, tidegate_with_stdin,
};

const ETHERNET: u16 = 1;
const RAW: u16 = 101;
const IEEE802_11: u16 = 105;
const LINUX_SLL: u16 = 113;
/// The bytes before the first packet's data in a pcap file.
const FIRST_HEADER: usize = 24 + PACKET_HEADER;
/// The bytes before any packet's data.
const PACKET_HEADER: usize = 16;

/// A UDP packet from this port of 10.0.0.1 to 10.0.0.2.
fn ipv4(port: u16) -> Vec<u8> {
    let ip = [
        0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
    ];
    [&ip[..], &port.to_be_bytes(), &[0, 99, 0, 8, 0, 0]].concat()
}

fn ethernet(port: u16) -> Vec<u8> {
    [&[2; 12][..], &[8, 0], &ipv4(port)].concat()
}

fn linux_sll(ether_type: [u8; 2], packet: &[u8]) -> Vec<u8> {
    [&[0; 14][..], &ether_type, packet].concat()
}

/// A pcap file with three packets.
fn three_packets() -> Vec<u8> {
    Little.pcap(
        MICROSECONDS,
        ETHERNET,
        &[&ethernet(1), &ethernet(2), &ethernet(3)],
    )
}

/// The fields of a frame that describe its packet.
#[derive(Debug, PartialEq, Eq)]
struct Frame {
    point: u8,
    flags: u8,
    len_orig: u32,
    packet: Vec<u8>,
}

fn frame(flags: u8, packet: Vec<u8>) -> Frame {
    Frame {
        point: 3,
        flags,
        len_orig: u32::try_from(packet.len()).unwrap(),
        packet,
    }
}

/// A directory in which captures are converted to the file `recording`.
struct Converter(TestDir);

impl Converter {
    fn new() -> Self {
        Self(TestDir::new())
    }

    fn convert(&self, capture: impl AsRef<[u8]>, options: &[&str]) -> AgentOutput {
        let file = self.0.write("capture", capture);
        tidegate(
            &[
                self.args(file.to_str().unwrap()),
                options.iter().map(ToString::to_string).collect(),
            ]
            .concat(),
        )
    }

    fn args(&self, capture: &str) -> Vec<String> {
        let out = self.0.path("recording");
        [
            "record",
            "--pcap",
            capture,
            "--force",
            "--out",
            out.to_str().unwrap(),
        ]
        .map(str::to_owned)
        .to_vec()
    }

    /// The frames of the recording.
    fn frames(&self) -> Vec<Frame> {
        let bytes = std::fs::read(self.0.path("recording")).unwrap_or_default();
        let mut decoder = Decoder::default();
        let mut frames = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            at += match decoder.next(&bytes[at..]).unwrap() {
                Step::Value { used, payload } => {
                    let Ok(Event::Trace(trace)) = event::parse(payload.data, &Hints::default())
                    else {
                        panic!()
                    };
                    frames.push(Frame {
                        point: trace.subtype(),
                        flags: trace.flags(),
                        len_orig: trace.len_orig(),
                        packet: trace.packet().to_vec(),
                    });
                    used
                }
                Step::Definition { used } => used,
                _ => panic!("byte {at} is not the start of a whole frame"),
            };
        }
        frames
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of formats")]
fn every_capture_format_gives_the_same_recording() {
    let packets = [ethernet(1), ethernet(2)];
    let borrowed = [&packets[0][..], &packets[1][..]];
    let mut captures = Vec::new();
    for order in [Little, Big] {
        captures.extend(
            [MICROSECONDS, NANOSECONDS].map(|magic| order.pcap(magic, ETHERNET, &borrowed)),
        );
        let len = u32::try_from(packets[0].len()).unwrap();
        let enhanced = packets
            .iter()
            .flat_map(|packet| order.packet(0, len, packet));
        let simple = packets
            .iter()
            .flat_map(|packet| order.block(3, &[&order.u32s([len])[..], packet].concat()));
        let obsolete = packets.iter().flat_map(|packet| {
            order.block(
                2,
                &[&[0; 4][..], &order.u32s([0, 0, len, len]), packet].concat(),
            )
        });
        let unknown_block = order.block(0x0bad_cafe, &[1, 2, 3]);
        for blocks in [
            enhanced.collect::<Vec<_>>(),
            simple.collect(),
            obsolete.collect(),
        ] {
            captures.push([&order.section(&[ETHERNET])[..], &unknown_block, &blocks].concat());
        }
    }
    for capture in captures {
        let converter = Converter::new();
        let output = converter.convert(&capture, &[]);
        assert_eq!(
            (output.code, output.stderr.contains("recorded 2 frames")),
            (Some(0), true),
            "{}",
            output.stderr
        );
        assert_eq!(
            converter.frames(),
            packets.each_ref().map(|packet| frame(0, packet.clone())),
            "{capture:02x?}"
        );
    }
}

#[test]
fn each_interface_of_each_section_has_its_own_link_type() {
    let len = 100;
    let capture = [
        Little.section(&[ETHERNET, RAW]),
        Little.packet(1, len, &ipv4(1)),
        Little.packet(0, len, &ethernet(2)),
        Big.section(&[LINUX_SLL]),
        Big.packet(0, len, &linux_sll([8, 0], &ipv4(3))),
        Big.packet(0, len, &linux_sll([0x86, 0xdd], &[0x60; 40])),
    ];
    let converter = Converter::new();
    assert_eq!(converter.convert(capture.concat(), &[]).code, Some(0));
    let expected = [
        (flags::L3_DEVICE, len, ipv4(1)),
        (0, len, ethernet(2)),
        (flags::L3_DEVICE, len - 16, ipv4(3)),
        (flags::L3_DEVICE | flags::IPV6, len - 16, vec![0x60; 40]),
    ];
    let expected = expected.map(|(flags, len_orig, packet)| Frame {
        point: 3,
        flags,
        len_orig,
        packet,
    });
    assert_eq!(converter.frames(), expected);
}

#[test]
fn a_frame_of_a_truncated_packet_has_the_original_length() {
    let converter = Converter::new();
    let capture = [
        Little.section(&[ETHERNET]),
        Little.packet(0, 1500, &ethernet(1)),
    ]
    .concat();
    assert_eq!(
        converter.convert(&capture, &["--snaplen", "20"]).code,
        Some(0)
    );
    let packet = ethernet(1)[..20].to_vec();
    assert_eq!(
        converter.frames(),
        [Frame {
            len_orig: 1500,
            ..frame(0, packet)
        }]
    );

    let large = [&ethernet(1)[..], &[0; 70_000]].concat();
    assert_eq!(
        converter
            .convert(Little.pcap(MICROSECONDS, ETHERNET, &[&large]), &[])
            .code,
        Some(0)
    );
    let packet = large[..65535].to_vec();
    assert_eq!(
        converter.frames(),
        [Frame {
            len_orig: 70_042,
            ..frame(0, packet)
        }]
    );
}

#[test]
fn a_converted_capture_yields_flows() {
    let converter = Converter::new();
    let config = converter
        .0
        .replay(0, &["cilium_decode", "l34_flow"], "nop", "");
    converter.convert(three_packets(), &[]);
    let ledger = LedgerReport::of_run(&converter.0, &config);
    assert_eq!(
        (
            ledger.count("processors.l34_flow", "in"),
            ledger.count("exporters.nop", "absorbed")
        ),
        (3, 3)
    );
}

#[test]
fn a_truncated_capture_is_recorded_up_to_the_cut() {
    let whole = three_packets();
    let len = ethernet(1).len();
    let second = FIRST_HEADER + len;
    let section = [Big.section(&[ETHERNET]), Big.packet(0, 42, &ethernet(1))].concat();
    let cut = [&section[..], &Big.packet(0, 42, &ethernet(2))[..30]].concat();
    for (capture, frames, at) in [
        (&whole[..23], 0, 0),
        (&whole[..FIRST_HEADER - 1], 0, 24),
        (&whole[..FIRST_HEADER + 1], 0, 24),
        (&whole[..second + 3], 1, second),
        (&whole[..second + PACKET_HEADER + len - 1], 1, second),
        (&whole[..whole.len() - 1], 2, second + PACKET_HEADER + len),
        (
            &section[..section.len() - 1],
            0,
            section.len() - Big.packet(0, 42, &ethernet(1)).len(),
        ),
        (&cut, 1, section.len()),
    ] {
        let converter = Converter::new();
        let output = converter.convert(capture, &[]);
        let expected = format!("capture: it ends inside the block that starts at byte {at}\n");
        assert!(
            output.code == Some(1) && output.stderr.ends_with(&expected),
            "{expected}: {}",
            output.stderr
        );
        assert_eq!(converter.frames().len(), frames, "{at}");
    }
}

#[test]
fn an_unreadable_capture_is_reported_with_the_reason() {
    let section = Little.section(&[ETHERNET]);
    let huge = [
        &section[..],
        &Little.u32s([6, 0x7fff_fff0]),
        &vec![0; 17 << 20],
    ]
    .concat();
    let mut inconsistent = [&section[..], &Little.packet(0, 42, &ethernet(1))].concat();
    *inconsistent.last_mut().unwrap() = 1;
    for (capture, expected) in [
        (huge, "the block at byte 48 is larger than 16 MiB"),
        (inconsistent, "the block at byte 48 is malformed"),
        (
            [&section[..], &Little.packet(7, 42, &ethernet(1))].concat(),
            "the packet at byte 48 is of interface 7, which was not described",
        ),
    ] {
        let output = Converter::new().convert(capture, &[]);
        assert!(
            output.code == Some(1) && output.stderr.contains(expected),
            "{expected}: {}",
            output.stderr
        );
    }
    let missing = tidegate(&["record", "--pcap", "/no/such/capture", "--out", "-"]);
    assert_eq!(
        missing.stderr,
        "error: cannot read /no/such/capture: No such file or directory (os error 2)\n"
    );
}

#[test]
fn a_file_that_is_no_capture_is_named_for_what_it_is() {
    for (capture, expected) in [
        (
            b"a text file of some length, which is no capture at all".to_vec(),
            "it is text, and neither pcap nor pcapng\n",
        ),
        (vec![0x80, 1, 2, 3], "it is neither pcap nor pcapng\n"),
        (Vec::new(), "it is empty, and neither pcap nor pcapng\n"),
        (
            tidegate_wire::recording::header(),
            "it is a recording of a monitor socket, and neither pcap nor pcapng; it needs no \
             conversion\n",
        ),
        (
            vec![0x1f, 0x8b, 8, 0],
            "it is compressed, and neither pcap nor pcapng; try `gunzip -c ",
        ),
    ] {
        let output = Converter::new().convert(capture, &[]);
        assert!(
            output.code == Some(1) && output.stderr.contains(expected),
            "{expected}: {}",
            output.stderr
        );
    }
}

#[test]
fn unsupported_packets_are_skipped_and_counted() {
    let capture = [
        Little.section(&[IEEE802_11, LINUX_SLL, 777]),
        Little.packet(0, 3, &[1, 2, 3]),
        Little.packet(1, 44, &linux_sll([8, 0], &ipv4(1))),
        Little.packet(1, 44, &linux_sll([8, 6], &ipv4(1))),
        Little.packet(2, 3, &[1, 2, 3]),
        Little.packet(0, 3, &[1, 2, 3]),
    ];
    let output = Converter::new().convert(capture.concat(), &[]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(
        output.stderr.contains("recorded 1 frame,"),
        "{}",
        output.stderr
    );
    let skipped = "skipped 4 packets: 2 of link type 105 (IEEE802_11), which is not supported, \
                   1 of link type 777, which is not supported, 1 of link type 113 (LINUX_SLL) without IP\n";
    assert!(output.stderr.ends_with(skipped), "{}", output.stderr);
}

#[test]
fn count_limits_a_converted_capture() {
    let converter = Converter::new();
    assert_eq!(
        converter.convert(three_packets(), &["--count", "2"]).code,
        Some(0)
    );
    assert_eq!(converter.frames().len(), 2);
}

#[test]
fn a_pipe_is_read_in_pieces_of_any_size() {
    let converter = Converter::new();
    let capture = three_packets();
    converter.convert(&capture, &[]);
    let frames = converter.frames();
    let args = converter.args("-");
    let chunks: Vec<&[u8]> = capture.chunks(5).collect();
    assert_eq!(tidegate_with_stdin(&args, &chunks).code, Some(0));
    assert_eq!(converter.frames(), frames);
    let truncated = tidegate_with_stdin(&args, &chunks[..6]);
    assert!(
        truncated
            .stderr
            .contains("cannot read standard input: it ends inside"),
        "{}",
        truncated.stderr
    );
}

/// Starts a recorder on a live capture, and waits until it has written three packets and waits for
/// more: a signal that arrives before would end it at once.
fn start_live(converter: &Converter) -> (Child, ChildStdin) {
    let mut recorder = Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args(converter.args("-"))
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut pipe = recorder.stdin.take().unwrap();
    pipe.write_all(&three_packets()).unwrap();
    let recording = converter.0.path("recording");
    eventually("the packets are recorded", || {
        std::fs::metadata(&recording).is_ok_and(|file| file.len() > 0)
    });
    eventually("the recorder waits for packets", || is_idle(recorder.id()));
    (recorder, pipe)
}

/// Whether all threads of a process are blocked.
fn is_idle(pid: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let is_blocked = |stat: &str| {
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        fields.starts_with('S')
    };
    threads
        .filter_map(|thread| std::fs::read_to_string(thread.unwrap().path().join("stat")).ok())
        .all(|stat| is_blocked(&stat))
}

fn interrupt(recorder: &Child) {
    let kill = format!("kill -INT {}", recorder.id());
    assert!(
        Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn packets_of_a_live_capture_are_written_as_they_arrive() {
    let converter = Converter::new();
    let (mut recorder, pipe) = start_live(&converter);
    drop(pipe);
    assert!(recorder.wait().unwrap().success());
    assert_eq!(converter.frames().len(), 3);
}

#[test]
fn an_interrupted_capture_ends_when_its_pipe_closes() {
    let converter = Converter::new();
    let (mut recorder, pipe) = start_live(&converter);
    interrupt(&recorder);
    drop(pipe);
    assert!(recorder.wait().unwrap().success());
    assert_eq!(converter.frames().len(), 3);
}

#[test]
fn a_second_signal_ends_an_idle_capture() {
    let converter = Converter::new();
    let (mut recorder, _pipe) = start_live(&converter);
    eventually("the recorder exits", || {
        interrupt(&recorder);
        recorder.try_wait().unwrap().is_some()
    });
    assert_eq!(recorder.wait().unwrap().code(), Some(1));
    assert_eq!(converter.frames().len(), 3);
}

#[test]
fn conflicting_options_are_refused() {
    for (options, expected) in [
        (
            &["--pcap", "-", "--socket", "s"][..],
            "'--pcap <FILE>' cannot be used with '--socket <SOCKET>'",
        ),
        (
            &["--pcap", "-", "--duration", "1s"],
            "'--pcap <FILE>' cannot be used with '--duration <TIME>'",
        ),
        (&["--snaplen", "9"], "--pcap <FILE>"),
        (&["--pcap", "-", "--snaplen", "0"], "0 is not in 1..=65535"),
    ] {
        let output = tidegate(&[&["record", "--out", "-"], options].concat());
        assert!(
            output.code == Some(2) && output.stderr.contains(expected),
            "{expected}: {}",
            output.stderr
        );
    }
}
