//! Observing recordings.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};

use serde_json::Value;

use super::{golden, observe_file, real_recording, without_times};
use crate::support::{
    Agent, TestDir, simulated_frames, tidegate, tidegate_with_closed_stdout, tidegate_with_env,
    tidegate_with_stdin,
};

#[test]
fn flows_of_a_recording_are_printed_byte_for_byte_as_by_hubbles_cli() {
    let dir = TestDir::new();
    let recording = real_recording(&dir);
    for case in golden("cases").lines() {
        let (name, args) = case.split_once(' ').unwrap();
        let args: Vec<_> = ["observe", "--input-file", recording.to_str().unwrap()]
            .into_iter()
            .chain(args.split(' '))
            .collect();
        let output = tidegate_with_env(&args, &[("NODE_NAME", OsStr::new("node-a"))]);
        assert_eq!(output.code, Some(0), "{case}: {}", output.stderr);
        assert_eq!(without_times(&output.stdout), golden(name), "{case}");
    }
}

#[test]
fn the_first_and_the_last_flows_are_selected_and_the_rest_is_counted() {
    let dir = TestDir::new();
    let file = dir.write("simulated.rec", simulated_frames(2_000));
    let all = observe_file(&file, &["--all"]);
    assert_eq!(all.code, Some(0), "{}", all.stderr);
    let lines: Vec<_> = all.stdout.lines().map(|line| &line[19..]).collect();
    assert!(lines.len() > 1_000);
    let first = observe_file(&file, &["--first", "5"]);
    let cut: Vec<_> = first.stdout.lines().map(|line| &line[19..]).collect();
    assert_eq!(cut, lines[..5]);
    assert!(!first.stderr.contains("shown"), "{}", first.stderr);
    let last = observe_file(&file, &["--last", "5"]);
    let cut: Vec<_> = last.stdout.lines().map(|line| &line[19..]).collect();
    assert_eq!(cut, lines[lines.len() - 5..]);
    let shown = last.stderr.lines().next().unwrap();
    assert!(shown.starts_with("shown 5 of "), "{shown}");
    let filtered = observe_file(&file, &["--last", "1", "--verdict", "DROPPED"]);
    let shown = filtered.stderr.lines().next().unwrap();
    assert!(
        shown.starts_with("shown 1 of ") && shown.contains(" that match, "),
        "{shown}"
    );
    let silent = observe_file(&file, &["--last", "1", "-s"]);
    assert_eq!((silent.stdout.lines().count(), &*silent.stderr), (1, ""));
}

#[test]
fn the_times_of_a_recording_are_those_of_its_reading() {
    let dir = TestDir::new();
    let file = dir.write("simulated.rec", simulated_frames(200));
    let count = |args: &[&str]| observe_file(&file, args).stdout.lines().count();
    let all = count(&[]);
    assert!(all > 100);
    assert_eq!(count(&["--since", "1h"]), all);
    assert_eq!(count(&["--since", "-1h"]), 0);
    assert_eq!(count(&["--until", "1h"]), 0);
    assert_eq!(count(&["--since", "2020-01-01", "--until", "-1h"]), all);
}

#[test]
fn a_recording_can_be_read_from_standard_input() {
    let frames = simulated_frames(500);
    let halves = frames.split_at(frames.len() / 2);
    let output = tidegate_with_stdin(
        &["observe", "--input-file", "-", "-o", "jsonpb"],
        &[halves.0, halves.1],
    );
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let objects: Vec<Value> = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(objects.len() > 200);
    assert!(
        objects
            .iter()
            .all(|object| object["flow"].is_object() || object["lost_events"].is_object())
    );
}

#[test]
fn agent_events_and_debug_events_are_printed_by_subcommands() {
    let dir = TestDir::new();
    let file = dir.write("simulated.rec", simulated_frames(2_000));
    let observe = |what: &str, args: &[&str]| {
        let file = file.to_str().unwrap();
        tidegate(&[&["observe", what, "--input-file", file], args].concat()).stdout
    };
    let agent = observe("agent-events", &["--last", "2", "-o", "table"]);
    assert!(agent.starts_with("TIMESTAMP "), "{agent}");
    assert_eq!(agent.lines().count(), 3);
    let debug = observe("debug-events", &["--first", "1"]);
    assert!(debug.contains(" MARK: 0x"), "{debug}");
    let flows = observe("flows", &["--first", "3", "--protocol", "udp"]);
    assert_eq!(flows.lines().count(), 3);
}

/// Arguments, and a part of the error.
type Case<'a> = (&'a [&'a str], &'a str);

#[test]
fn wrong_arguments_are_refused_with_a_reason() {
    let dir = TestDir::new();
    let file = dir.write("simulated.rec", simulated_frames(10));
    let cases: [Case<'_>; 10] = [
        (&["--not"], "trailing --not found in the arguments"),
        (&["--verdict", "GONE"], "invalid argument \"GONE\""),
        (&["--http-path", "["], "invalid http path filter"),
        (&["--last", "-1"], "invalid value '-1' for '--last <N>'"),
        (&["--first", "-1"], "invalid value '-1' for '--first <N>'"),
        (&["--pod", "a/", "--from-pod", "b/"], "cannot be combined"),
        (&["--first", "1", "--last", "1"], "cannot set both"),
        (&["--since", "x"], "failed to parse the since time"),
        (&["-o", "xml"], "[possible values: compact, dict,"),
        (
            &["-o", "table", "-f"],
            "table output format is not compatible with follow mode",
        ),
    ];
    for (args, expected) in cases {
        let output = observe_file(&file, args);
        assert_eq!(output.code, Some(2), "{args:?}: {}", output.stderr);
        assert!(
            output.stderr.contains(expected),
            "{args:?}: {}",
            output.stderr
        );
    }
}

#[test]
fn a_file_that_is_no_recording_or_is_cut_is_refused_after_its_flows() {
    let dir = TestDir::new();
    let whole = simulated_frames(100);
    let cut = dir.write("cut.rec", &whole[..whole.len() - 1]);
    let json = dir.write("flows.json", "{\"flow\":{}}\n");
    let noise = dir.write("noise.rec", [0xff; 300]);
    for (file, expected) in [
        (&dir.path("missing.rec"), "cannot open the recording"),
        (&cut, "ends inside the frame that begins at byte"),
        (&json, "`hubble observe --input-file` reads it"),
        (&noise, "is not a monitor stream from byte 0 on"),
    ] {
        let output = observe_file(file, &[]);
        assert_eq!(output.code, Some(1), "{}", output.stderr);
        assert!(output.stderr.contains(expected), "{}", output.stderr);
    }
    let output = observe_file(&cut, &["--last", "1"]);
    assert_eq!(output.stdout.lines().count(), 1, "what is whole is printed");
    let empty = observe_file(&dir.write("empty.rec", ""), &[]);
    assert_eq!(
        (empty.code, &*empty.stdout, &*empty.stderr),
        (Some(0), "", "")
    );
}

#[test]
fn frames_that_cannot_be_read_are_reported_in_one_line() {
    let dir = TestDir::new();
    let output = observe_file(&real_recording(&dir), &[]);
    assert_eq!(
        output.stderr,
        "lost or unreadable events: 6 in processors.l34_flow of pipeline flows (unreadable: ipv4_bad_length \
         4, ipv4_too_short 2)\n"
    );
}

#[test]
fn a_closed_output_ends_the_verb() {
    let dir = TestDir::new();
    let file = dir.write("simulated.rec", simulated_frames(5_000));
    for format in ["compact", "table"] {
        let file = file.to_str().unwrap();
        let args = ["observe", "--input-file", file, "-o", format];
        let output = tidegate_with_closed_stdout(&args);
        assert_eq!(output.code, Some(0), "{format}: {}", output.stderr);
        assert!(
            !output.stderr.contains("error"),
            "{format}: {}",
            output.stderr
        );
    }
}

#[test]
fn a_recording_that_grows_is_followed_from_its_last_flows() {
    let dir = TestDir::new();
    let frames = simulated_frames(400);
    let begin = simulated_frames(200).len();
    let file = dir.write("growing.rec", &frames[..begin]);
    let mut agent = Agent::start(&[
        "observe".as_ref(),
        "--input-file".as_ref(),
        file.as_os_str(),
        "--follow".as_ref(),
        "--last".as_ref(),
        "3".as_ref(),
        "--type".as_ref(),
        "trace".as_ref(),
    ]);
    let mut lines = BufReader::new(agent.take_stdout()).lines();
    assert_eq!(lines.by_ref().take(3).count(), 3);
    let mut growing = OpenOptions::new().append(true).open(&file).unwrap();
    growing.write_all(&frames[begin..]).unwrap();
    assert_eq!(lines.by_ref().take(50).count(), 50);
    agent.send_signal("INT");
    let output = agent.wait_without_reading_stdout();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
}

#[test]
fn a_followed_recording_that_is_truncated_is_an_error() {
    let dir = TestDir::new();
    let file = dir.write("truncated.rec", simulated_frames(200));
    let mut agent = Agent::start(&[
        "observe".as_ref(),
        "--input-file".as_ref(),
        file.as_os_str(),
        "--follow".as_ref(),
    ]);
    let mut lines = BufReader::new(agent.take_stdout()).lines();
    assert_eq!(lines.by_ref().take(50).count(), 50);
    fs::write(&file, simulated_frames(10)).unwrap();
    let output = agent.wait_without_reading_stdout();
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    assert!(
        output.stderr.contains("it was truncated to "),
        "{}",
        output.stderr
    );
}

/// Holding all flows would take twice the memory.
#[test]
fn only_the_last_flows_of_a_long_recording_are_held() {
    let dir = TestDir::new();
    let file = dir.write("long.rec", simulated_frames(25_000).repeat(6));
    let mut agent = Agent::start(&[
        "observe".as_ref(),
        "--input-file".as_ref(),
        file.as_os_str(),
        "--follow".as_ref(),
        "--last".as_ref(),
        "10".as_ref(),
    ]);
    let mut lines = BufReader::new(agent.take_stdout()).lines();
    assert_eq!(lines.by_ref().take(10).count(), 10);
    let peak = agent.peak_memory_kib();
    assert!(peak < 64 << 10, "{peak} KiB");
    agent.send_signal("TERM");
    assert_eq!(agent.wait_without_reading_stdout().code, Some(0));
}

#[test]
fn raw_filters_are_printed_as_by_hubbles_cli() {
    let args = [
        "observe",
        "--print-raw-filters",
        "--pod",
        "shop/cart",
        "--http-path",
        "it's",
        "--not",
        "--verdict",
        "DROPPED",
    ];
    let expected = "allowlist:\n\
         \x20   - '{\"source_pod\":[\"shop/cart\"],\"http_path\":[\"it''s\"]}'\n\
         \x20   - '{\"destination_pod\":[\"shop/cart\"],\"http_path\":[\"it''s\"]}'\n\
         denylist:\n\
         \x20   - '{\"verdict\":[\"DROPPED\"]}'\n";
    assert_eq!(tidegate(&args).stdout, expected);
    assert_eq!(tidegate(&args[..2]).stdout, "{}\n");
}
